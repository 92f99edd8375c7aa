"""Move a site to another host: copied while it runs, then a short announced stop, then the rest.

Until the new host has answered for itself the old one can go on at once, and whatever fails or is
interrupted lets it.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from invoke.exceptions import Exit

from reach import roots
from reach.roots import PROGRAM, Root, show

ROOM = 3  # the set, the opened set, the database
CLOCKS_S = 5.0
PIPELINE = ("runuser", "-u", "deploy", "--", "studium-pipeline")
AT_WORK = ("studium-worker.path", "studium-worker.service", "studium-finish.timer", "cron.service")
AFTERWARDS = ("proxy", "maintenance")
Facts = dict[str, Any]


@dataclass(frozen=True)
class Move:
    """From where to where, and what the old host does afterwards."""

    site: str
    source: Root
    target: Root
    address: str = ""  # of the new host, as the old one reaches it
    afterwards: str = "proxy"
    message: str = "The site moves to another server and is back in a few minutes."

    @property
    def new_address(self) -> str:
        return self.address or self.target.host.rpartition("@")[2].partition(":")[0]


def check(move: Move) -> None:
    """Say what would be done; end with what stands against it."""
    refusals = look(move)
    for line in steps(move):
        show(f"would {line}")
    if refusals:
        raise Exit("\n".join(["Not begun:", *refusals]))


def steps(move: Move) -> list[str]:
    last = {
        "proxy": f"let the old host hand every connection on to {move.new_address}",
        "maintenance": "leave the old host closed, saying so",
    }
    return [
        "copy everything while the site runs, and rehearse the restore on the new host",
        "close uploads, copy what has changed",
        "close the site, end workers and cron, let nobody write, copy the rest",
        "restore on the new host: compare every table and file, release, ask for health",
        last[move.afterwards],
    ]


# --- looking ----------------------------------------------------------------------------------
def look(move: Move) -> list[str]:
    """Compare the hosts; say what is well, return what stands against it."""
    old, asked = move.source.facts(), time.time()
    new, answered = move.target.facts(), time.time()
    found = [] if old["site"] == move.site else [f"{old['host']} serves {old['site']}."]
    found += [*differences(old, new), *room(old, new), *clocks(new, asked, answered)]
    for line in hints(move, old, new):
        show(line)
    return found


def differences(old: Facts, new: Facts) -> Iterator[str]:
    for what in ("site", "branch", "names"):
        if old[what] != new[what]:
            yield f"{what}: {old[what]} there, {new[what]} on the new host. Correct its inventory."
    if int(new["postgresql"].partition(".")[0]) < int(old["postgresql"].partition(".")[0]):
        yield f"PostgreSQL {old['postgresql']} cannot go back to {new['postgresql']}."
    if not old["commit"]:
        yield f"{old['host']} has no live release: there is nothing to move."
    if new["holds"]:
        yield f"{new['host']} holds {', '.join(new['holds'])}. Move to a host without data."
    if old["networks"] != new["networks"]:
        yield "The networks that may reach the hosts differ. Provision both from one inventory."


def room(old: Facts, new: Facts) -> Iterator[str]:
    size = old["database"] + old["uploads"]
    if new["free"] < ROOM * size:
        yield f"{new['host']} has {new['free'] >> 20} MiB free, {ROOM * size >> 20} are wanted."
    if old["free_for_backups"] < size:
        free = old["free_for_backups"] >> 20
        yield f"{old['host']} has {free} MiB free for a copy, {size >> 20} are wanted."


def clocks(new: Facts, before: float, after: float) -> Iterator[str]:
    skew = max(before - new["time"], new["time"] - after, 0.0)
    if skew > CLOCKS_S:
        yield f"The clock of {new['host']} is {skew:.0f} s off. Let it keep time first."


def hints(move: Move, old: Facts, new: Facts) -> Iterator[str]:
    size = (old["database"] + old["uploads"]) >> 20
    yield f"{old['site']}: from {old['host']} to {new['host']}, {size} MiB"
    for name in old["names"]:
        yield f"{name} is {resolved(name)}; lower its TTL a day before, change it right after"
    yield f"certificate of the new host: {new['certificate'].strip() or 'cannot be read'}"
    if move.afterwards == "proxy":
        yield f"the old host will hand connections on to {move.new_address}"


def resolved(name: str) -> str:
    try:
        return ", ".join(sorted({str(one[4][0]) for one in socket.getaddrinfo(name, 443)}))
    except OSError:
        return "not to be found from here"


# --- doing ------------------------------------------------------------------------------------
def carry_out(move: Move) -> None:
    began = time.monotonic()
    with source_goes_on(move):
        move.target.do(PROGRAM, "restore", copy(move), "--rehearse")
        show("first copy is there, and rehearsed; uploads are closed from now on")
        close(move, "no-upload")
        copy(move)
        show("second copy is there; the site is closed from now on")
        closed = time.monotonic()
        close(move, "on")
        move.source.do("systemctl", "stop", *AT_WORK)
        move.source.do(PROGRAM, "freeze")
        identity = copy(move)
        move.target.do(PROGRAM, "restore", identity)
        leave(move)
    show(f"moved in {time.monotonic() - began:.0f} s, closed for {time.monotonic() - closed:.0f} s")
    for root in (move.source, move.target):
        root.do(PROGRAM, "forget")


@contextmanager
def source_goes_on(move: Move) -> Iterator[None]:
    """Whatever happens before the new host serves, the old one serves again."""
    try:
        yield
    except BaseException:
        show("The move is given up; the old host goes on.")
        give_up(move)
        raise


def give_up(move: Move) -> None:
    """Let the old host serve, whatever was done to it; what fails keeps nothing else away."""
    failed = []
    for words in (
        (PROGRAM, "stay"),
        ("systemctl", "start", *(one for one in AT_WORK if one != AT_WORK[1])),
        (*PIPELINE, "maintenance", "off"),
        (PROGRAM, "forget"),
    ):
        try:
            move.source.do(*words)
        except Exit as error:
            failed.append(str(error))
    if failed:
        raise Exit("\n".join([*failed, f"Look at {move.source.host}, then: fab migrate --abort"]))


def copy(move: Move) -> str:
    """Copy what the new host lacks, checked there; return the name of the set."""
    identity = move.source.answer(PROGRAM, "copy").strip()
    present = move.target.answer(PROGRAM, "have")
    roots.stream(
        move.source, [PROGRAM, "send", identity], move.target, [PROGRAM, "receive"], present
    )
    return identity


def close(move: Move, mode: str) -> None:
    move.source.do(*PIPELINE, "maintenance", "--message", move.message, mode)


def leave(move: Move) -> None:
    """Let the old host hand on what still comes to it."""
    if move.afterwards == "proxy":
        move.source.do(PROGRAM, "leave", move.new_address)
