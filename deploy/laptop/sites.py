"""Make a complete site of this clone: facts, secrets, bare repository with the hooks, folders."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from laptop import facts, ports, secrets_file
from laptop.console import run_logged
from laptop.daemons import clean_environment
from laptop.errors import LaptopError
from laptop.layout import SITES, Clone, own_folder
from pipeline.site import Site

HOOKS = ("pre-receive", "update", "post-receive")
RECEIVE = {
    "receive.advertisePushOptions": "true",
    "receive.fsckObjects": "true",
    "receive.denyDeletes": "true",
    "receive.denyNonFastForwards": "true",
    "receive.hideRefs": "refs/deploys",
    "receive.autogc": "false",  # the pipeline prunes; a push never waits for it
    "uploadpack.allowAnySHA1InWant": "true",  # a further host fetches exactly what is live
    "core.logAllRefUpdates": "true",
    "core.fsync": "committed,loose-object,reference",  # a push that was told it is kept stays so
}
PLACES = (
    "releases",
    "cache",
    "static",
    "media",
    "mounts",
    "data",
    "backups",
    "jobs",
    "run",
    "vassals",
    "logs",
)
MANAGE = """\
#!/bin/sh
# Run a management command on the live release of this site: bin/manage COMMAND …
root={root}
live=$(readlink -f "$root/live")
if [ ! -d "$live/deploy" ]; then
    echo "No release of this site is live yet. Type: make up" >&2
    exit 1
fi
PYTHONPATH="$live/deploy" PYTHONDONTWRITEBYTECODE=1 \\
    exec {python} -m pipeline manage --site "$root/site.toml" -- "$@"
"""


def ensure(clone: Clone, name: str) -> Site:
    """Make or complete the site; what is there already stays as it is."""
    root = own_folder(clone.site_root(name))
    if not clone.site_file(name).exists():
        facts.write(clone.site_file(name), first_facts(clone, name))
    site = clone.site(name)
    for place in PLACES:
        own_folder(site.folder(place))
    secrets_file.ensure(site.folder("secrets"))
    _repository(clone, site)
    _bootstrap(clone, site)
    _manage(root)
    return site


def first_facts(clone: Clone, name: str) -> dict[str, Any]:
    """Return what stands in the site's file, or the facts of a new site on a free port."""
    if clone.site_file(name).exists():
        return own_facts(clone.site(name))
    port = ports.choose(ports.first(name), ports_taken(clone))
    return facts.first(name, port, clone.run_folder(name))


def _repository(clone: Clone, site: Site) -> None:
    repository, env = site.repository, clean_environment()
    if not (repository / "HEAD").exists():
        start = ["git", "init", "-q", "--bare", f"--initial-branch={site.branch}", str(repository)]
        run_logged(start, clone.log, env=env)
    settings = RECEIVE | {"studium.site": str(site.file)}
    for key, value in settings.items():
        if _config(repository, key) != value:
            run_logged(["git", "-C", str(repository), "config", key, value], clone.log, env=env)
    for hook in HOOKS:
        _copy_if_changed(clone.root / "deploy" / "hooks" / hook, repository / "hooks" / hook)


def _config(repository: Path, key: str) -> str:
    ask = ["git", "-C", str(repository), "config", "--get", key]
    return subprocess.run(
        ask, check=False, capture_output=True, text=True, env=clean_environment()
    ).stdout.strip()


def _copy_if_changed(source: Path, target: Path) -> None:
    content = source.read_bytes()
    if not target.exists() or target.read_bytes() != content:
        draft = target.with_name(f".{target.name}")
        draft.write_bytes(content)
        draft.chmod(0o755)
        draft.replace(target)


def _bootstrap(clone: Clone, site: Site) -> None:
    """Copy the pipeline that receives the first push; later ones meet the live release's."""
    if site.live_release():
        return
    target = site.folder("bootstrap")
    shutil.rmtree(target, ignore_errors=True)
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(clone.root / "deploy", target, ignore=leave_out)


def _manage(root: Path) -> None:
    program = own_folder(root / "bin") / "manage"
    text = MANAGE.format(root=_quoted(str(root)), python=_quoted(sys.executable))
    if not program.exists() or program.read_text() != text:
        program.write_text(text)
        program.chmod(0o755)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def port_of(site: Site) -> int:
    port = urlsplit(site.url).port
    if port is None:
        raise LaptopError(
            f"{site.file}: the url {site.url!r} names no port, such as http://127.0.0.1:8001."
        )
    return port


def ports_taken(clone: Clone) -> set[int]:
    return {port_of(site) for site in clone.sites()}


def move_to_free_port(clone: Clone, site: Site) -> Site:
    """Choose another port for a site whose own somebody else is using; write it down."""
    return move(clone, site, ports.choose(port_of(site), ports_taken(clone)))


def move(clone: Clone, site: Site, port: int) -> Site:
    """Write down another port for a site."""
    given = own_facts(site)
    given["url"] = f"http://127.0.0.1:{port}"
    facts.write(site.file, given)
    return clone.site(site.name)


def own_facts(site: Site) -> dict[str, Any]:
    """Return what stands in the site's file, without the values of the example."""
    return tomllib.loads(site.file.read_text())


def manage(site: Site, *words: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a management command on the live release."""
    command = [str(site.root / "bin" / "manage"), *words]
    return subprocess.run(
        command, check=False, text=True, capture_output=capture, env=clean_environment()
    )


def all_of(clone: Clone) -> list[Site]:
    """Make or complete every site of the clone."""
    os.umask(0o027)
    return [ensure(clone, name) for name in SITES]
