"""The front of both sites: Debian's nginx, unprivileged, with a prefix of its own on loopback.

The locations are the servers' own files (deploy/server/etc/nginx/studium); what a laptop adds is
the main file with its paths and ports. A release never touches or reloads it.
"""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from laptop import packages
from laptop.daemons import Daemon, end, is_ours
from laptop.errors import LaptopError, StepFailed
from laptop.layout import Clone, own_folder
from laptop.sites import port_of
from pipeline.site import Site

WORKER = ("nginx: worker",)
SHARED = "deploy/server/etc/nginx/studium"
PAGES = "deploy/server/usr/local/share/studium/pages"
PAGE = Path(__file__).with_name("not_running.html")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")

MAIN = """\
# Written by `make up`; the folder studium/ beside it is the servers' own.
{user}daemon off;
worker_processes 2;
worker_rlimit_nofile 4096;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{
    worker_connections 1024;
}}
http {{
    include studium/http.conf;
    access_log {folder}/access.log studium;
{temporary}
{servers}
}}
"""
SERVER = """\
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        server_name {names};
        set $studium_site "{name}";
        set $studium_socket "{socket}";
        set $studium_static "{static}";
        set $studium_media "{media}";
        set $studium_mounts "{mounts}";
        set $studium_pages "{pages}";
        include studium/site.conf;
    }}
"""


def configuration(folder: Path, sites: Sequence[Site], *, root: bool) -> str:
    """Return nginx's main file for these sites."""
    temporary = "".join(f"    {name}_temp_path {folder}/temp/{name};\n" for name in TEMPORARY)
    return MAIN.format(
        user="user root;\n" if root else "",
        folder=_path(folder),
        temporary=temporary,
        servers="".join(_server(folder, site) for site in sites),
    )


def _server(folder: Path, site: Site) -> str:
    return SERVER.format(
        port=port_of(site),
        names=" ".join(site.facts["hosts"]),
        name=site.name,
        socket=_path(site.live_socket),
        static=_path(site.folder("static").resolve()),
        media=_path(site.folder("media").resolve()),
        mounts=_path(site.folder("mounts").resolve()),
        pages=_path(folder / "pages" / site.name),
    )


def _path(path: Path) -> str:
    """Return the path as nginx may read it; refuse the few characters that it would misread."""
    if bad := set(str(path)) & set("\"'\\$;{} \t\n#"):
        raise LaptopError(
            f"nginx cannot serve from {path}: the path holds {min(bad)!r}. "
            "Clone Studium to a folder with a plain name."
        )
    return str(path)


def prepare(clone: Clone, sites: Sequence[Site]) -> bool:
    """Write the front's folder; say whether anything differs from before."""
    folder = own_folder(clone.front)
    for part in ("temp", "studium", "pages"):
        own_folder(folder / part)
    shared = sorted((clone.root / SHARED).glob("*.conf"))
    wanted = {folder / "studium" / path.name: path.read_text() for path in shared}
    wanted[folder / "nginx.conf"] = configuration(folder, sites, root=os.geteuid() == 0)
    for site in sites:
        pages = own_folder(folder / "pages" / site.name)
        wanted |= {pages / path.name: path.read_text() for path in shared_pages(clone)}
        wanted[pages / "studium-not-running.html"] = PAGE.read_text().format(name=site.name)
    changed = [
        path for path, text in wanted.items() if not path.exists() or path.read_text() != text
    ]
    for path in changed:
        path.write_text(wanted[path])
    return bool(changed)


def shared_pages(clone: Clone) -> list[Path]:
    return sorted((clone.root / PAGES).glob("*.html"))


def daemon(clone: Clone) -> Daemon:
    return Daemon(
        name="front",
        argv=_nginx(clone),
        pid_file=clone.front / "nginx.pid",
        markers=(f"nginx -p {clone.front} ",),
        log=clone.front / "error.log",
        stop_signal=signal.SIGQUIT,
    )


def _nginx(clone: Clone) -> list[str]:
    program = packages.find("nginx")
    if program is None:
        raise LaptopError(f"nginx is not installed: {packages.install_line(['nginx-light'])}")
    folder = clone.front
    return [
        program,
        "-p",
        str(folder),
        "-e",
        str(folder / "error.log"),
        "-c",
        str(folder / "nginx.conf"),
    ]


def check(clone: Clone) -> None:
    result = subprocess.run(
        [*_nginx(clone), "-t", "-q"], check=False, capture_output=True, text=True
    )
    if result.returncode:
        raise StepFailed(f"nginx refuses its configuration:\n{result.stderr.strip()}")


def orphans(clone: Clone) -> list[int]:
    """Return workers whose master was killed: they keep our ports, and nobody can end them."""
    if daemon(clone).pid() is not None:
        return []
    found = (int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline"))
    return [pid for pid in found if is_ours(pid, WORKER) and _writes_to(pid, clone.front)]


def _writes_to(pid: int, folder: Path) -> bool:
    try:
        names = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return False
    return folder / "error.log" in names


def end_orphans(clone: Clone) -> int:
    """End such workers and return how many there were; nobody can be waiting for them long."""
    found = orphans(clone)
    for pid in found:
        end(pid, WORKER, signal.SIGQUIT, limit_s=5)
    return len(found)


def start(clone: Clone, sites: Sequence[Site]) -> None:
    """Start the front, or let a running one read its files again when they differ."""
    changed = prepare(clone, sites)
    front = daemon(clone)
    pid = front.pid()
    if pid is None:
        check(clone)
        front.start()
    elif changed:
        check(clone)
        os.kill(pid, signal.SIGHUP)
