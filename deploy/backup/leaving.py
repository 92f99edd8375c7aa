"""What the old host does when its site moves: it is frozen, and then hands connections on.

A connection itself is handed on, so certificate and sign-in are the new host's own.
"""

import ipaddress
import time
from pathlib import Path

from backup import database, files, programs
from backup.errors import BackupError, Refused
from backup.facts import Facts

ADDRESS = Path("/etc/studium/moved.env")
SOCKETS = ("studium-moved@80.socket", "studium-moved@443.socket")
SERVICES = ("studium-moved@80.service", "studium-moved@443.service")


DRAIN_S = 3.0  # requests that are on their way may end
TRIES, PAUSE_S = 50, 0.1
WRITERS = ("studium", "deploy")


def freeze(facts: Facts) -> None:
    """Let nobody write a row any more, operators and running jobs included."""
    time.sleep(DRAIN_S)
    database.set_read_only(facts.database, WRITERS, is_read_only=True)


def thaw(facts: Facts) -> None:
    database.set_read_only(facts.database, WRITERS, is_read_only=False)


def leave(address: str) -> None:
    """Stop serving here and hand on to the address, after a reboot too."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise Refused(f"{address!r} is no address; a name might lead back to this host.") from None
    files.write(ADDRESS, f"STUDIUM_MOVED_TO={address}\n", 0o644)
    programs.run(["systemctl", "disable", "--quiet", "nginx.service"])
    programs.run(["systemctl", "enable", "--quiet", *SOCKETS])
    programs.run(["systemctl", "kill", "--kill-who=main", "--signal=QUIT", "nginx.service"])
    _take_ports()


def _take_ports() -> None:
    """Listen as soon as nginx has let go, which is at once; its requests may still end."""
    for _ in range(TRIES):
        try:
            programs.run(["systemctl", "start", *SOCKETS])
        except BackupError:
            time.sleep(PAUSE_S)
        else:
            return
    raise BackupError(f"nginx does not let go of its ports, or {' '.join(SOCKETS)} do not start.")


def stay() -> None:
    """Serve here again."""
    if not ADDRESS.exists():
        return
    programs.run(["systemctl", "disable", "--quiet", "--now", *SOCKETS])
    programs.run(["systemctl", "stop", *SERVICES])
    ADDRESS.unlink()
    programs.run(["systemctl", "enable", "--quiet", "--now", "nginx.service"])
