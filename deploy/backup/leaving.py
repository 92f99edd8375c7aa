"""What the old host of a site does once the site lives elsewhere: it hands every connection on.

The connection itself is handed on, so certificate and sign-in are the new host's own.
"""

import ipaddress
from pathlib import Path

from backup import files, programs
from backup.errors import Refused

ADDRESS = Path("/etc/studium/moved.env")
SOCKETS = ("studium-moved@80.socket", "studium-moved@443.socket")
SERVICES = ("studium-moved@80.service", "studium-moved@443.service")


def leave(address: str) -> None:
    """Stop serving here and hand on to the address, after a reboot too."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise Refused(f"{address!r} is no address; a name might lead back to this host.") from None
    files.write(ADDRESS, f"STUDIUM_MOVED_TO={address}\n", 0o644)
    programs.run(["systemctl", "disable", "--quiet", "--now", "nginx.service"])
    programs.run(["systemctl", "enable", "--quiet", "--now", *SOCKETS])


def stay() -> None:
    """Serve here again."""
    if not ADDRESS.exists():
        return
    programs.run(["systemctl", "disable", "--quiet", "--now", *SOCKETS])
    programs.run(["systemctl", "stop", *SERVICES])
    ADDRESS.unlink()
    programs.run(["systemctl", "enable", "--quiet", "--now", "nginx.service"])
