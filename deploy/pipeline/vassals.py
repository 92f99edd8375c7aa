"""The web server's side of a release: its vassal file, its socket, its start and its end."""

import itertools
import os
import re
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline import lock, processes, releases
from pipeline.errors import Unhealthy
from pipeline.files import point, write_whole
from pipeline.receive import emperor
from pipeline.releases import Release
from pipeline.runner import last_lines
from pipeline.site import Site

LOOK_S = 0.02
UNSEEN_S = 1.0
QUIET_S, QUIET_LIMIT_S = 0.4, 4.0  # a busy machine writes in jerks


def instance(site: Site, release_id: str) -> str:
    """Return the name under which the release runs or ran last.

    A release that is started again while its former processes still end their requests runs under
    a name of its own: the emperor would take the old name for the instance that is ending.
    """
    running = list(site.vassals.glob(f"{release_id}*.ini"))
    return max(running, key=_age).stem if running else release_id


def _age(file: Path) -> int:
    """Return when the file was written; one that has just been taken away counts as the oldest."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _new_instance(site: Site, release_id: str) -> str:
    names = (f"{release_id}~{count}" if count else release_id for count in itertools.count())
    return next(name for name in names if not (site.run / f"{name}.sock").exists())


def is_started(site: Site, release_id: str) -> bool:
    return file(site, release_id).exists()


def file(site: Site, release_id: str) -> Path:
    return site.vassals / f"{instance(site, release_id)}.ini"


def socket(site: Site, release_id: str) -> Path:
    return site.run / f"{instance(site, release_id)}.sock"


def ready_file(site: Site, release_id: str) -> Path:
    return site.run / f"{instance(site, release_id)}.ready"


def log_file(site: Site, release_id: str) -> Path:
    return site.logs / f"{release_id}.log"


def text(site: Site, release: Release, name: str) -> str:
    """Return the vassal file: physical paths, so that nothing changes under a running release."""
    web = site.facts["web"]
    settings = {
        "strict": "true",
        "master": "true",
        "need-app": "true",
        "single-interpreter": "true",
        "die-on-term": "true",
        "vacuum": "true",
        "no-orphans": "true",
        "enable-threads": "true",
        "chdir": release.folder / "app",
        "virtualenv": release.environment,
        "pythonpath": release.folder / "app",
        "module": "config.wsgi",
        "socket": site.run / f"{name}.sock",
        "umask": "027",
        "chmod-socket": "660",
        "processes": web["processes"],
        "threads": web["threads"],
        "listen": web["listen"],
        "buffer-size": web["buffer_size"],
        "harakiri": web["harakiri_s"],
        "max-requests": 5000,
        "max-requests-delta": 500,
        "reload-on-rss": 1024,
        "worker-reload-mercy": site.facts["release"]["end_s"],
        "logto2": log_file(site, release.id),
        "log-maxsize": 20_000_000,
        "log-date": "%%Y-%%m-%%dT%%H:%%M:%%S",
        "disable-logging": "true",  # paths may hold one-time links; the application logs without
        "procname-prefix-spaced": f"{site.name} {release.commit[:12]}",
        "hook-accepting1-once": f"write:{site.run / name}.ready {release.id}",
    }
    if web[
        "socket_owner"
    ]:  # nginx may connect; to all others the folder gives no more than its way
        settings["chown-socket"] = web["socket_owner"]
    lines = [f"{name} = {value}" for name, value in settings.items()]
    lines += [f"env = {name}={value}" for name, value in release.variables(site).items()]
    return "[uwsgi]\n" + "\n".join(lines) + "\n"


def start(site: Site, release: Release) -> None:
    """Let the emperor start the release, and wait until it listens."""
    wait_until_ready(site, release, launch(site, release))


@dataclass(frozen=True)
class Said:
    """Where the logs ended before a release was started; what stood there before is old news."""

    release: int
    emperor: int


def said(site: Site, release: Release) -> Said:
    return Said(_length(log_file(site, release.id)), _length(site.emperor_log))


def launch(site: Site, release: Release) -> Said:
    """Let the emperor start the release; return where the logs ended before."""
    said_before = said(site, release)
    name = _new_instance(site, release.id)
    (site.run / f"{name}.ready").unlink(missing_ok=True)
    log_file(site, release.id).parent.mkdir(parents=True, exist_ok=True)
    write_whole(site.vassals / f"{name}.ini", text(site, release, name))
    _wake_emperor(site)
    return said_before


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def wait_until_ready(site: Site, release: Release, said_before: Said) -> None:
    limit_s = float(site.facts["release"]["boot_s"])
    deadline = time.monotonic() + limit_s
    while not ready_file(site, release.id).exists():
        fault = _fault(site, release, said_before)
        if fault or time.monotonic() > deadline:
            raise Unhealthy(
                (fault or f"The release does not listen after {limit_s:g} s (release.boot_s).")
                + "\n"
                + logs(site, release.id, said_before.emperor)
            )
        time.sleep(LOOK_S)


def _fault(site: Site, release: Release, since: Said) -> str | None:
    """Return why the release will never listen, as soon as the logs say so."""
    told = _read(log_file(site, release.id), since.release)
    told += _read(site.emperor_log, since.emperor)
    if "no app loaded. GAME OVER" in told or "unable to load app" in told:
        return "The release does not load."
    if not emperor(site):
        return "The web server's emperor is not running."
    if f"[emperor] curse the uwsgi instance {release.id}" in told:
        return "The web server gave the release up."
    return None


def logs(site: Site, release_id: str, emperor_since: int = 0) -> str:
    """Return the last lines of the release's log and of the emperor's."""
    _wait_until_quiet(log_file(site, release_id))
    own = _read(log_file(site, release_id))
    return (
        f"Last lines of the release:\n{last_lines(own) or '  | (none)'}\n"
        f"Last lines of the emperor:\n{last_lines(_read(site.emperor_log, emperor_since), 8)}"
    )


def _wait_until_quiet(log: Path) -> None:
    """Let a traceback come to its end, which says most: it may be written after the answer."""
    end, length = time.monotonic() + QUIET_LIMIT_S, -1
    while (length != _length(log) or _within_a_traceback(log)) and time.monotonic() < end:
        length = _length(log)
        time.sleep(QUIET_S)


def _within_a_traceback(log: Path) -> bool:
    """Tell whether the last line is indented: the line that names the error is still to come."""
    return _read(log).rpartition("\n")[0].rpartition("\n")[2].startswith("  ")


def _read(path: Path, since: int = 0) -> str:
    try:
        with path.open(errors="replace") as log:
            log.seek(max(since, path.stat().st_size - 64_000))
            return log.read()
    except FileNotFoundError:
        return ""


def _wake_emperor(site: Site) -> None:
    """Spare the wait for the emperor's next look; without the right to, it looks by itself."""
    process = emperor(site)
    if process:
        with suppress(PermissionError, ProcessLookupError):
            os.kill(process.pid, signal.SIGWINCH)


def switch(site: Site, release_id: str) -> None:
    """Let all new connections reach the release, from one instant to the next."""
    point(site.live_socket, socket(site, release_id).name)


def serving(site: Site) -> str | None:
    """Return the id of the release that new connections reach."""
    if not site.live_socket.is_symlink():
        return None
    return site.live_socket.readlink().name.removesuffix(".sock").partition("~")[0]


def is_served(site: Site, release_id: str) -> bool:
    """Say whether new connections reach an instance of the release that the emperor runs."""
    if serving(site) != release_id:
        return False
    return (site.vassals / f"{site.live_socket.readlink().stem}.ini").exists()


def end_doubles(site: Site, release_id: str) -> None:
    """End the instances of the live release that new connections do not reach."""
    served = site.live_socket.readlink().stem
    for one in site.vassals.glob(f"{release_id}*.ini"):
        if one.stem != served:
            one.unlink(missing_ok=True)


def forget(site: Site, release_id: str) -> None:
    """Remove what a release that has ended, perhaps by kill -9, has left among the sockets."""
    own = releases.lock_file(site, release_id)
    if lock.is_free(own):
        for left in [*site.run.glob(f"{release_id}*"), own]:
            left.unlink(missing_ok=True)


def stop(site: Site, release_id: str) -> None:
    """Let the release finish its requests and end."""
    for one in site.vassals.glob(f"{release_id}*.ini"):
        one.unlink(missing_ok=True)
    _wake_emperor(site)


def end_unseen(site: Site, release_id: str) -> None:
    """End a release that no visitor has met; one that hangs while it starts is not waited for."""
    stop(site, release_id)
    wait_for_end(site, release_id, UNSEEN_S)
    for pid in processes.holding(releases.lock_file(site, release_id)) | processes.running(
        re.compile(rf"{re.escape(release_id)}(~\d+)?\.ini")
    ):
        with suppress(PermissionError, ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for_end(site, release_id, UNSEEN_S)


def wait_for_end(site: Site, release_id: str, limit_s: float) -> bool:
    """Say whether no process of the release is alive, after at most ``limit_s``."""
    deadline = time.monotonic() + limit_s
    while not lock.is_free(releases.lock_file(site, release_id)):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_S)
    return True
