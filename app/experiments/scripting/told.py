"""What a lab's function is told: plain frozen data, and nothing that leads back to the site."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Run:
    """Whose run it is, by pseudonym."""

    id: str
    pseudonym: str
    seed: int
    cell: str = ""
    is_pilot: bool = False
    language: str = ""
    began_at: str = ""  # times are ISO 8601 with their offset
    status: str = ""
    external: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Visit:
    """One showing of one step."""

    position: int
    step: str
    passes: tuple[int, ...] = ()
    stimulus: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)
    served_at: str = ""
    submitted_at: str = ""


@dataclass(frozen=True)
class Answer:
    """One answer, of a form or of a trial."""

    name: str
    value: Any
    position: int
    step: str
    label: str = ""
    missing: str = ""
    stimulus: str = ""
    trial: int | None = None


@dataclass(frozen=True)
class Trial:
    """One row of a task; ``data`` is all that the browser sent of it."""

    position: int
    step: str
    index: int
    stimulus: str = ""
    rt_ms: float | None = None
    response: Any = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stimulus:
    """One stimulus of the protocol, with its typed tags."""

    name: str
    media_type: str = ""
    digest: str = ""
    text: str = ""
    tags: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Here:
    """Where a run is, and all that happened in it, the oldest first.

    ``sent`` is what a page brings while ``record`` is asked about it. ``rng`` gives the same
    numbers whenever the same place of the same run is asked about.
    """

    run: Run
    step: str
    position: int
    passes: tuple[int, ...] = ()
    stimulus: str = ""
    answers: tuple[Answer, ...] = ()
    visits: tuple[Visit, ...] = ()
    trials: tuple[Trial, ...] = ()
    sent: Mapping[str, Any] = field(default_factory=dict)
    stimuli: tuple[Stimulus, ...] = ()

    @cached_property
    def rng(self) -> random.Random:
        place = f"{self.run.seed} {self.position} {self.step} {self.passes}"
        return random.Random(place)  # noqa: S311  a draw, and no secret

    @property
    def shown(self) -> frozenset[str]:
        """The names of the stimuli that this run has seen."""
        return frozenset(visit.stimulus for visit in self.visits if visit.stimulus)

    @property
    def unseen(self) -> tuple[Stimulus, ...]:
        return tuple(each for each in self.stimuli if each.name not in self.shown)

    def latest(self, name: str, default: Any = None) -> Any:
        """Return the latest answer under a name."""
        for answer in reversed(self.answers):
            if answer.name == name:
                return answer.value
        return default


PARTS = {"answers": Answer, "visits": Visit, "trials": Trial, "stimuli": Stimulus}


def here_of(words: Mapping[str, Any], stimuli: tuple[Stimulus, ...] = ()) -> Here:
    """Return what JSON says of a place, with the stimuli that were read before."""
    told = {name: value for name, value in words.items() if name not in PARTS}
    told["run"] = Run(**words["run"])
    told["passes"] = tuple(words.get("passes", ()))
    for name in ("answers", "visits", "trials"):
        told[name] = tuple(_part(PARTS[name], each) for each in words.get(name, ()))
    return Here(**told, stimuli=stimuli)


def _part(kind: Any, values: list[Any]) -> Any:
    """Return one row; rows travel as lists, in the order of their fields."""
    part = kind(*values)
    if kind is Visit:
        object.__setattr__(part, "passes", tuple(part.passes))
    return part


def row_of(part: Any) -> list[Any]:
    return [getattr(part, each.name) for each in fields(part)]


def stimuli_of(rows: list[list[Any]]) -> tuple[Stimulus, ...]:
    return tuple(Stimulus(*row) for row in rows)
