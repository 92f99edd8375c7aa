"""The web server of one container: a server's own vassal settings, without its emperor."""

import os
import socket as sockets
from pathlib import Path

from container import place
from pipeline import vassals
from pipeline.files import point
from pipeline.site import Site

# The engine keeps the log and ends the container by SIGTERM; nothing waits for a ready file.
LEFT_OUT = {"logto2", "log-maxsize", "die-on-term", "hook-accepting1-once", "socket"}
OWN = {
    "hook-master-start": "unix_signal:15 gracefully_kill_them_all",
    "log-master": "false",
}


def settings(site: Site, slot: str) -> str:
    """Return uWSGI's file for one of the two web containers."""
    lines = vassals.text(site, place.release(site), slot).splitlines()
    kept = [line for line in lines if line.partition(" = ")[0] not in LEFT_OUT]
    own = {"socket": str(place.socket(slot))} | OWN
    return "\n".join([*kept, *(f"{name} = {value}" for name, value in own.items())]) + "\n"


def serve(slot: str) -> None:
    """Become the web server."""
    site = place.site()
    file = Path("/tmp/web.ini")  # noqa: S108  a folder of this container alone
    file.write_text(settings(site, slot))
    take_first_place(site, slot)
    os.execv(place.UWSGI, [str(place.UWSGI), "--ini", str(file)])


def take_first_place(site: Site, slot: str) -> None:
    """Let the front find this container when what it finds now has ended."""
    if not _answers(site.live_socket):
        point(site.live_socket, place.socket(slot).name)


def _answers(socket: Path) -> bool:
    with sockets.socket(sockets.AF_UNIX) as connection:
        return connection.connect_ex(str(socket)) == 0


def switch(site: Site, slot: str) -> None:
    """Let all new connections reach the other container, from one instant to the next."""
    point(site.live_socket, place.socket(slot).name)
