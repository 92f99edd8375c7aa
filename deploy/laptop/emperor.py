"""The emperor of a site: it runs the web processes of its releases."""

import hashlib
from pathlib import Path

from laptop import server
from laptop.console import Console
from laptop.daemons import Daemon
from laptop.layout import Clone
from pipeline.site import Site

GRACE_S = 10.0
INI = "deploy/server/etc/uwsgi/studium/emperor.ini"


def daemon(clone: Clone, site: Site) -> Daemon:
    return Daemon(
        name=f"emperor of {site.name}",
        argv=[str(server.program(clone)), *_placeholders(site), "--ini", str(ini(site))],
        pid_file=site.emperor_pid,
        markers=(f"--set-placeholder vassals={site.vassals} ",),
        log=site.emperor_log,
    )


def _placeholders(site: Site) -> list[str]:
    values = {
        "vassals": site.vassals,
        "pid": site.emperor_pid,
        "log": site.emperor_log,
        "tolerance": site.facts["release"]["end_s"],
        "revision": digest(ini(site)),
    }
    return [
        word for name, value in values.items() for word in ("--set-placeholder", f"{name}={value}")
    ]


def prepare(clone: Clone, site: Site) -> None:
    """Copy the file, so that a checkout of another commit changes nothing that runs."""
    ini(site).write_bytes((clone.root / INI).read_bytes())


def ini(site: Site) -> Path:
    return site.root / "emperor.ini"


def digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def ensure(clone: Clone, site: Site, console: Console) -> None:
    """Let the emperor run; a new one is needed when uWSGI itself or its file has changed."""
    prepare(clone, site)
    running = daemon(clone, site)
    if running.is_outdated():
        with console.step(f"{site.name}: the web server itself has changed; start it anew"):
            running.stop(float(site.facts["release"]["end_s"]) + GRACE_S)
    running.start()
