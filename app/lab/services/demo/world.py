"""What the steps of the demonstration share: chance, days, and all that was made so far."""

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from accounts.models import Lab, Project, User
from lab.models import Recorded, Repository, Session, Subject

REASON = "Demonstration: invented data (demo_lab)."
MARK = {"demonstration": True}
FAMILY = uuid.UUID("5d1b8a52-4d6e-4f57-9f0a-0d7a3c1c9e11")
Row = TypeVar("Row", bound=Recorded)


@dataclass
class World:
    """One demonstration."""

    chance: random.Random
    seed: int
    today: date
    lab: Lab
    people: dict[str, User]
    folder: Path
    projects: list[Project] = field(default_factory=list)
    things: dict[Any, Any] = field(default_factory=dict)  # by the names that steps give them
    animals: list[Subject] = field(default_factory=list)
    genes: dict[uuid.UUID, int] = field(default_factory=dict)  # copies of its line's allele
    sessions: list[Session] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)  # of files, by their paths
    made: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, *, seed: int, **given: Any) -> "World":
        return cls(chance=random.Random(seed), seed=seed, **given)  # noqa: S311  nothing secret

    def key(self, *words: object) -> uuid.UUID:
        """Return an id that is the same each time the same thing is made."""
        return uuid.uuid5(FAMILY, "/".join(map(str, (self.seed, *words))))

    def keep(self, rows: Sequence[Row]) -> list[Row]:
        """Create rows of one kind at once."""
        if not rows:
            return []
        kind: Any = type(rows[0])
        made: list[Row] = kind.objects.bulk_create(list(rows), batch_size=500)
        self.made[str(kind._meta.verbose_name_plural)] += len(made)  # noqa: SLF001
        return made

    def enter(self, rows: Sequence[Row]) -> None:
        """Create rows that nothing points at: they get their ids by their numbers."""
        if rows:
            name = str(rows[0]._meta.verbose_name_plural)  # noqa: SLF001
            for number, row in enumerate(rows, start=self.made[name]):
                row.pk = self.key(name, number)
        self.keep(rows)

    def link(self, through: Any, rows: Sequence[Any]) -> None:
        through._default_manager.bulk_create(rows, batch_size=500)  # noqa: SLF001

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """Return the instant at which the lab's clock shows a time."""
        return datetime.combine(day, time(hour, minute), ZoneInfo(self.lab.time_zone))

    def somebody(self, *roles: str) -> User:
        return self.people[self.chance.choice(roles)]

    @property
    def repository(self) -> Repository:
        found: Repository = self.things["repository"]
        return found

    def counts(self) -> dict[str, int]:
        return dict(sorted(self.made.items()))


def known(kind: Any, name: str, **more: Any) -> Any:
    """Return an entry of a short list of the site, made when it is missing."""
    return kind.objects.filter(name=name).first() or kind.objects.create(name=name, **more)
