"""The emperor of a site: it runs the web processes of its releases."""

from laptop import server
from laptop.daemons import Daemon
from laptop.layout import Clone
from pipeline.site import Site

INI = "deploy/server/etc/uwsgi/emperor.ini"


def daemon(clone: Clone, site: Site) -> Daemon:
    ini = site.root / "emperor.ini"
    return Daemon(
        name=f"emperor of {site.name}",
        argv=[str(server.program(clone)), *_placeholders(site), "--ini", str(ini)],
        pid_file=site.emperor_pid,
        marker=f"vassals={site.vassals} ",
        log=site.emperor_log,
    )


def _placeholders(site: Site) -> list[str]:
    values = {
        "vassals": site.vassals,
        "pid": site.emperor_pid,
        "log": site.emperor_log,
        "tolerance": site.facts["release"]["end_s"],
    }
    return [
        word for name, value in values.items() for word in ("--set-placeholder", f"{name}={value}")
    ]


def prepare(clone: Clone, site: Site) -> None:
    """Copy the file, so that a checkout of another commit changes nothing that runs."""
    (site.root / "emperor.ini").write_bytes((clone.root / INI).read_bytes())
