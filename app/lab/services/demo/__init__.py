"""A lab to look at and to try things on: invented, marked as such, and gone again on request."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import transaction

from common.errors import Busy
from lab import recording
from lab.models import Subject
from lab.services.demo import cast, colony, files, removal, work
from lab.services.demo.world import REASON, World

Tell = Callable[[str], None]


class NotHere(Busy):
    title = "The demonstration does not belong here"


@dataclass(frozen=True)
class Made:
    """What there is now, and how to sign in."""

    counts: dict[str, int]
    people: tuple[str, ...]
    password: str


def need_room(*, again: bool, force: bool) -> None:
    """See that no other lab has animals, and that the demonstration is not there already.

    Raises
    ------
    NotHere
        One of the two, with the word that allows it.
    """
    mine = removal.the_lab()
    if not force and Subject.objects.exclude(lab=mine).exists():
        raise NotHere(
            "This site has animals of real labs.",
            remedy="Fill another site, or say --force: the demonstration gets a lab of its own.",
        )
    if not again and mine and Subject.objects.filter(lab=mine).exists():
        raise NotHere(
            "The demonstration is there already.",
            remedy="Say --again to replace it, or --remove to take it away.",
        )


def fill(
    *, seed: int, today: date, folder: Path, password: str = "", tell: Tell = lambda _line: None
) -> Made:
    """Make the lab with all that belongs to it; the same seed and day make the same lab."""
    password = password or secrets.token_urlsafe(9)
    files.need_folder(folder)
    with transaction.atomic():
        lab, people = cast.make(password)
        with recording.by(people["manager"], reason=REASON):
            world = World.of(seed=seed, today=today, lab=lab, people=people, folder=folder)
            for step in (cast.furnish, colony.breed, work.carry_out, files.register):
                tell(f"{step.__name__} …")
                step(world)
    files.write(world)
    return Made(world.counts(), tuple(user.username for user in people.values()), password)


def remove(*, folder: Path) -> int:
    """Take all of it away; accounts are closed and the history is kept. Return the rows."""
    folders = {folder, *removal.folders()}
    with transaction.atomic():
        count = removal.take_away()
    for each in folders:
        files.clear(each)
    return count
