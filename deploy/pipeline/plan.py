"""Say what a push of a commit would do, before anybody pushes it."""

from pipeline import receive
from pipeline.errors import PipelineError, Refused
from pipeline.git import NOTHING, Repository
from pipeline.site import Site


def lines(site: Site, commit: str) -> list[str]:
    """Return sentences; the commit must be in the site's repository or be what is live."""
    repository = Repository(site.repository)
    wanted = repository.commit_of(commit)
    if wanted == NOTHING:
        raise Refused(f"{site.name} does not have {commit!r} yet; `fab plan:{site.name}` sends it.")
    now = repository.commit_of(site.ref)
    if wanted == now:
        return [f"{site.name} already runs {wanted[:12]}: nothing to do."]
    said = [f"{site.name} would go from {now[:12]} to {wanted[:12]}:"]
    said += [f"  {line}" for line in repository.commits(now, wanted)]
    said += [f"  {repository.diffstat(now, wanted)}"] if now != NOTHING else []
    said += _migrations(repository, now, wanted)
    said += _costs(repository, now, wanted)
    said += _hosts(site)
    return said + _obstacles(site, repository, now, wanted)


def _changed(repository: Repository, old: str, new: str, *paths: str) -> list[str]:
    if old == NOTHING:
        return []
    return repository.git("diff", "--name-status", old, new, "--", *paths).splitlines()


def _migrations(repository: Repository, old: str, new: str) -> list[str]:
    changed = _changed(repository, old, new, "app/*/migrations/*.py")
    added = [line.split()[-1] for line in changed if line.startswith("A")]
    phases = {path: _phase(repository, new, path) for path in added}
    return [f"  migration ({phase}): {path}" for path, phase in phases.items()]


def _phase(repository: Repository, commit: str, path: str) -> str:
    text = repository.git("show", f"{commit}:{path}")
    marked = any(line.strip().replace(" ", "") == "late=True" for line in text.splitlines())
    return "late, after the old release has ended" if marked else "early, before the switch"


def _costs(repository: Repository, old: str, new: str) -> list[str]:
    said = []
    if _changed(repository, old, new, "requirements/deployed.txt"):
        said.append("  new Python packages: the environment is built anew, a minute or two")
    if _changed(repository, old, new, "package-lock.json"):
        said.append("  new browser libraries are fetched")
    if _changed(repository, old, new, "deploy/server"):
        said.append(
            "  deploy/server changed: the host needs ansible-playbook, a push does not do it"
        )
    return said


def _hosts(site: Site) -> list[str]:
    """Name the hosts in their order, where the site has several."""
    order = [f"{one.name} ({one.role})" for one in site.others]
    return [f"  hosts, one after the other: {', '.join([*order, 'this one'])}"] if order else []


def _obstacles(site: Site, repository: Repository, old: str, new: str) -> list[str]:
    try:
        receive.check(site, repository, [receive.Update(old, new, site.ref)])
    except PipelineError as error:
        return [f"  WOULD BE REFUSED: {error}"]
    return ["  would be accepted if it proves healthy"]
