"""The commands that reach a site: `fab --list` names them, docs/operations/targets.md explains.

Thin on purpose: what a release is, only deploy/pipeline knows. Here a name becomes a site, a site
becomes the place where its pipeline runs, and the exit code is the verdict.
"""

import inspect
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from fabric import Connection, task
from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from paramiko import RejectPolicy, SSHException

PROJECT = Path(__file__).resolve().parent
sys.path.insert(0, str(PROJECT / "deploy"))

from pipeline import site as sites  # noqa: E402  found by the line above
from pipeline.errors import SiteInvalid  # noqa: E402

USUAL = ("staging", "production")  # named by `fab --list` before `make up` has built them
WRONG_USE = 2  # exit code for what was asked wrongly; 1 means that a site refused
HELP = {
    "site": "the site's name, as its site.toml says",
    "ref": "the commit to push (default: the local branch of the site's name, else HEAD)",
    "option": "a push option with its reason, name=reason; may be repeated",
    "to": "the id of a kept release, as `fab log:SITE` prints it",
    "yes": "do not ask",
    "dry_run": "only print the commands",
    "json": "print JSON",
    "mode": "on, off or no-upload",
    "message": "what visitors read meanwhile",
    "command": "the command and its words, in quotes",
}


# --- sites ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Target:
    """A site and the place where its pipeline runs: this machine, or a host reached by ssh."""

    site: sites.Site

    @property
    def ssh(self) -> str:
        return str(self.site.facts["reach"]["ssh"])

    @property
    def file(self) -> PurePosixPath:
        """Return the path of site.toml over there."""
        given = str(self.site.facts["reach"]["site_file"])
        if self.ssh and not given.startswith("/"):
            raise Exit(
                f"{self.site.file}: reach.ssh is set, so reach.site_file must be the absolute path "
                f"of site.toml on {self.ssh}, not {given!r}.",
                WRONG_USE,
            )
        return PurePosixPath(given if self.ssh else str(self.site.file))

    @property
    def remote(self) -> str:
        return str(self.site.facts["reach"]["remote"])

    @property
    def repository(self) -> str:
        """Return the address that git pushes to."""
        folder = self.file.parent / str(self.site.facts["folders"]["repository"])
        return f"{self.ssh}:{folder}" if self.ssh else str(folder)

    def pipeline(self, verb: str, *words: str) -> list[str]:
        """Return the command that asks the site's own pipeline: the live one, else the first."""
        root = self.file.parent
        first = root / str(self.site.facts["folders"]["bootstrap"])
        path = f"PYTHONPATH={root / 'live' / 'deploy'}:{first}"
        run = ["env", path, "python3", "-B", "-m", "pipeline", verb, "--site", str(self.file)]
        return run + list(words)

    def __str__(self) -> str:
        return f"{self.site.name} ({self.ssh or self.file.parent})"


def site_files() -> list[Path]:
    """Return the sites that `make up` built here and those whose facts lie in sites/."""
    return sorted([*PROJECT.glob(".studium/*/site.toml"), *PROJECT.glob("sites/*.toml")])


def name_of(file: Path) -> str:
    """Return what a file calls its site, even when something else in it is wrong."""
    usual = file.parent.name if file.name == "site.toml" else file.stem
    try:
        return str(tomllib.loads(file.read_text()).get("name", usual))
    except (OSError, ValueError):
        return usual


def find(name: str) -> Target:
    """Return the site of that name, or end with what to do instead."""
    files = [file for file in site_files() if name_of(file) == name]
    if not files:
        raise Exit(unknown_site(name), WRONG_USE)
    if len(files) > 1:
        both = " and ".join(str(file.relative_to(PROJECT)) for file in files)
        raise Exit(f"{both} are both called {name!r}. Change `name` in one of them.", WRONG_USE)
    try:
        return Target(sites.load(files[0], is_here=False))
    except SiteInvalid as error:
        raise Exit(str(error), WRONG_USE) from None


def unknown_site(name: str) -> str:
    known = ", ".join(sorted({name_of(file) for file in site_files()}))
    if not known:
        return (
            f"There is no site {name!r}; no site is known yet. `make up` builds staging and "
            "production on this machine; the facts of a server belong in sites/NAME.toml "
            "(see deploy/site.example.toml)."
        )
    return f"There is no site {name!r}. There are: {known}. A new one is a file sites/NAME.toml."


# --- where commands run ---------------------------------------------------------------------------
class Runner(Protocol):
    """Runs one command, lets its output through, and returns its exit code."""

    def run(self, command: Sequence[str]) -> int: ...


class Here:
    """On our own machine."""

    def run(self, command: Sequence[str]) -> int:
        return subprocess.run(command, cwd=PROJECT, check=False).returncode


@dataclass(frozen=True)
class There:
    """On a host, by ssh."""

    host: str

    def run(self, command: Sequence[str]) -> int:
        person = sys.stdin.isatty()
        with reaching(self.host), Connection(self.host, connect_timeout=20) as connection:
            connection.client.load_system_host_keys()
            connection.client.set_missing_host_key_policy(RejectPolicy())  # as ssh itself would ask
            line, typed = shlex.join(command), None if person else False
            ended = connection.run(line, warn=True, pty=person, in_stream=typed)
        return int(ended.exited)


@dataclass(frozen=True)
class Printed:
    """Nowhere: the command is only shown, as one could type it."""

    host: str = ""

    def run(self, command: Sequence[str]) -> int:
        line = shlex.join(command)
        print(shlex.join(["ssh", self.host, line]) if self.host else line)
        return 0


@contextmanager
def reaching(host: str) -> Iterator[None]:
    try:
        yield
    except (SSHException, OSError, EOFError) as error:
        raise Exit(
            f"{host} cannot be reached, or was lost: {error or type(error).__name__}. `ssh {host}` "
            "shows which, and the key of an unknown host; `fab status:SITE` says what is live.",
        ) from None


def here(*, dry_run: bool) -> Runner:
    return Printed() if dry_run else Here()


def at(target: Target, *, dry_run: bool) -> Runner:
    if dry_run:
        return Printed(target.ssh)
    return There(target.ssh) if target.ssh else Here()


def finish_with(code: int) -> None:
    """End `fab` with the verdict, so that a later task on the same line is not run either."""
    if code:
        raise Exit(code=code)


def ask(site: str, words: Sequence[str], *, dry_run: bool) -> None:
    """Let the site's pipeline do ``words`` and end with its verdict."""
    target = find(site)
    command = target.pipeline(*words)
    finish_with(at(target, dry_run=dry_run).run(command))


# --- what git knows -------------------------------------------------------------------------------
def git(*words: str) -> str:
    """Return what git answers in this checkout; nothing when it has no answer."""
    command = ["git", "-C", str(PROJECT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def commit_to_push(branch: str, ref: str | None) -> tuple[str, str]:
    """Return the commit and the name by which it was chosen."""
    chosen = ref or (
        branch if git("rev-parse", "--verify", "-q", f"refs/heads/{branch}") else "HEAD"
    )
    commit = git("rev-parse", "--verify", "--quiet", f"{chosen}^{{commit}}")
    if not commit:
        raise Exit(f"This checkout has no commit {chosen!r}. `git log --oneline --all`", WRONG_USE)
    return commit, chosen


def say_what_goes(target: Target, commit: str, chosen: str) -> None:
    """Say which commit goes where, and what does not go with it."""
    print(f"{chosen} {git('log', '-1', '--format=%h %s', commit)} → {target}")
    ahead = git("rev-list", "--count", f"{commit}..HEAD")
    if ahead not in {"", "0"}:
        print(f"HEAD has {ahead} commits more; --ref=HEAD would push them too.")
    if git("status", "--porcelain", "--untracked-files=no"):
        print("What is not committed stays here.")


def remote_for(target: Target) -> str:
    """Return the remote's name when `fab remotes` has added it, else its address."""
    known = git("remote", "get-url", "--push", target.remote)
    return target.remote if known == target.repository else target.repository


# --- verbs: each is a task `verb SITE` and, for every site, a task `verb:SITE` ------------------
def deploy(
    _: Context, site: str, ref: str | None = None, option: Any = None, dry_run: bool = False
) -> None:
    """Push a commit to the site; the push succeeds when the release is live and healthy."""
    target = find(site)
    commit, chosen = commit_to_push(target.site.branch, ref)
    say_what_goes(target, commit, chosen)
    options = [word for given in option or () for word in ("-o", given)]
    push = ["git", "push", *options, remote_for(target), f"{commit}:{target.site.ref}"]
    finish_with(here(dry_run=dry_run).run(push))


def rollback(
    _: Context, site: str, to: str | None = None, yes: bool = False, dry_run: bool = False
) -> None:
    """Go back to a kept release, after saying what that means."""
    target = find(site)
    runner = at(target, dry_run=dry_run)
    words = ["--to", to] if to else []
    finish_with(runner.run(target.pipeline("plan", *words)))
    if not yes and not dry_run:
        confirm(f"Roll {target} back?")
    finish_with(runner.run(target.pipeline("rollback", *words)))


def confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise Exit(f"{question} Nobody is here to answer; add --yes.", WRONG_USE)
    if input(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
        raise Exit("Nothing was changed.", 1)


def status(_: Context, site: str, json: bool = False, dry_run: bool = False) -> None:
    """Say what is live, how it is, and what is pending."""
    ask(site, ["status", *(["--json"] if json else [])], dry_run=dry_run)


def log(_: Context, site: str, json: bool = False, dry_run: bool = False) -> None:
    """Show the ledger: each push and rollback, refused ones too."""
    ask(site, ["log", *(["--json"] if json else [])], dry_run=dry_run)


def plan(_: Context, site: str, to: str | None = None, dry_run: bool = False) -> None:
    """Say what a rollback would do, without doing it."""
    ask(site, ["plan", *(["--to", to] if to else [])], dry_run=dry_run)


def finish(_: Context, site: str, dry_run: bool = False) -> None:
    """Run the late migrations that are pending, and end what an old release left behind."""
    ask(site, ["finish"], dry_run=dry_run)


def manage(_: Context, site: str, command: str, dry_run: bool = False) -> None:
    """Run a management command on the live release: fab manage:staging "check --deploy"."""
    ask(site, ["manage", *shlex.split(command)], dry_run=dry_run)


def maintenance(_: Context, site: str, mode: str, message: str = "", dry_run: bool = False) -> None:
    """Switch maintenance on, off, or to no-upload; nothing is reloaded."""
    if mode not in {"on", "off", "no-upload"}:
        raise Exit(f"There is no mode {mode!r}. There are: on, off, no-upload.", WRONG_USE)
    said = ["--message", message] if message else []
    ask(site, ["maintenance", mode, *said], dry_run=dry_run)


def remotes(_: Context, dry_run: bool = False) -> None:
    """Add a git remote for each site, so that `git push pn-staging staging` works."""
    for file in site_files():
        target = find(name_of(file))
        known = git("remote", "get-url", "--push", target.remote)
        if known != target.repository:
            verb = "set-url" if known else "add"
            command = ["git", "remote", verb, target.remote, target.repository]
            finish_with(here(dry_run=dry_run).run(command))
        print(f"git push {target.remote} {target.site.branch}   # {target}")
    if not site_files():
        raise Exit(unknown_site("staging"), WRONG_USE)


# --- names ----------------------------------------------------------------------------------------
VERBS: dict[Callable[..., None], tuple[str, ...]] = {
    deploy: (),
    rollback: (),
    status: (),
    log: (),
    plan: (),
    finish: (),
    manage: ("command",),
    maintenance: ("mode",),
}


def for_site(verb: Callable[..., None], site: str) -> Callable[..., None]:
    """Return the verb with its site filled in; fabric reads its options from the signature."""

    def filled(context: Context, **options: Any) -> None:
        verb(context, site=site, **options)

    whole = inspect.signature(verb)
    others = [each for each in whole.parameters.values() if each.name != "site"]
    vars(filled)["__signature__"] = whole.replace(parameters=others)
    filled.__doc__ = verb.__doc__
    return filled


def add(names: Collection, body: Callable[..., None], name: str, words: Sequence[str]) -> None:
    known = inspect.signature(body).parameters
    names.add_task(
        task(
            body,
            name=name,
            positional=list(words),
            iterable=["option"] if "option" in known else [],
            help={key: text for key, text in HELP.items() if key in known},
        )
    )


def collection() -> Collection:
    names = Collection()
    add(names, remotes, "remotes", ())
    for verb, words in VERBS.items():
        add(names, verb, verb.__name__, ("site", *words))
        for site in sorted({*USUAL, *map(name_of, site_files())}):
            add(names, for_site(verb, site), f"{verb.__name__}:{site}", words)
    return names


def refuse_unknown(arguments: Sequence[str]) -> None:
    """End with the list where fabric would only say "No idea what 'deploy:stagign' is!"."""
    verbs = {verb.__name__ for verb in VERBS}
    for word in arguments:
        verb, colon, site = word.partition(":")
        if colon and verb in verbs and re.fullmatch(r"\S*", site) and site not in known_sites():
            raise Exit(colon_help(verb, site), WRONG_USE)


def known_sites() -> set[str]:
    return {*USUAL, *map(name_of, site_files())}


def colon_help(verb: str, site: str) -> str:
    if "=" in site or "," in site:
        return f"Options follow as words: fab {verb} SITE --option=…; fab {verb} --help lists them."
    return unknown_site(site)


if Path(sys.argv[0]).name == "fab":
    refuse_unknown(sys.argv[1:])
ns = collection()
