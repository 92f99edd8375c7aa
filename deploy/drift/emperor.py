"""Restart the emperor while the site goes on answering.

A second web server of the live release, started by a unit of its own, takes the requests meanwhile:
the live socket leads to it, the emperor is restarted and starts its vassals, the socket leads back.
"""

import contextlib
import fcntl
import grp
import os
import re
import socket
import struct
import time
from collections.abc import Iterator

from drift.machine import Machine
from drift.running import EMPEROR, RUN, SITE

BRIDGE = "studium-bridge.service"
RULES = "/run/studium-drift/bridge.ini"
PATIENCE_S = 30.0
DRAIN_S = 2.0  # who has just connected is still served by the one before
OK = b"200"


class CannotRestartError(Exception):
    """The emperor was not restarted, or does not answer; the reason."""


def restart(machine: Machine) -> list[str]:
    """Restart it; return what went wrong."""
    try:
        with _no_release(machine):
            name = machine.look(f"{RUN}/live.sock").target
            if name and machine.look(f"{SITE}/vassals/{_vassal(name)}").kind == "file":
                _with_bridge(machine, name)
            else:
                _restart(machine)
    except (CannotRestartError, OSError) as error:
        return [f"The emperor: {error}"]
    return []


@contextlib.contextmanager
def _no_release(machine: Machine) -> Iterator[None]:
    """Hold the pipeline's lock, so that nobody else moves the live socket."""
    if machine.look(f"{SITE}/deploy.lock").kind != "file":
        yield
        return
    with machine.place(f"{SITE}/deploy.lock") as (here, name):
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CannotRestartError("a release is under way; repair again when it is over") from None
    finally:
        os.close(descriptor)


def _with_bridge(machine: Machine, live: str) -> None:
    bridge = "bridge.sock"
    rules = bridge_rules(machine.text(f"{SITE}/vassals/{_vassal(live)}"), f"{RUN}/{bridge}")
    _write_rules(rules)
    try:
        _call(machine, "start", BRIDGE)
        _wait(machine, bridge)
        _point(machine, bridge)
        time.sleep(DRAIN_S)
        _restart(machine)
        _wait(machine, live)
    finally:
        if _answers(machine, live):
            _point(machine, live)
            time.sleep(DRAIN_S)
            machine.run("systemctl", "stop", BRIDGE)


def _vassal(live: str) -> str:
    return f"{live.removesuffix('.sock')}.ini"


def bridge_rules(vassal: str, path: str) -> str:
    """Return the vassal's own rules, for a server that nobody but its unit starts and ends."""
    kept = [line for line in vassal.splitlines() if not re.match(r"(socket|hook-\S+) = ", line)]
    return "\n".join([*kept, f"socket = {path}", "exit-on-reload = true"]) + "\n"


def _write_rules(text: str) -> None:
    """Let the application's group read them: whoever runs the vassal runs this."""
    draft = f"{RULES}.draft"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o640)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        os.fchown(descriptor, 0, grp.getgrnam("studium").gr_gid)
        os.fchmod(descriptor, 0o640)
    os.rename(draft, RULES)  # noqa: PTH104  beside the other calls of the system


def _restart(machine: Machine) -> None:
    _call(machine, "restart", EMPEROR)


def _call(machine: Machine, *words: str) -> None:
    done = machine.run("systemctl", *words)
    if done.code:
        raise CannotRestartError(f"systemctl {' '.join(words)}: {done.said}")


def _point(machine: Machine, name: str) -> None:
    with machine.folder(RUN) as here:
        draft = f".{name}.drift"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=here)
        os.symlink(name, draft, dir_fd=here)
        os.rename(draft, "live.sock", src_dir_fd=here, dst_dir_fd=here)


def _wait(machine: Machine, name: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not _answers(machine, name):
        if time.monotonic() > deadline:
            raise CannotRestartError(f"{RUN}/{name} does not answer within {PATIENCE_S:.0f} s")
        time.sleep(0.1)


def _answers(machine: Machine, name: str) -> bool:
    """Ask the application itself, by the uwsgi protocol."""
    body = b"".join(
        struct.pack("<H", len(part)) + part
        for pair in (*ASKED, ("HTTP_HOST", _host(machine)))
        for part in (pair[0].encode(), pair[1].encode())
    )
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(f"{RUN}/{name}")
        connection.sendall(struct.pack("<BHB", 0, len(body), 0) + body)
        return connection.recv(64).split(maxsplit=2)[1:2] == [OK]
    return False


def _host(machine: Machine) -> str:
    found = re.search(r'(?m)^url = "\w+://([^/"]+)', machine.text(f"{SITE}/site.toml"))
    return found[1] if found else "localhost"


ASKED = (
    ("REQUEST_METHOD", "GET"),
    ("REQUEST_URI", "/health/"),
    ("PATH_INFO", "/health/"),
    ("SCRIPT_NAME", ""),
    ("QUERY_STRING", ""),
    ("SERVER_PROTOCOL", "HTTP/1.1"),
    ("SERVER_NAME", "localhost"),
    ("SERVER_PORT", "443"),
    ("HTTP_X_FORWARDED_PROTO", "https"),
    ("REMOTE_ADDR", "127.0.0.1"),
    ("UWSGI_SCHEME", "https"),
)
