"""What a body must look like; each fault is told with a JSON pointer to its place.

The words are those of the JSON Schema validator that the protocol's own server uses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from factorial.services.logs import is_storable

Fault: TypeAlias = tuple[str, str]  # JSON pointer, words
LARGEST = 2**31 - 1  # an int32, in the protocol and in the database


class Shape(Protocol):
    def faults(self, value: Any, at: str) -> Iterator[Fault]: ...


@dataclass(frozen=True)
class Text:
    least: int = 0
    most: int | None = None
    may_be_null: bool = False

    def faults(self, value: Any, at: str) -> Iterator[Fault]:
        if value is None and self.may_be_null:
            return
        if not isinstance(value, str):
            yield at, "must be string"
        elif len(value) < self.least:
            yield at, f"must NOT have fewer than {self.least} characters"
        elif self.most is not None and len(value) > self.most:
            yield at, f"must NOT have more than {self.most} characters"
        elif not is_storable(value):
            yield at, "must NOT contain NUL or half a surrogate pair"


@dataclass(frozen=True)
class Word:
    """One of a few words."""

    options: tuple[str, ...]

    def faults(self, value: Any, at: str) -> Iterator[Fault]:
        if value not in self.options:
            yield at, f"must be equal to one of the allowed values: {', '.join(self.options)}"


@dataclass(frozen=True)
class Whole:
    least: int = 0

    def faults(self, value: Any, at: str) -> Iterator[Fault]:
        if not is_whole(value):
            yield at, "must be integer"
        elif value < self.least:
            yield at, f"must be >= {self.least}"
        elif value > LARGEST:
            yield at, f"must be <= {LARGEST}"


@dataclass(frozen=True)
class Anything:
    """An object with whatever is in it."""

    def faults(self, value: Any, at: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield at, "must be object"


@dataclass(frozen=True)
class Thing:
    """An object with known names; where it is not sealed, others are let be."""

    needs: Mapping[str, Shape]
    may_have: Mapping[str, Shape] = field(default_factory=dict)
    is_sealed: bool = True

    def faults(self, value: Any, at: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield at, "must be object"
            return
        for name in self.needs.keys() - value.keys():
            yield f"{at}/{name}", f"must have required property '{name}'"
        known = {**self.needs, **self.may_have}
        for name, inner in value.items():
            if name in known:
                yield from known[name].faults(inner, f"{at}/{name}")
            elif self.is_sealed:
                yield f"{at}/{escaped(name)}", "must NOT be valid"


@dataclass(frozen=True)
class Many:
    each: Shape
    least: int = 1
    most: int = 10_000

    def faults(self, value: Any, at: str) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield at, "must be array"
        elif len(value) < self.least:
            yield at, f"must NOT have fewer than {self.least} items"
        elif len(value) > self.most:
            yield at, f"must NOT have more than {self.most} items"
        else:
            for place, inner in enumerate(value):
                yield from self.each.faults(inner, f"{at}/{place}")


def is_whole(value: Any) -> bool:
    """Say whether a number is whole as JSON knows it, which does not tell 1 from 1.0."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def escaped(name: str) -> str:
    """Return a name as a JSON pointer has it; what no answer can carry is shown as ``?``."""
    shown = "".join(letter if is_storable(letter) else "?" for letter in name[:80])
    return shown.replace("~", "~0").replace("/", "~1")


def identifier(kind: str) -> Thing:
    return Thing({"type": Word((kind,)), "id": Text()})


def relation(kind: str) -> Thing:
    return Thing({"data": identifier(kind)})


def document(data: Shape) -> Thing:
    return Thing({"data": data})


STATUSES = ("idle", "running", "completed", "interrupted", "canceled")
SESSION = document(
    Thing(
        {"type": Word(("sessions",)), "attributes": Thing({"role": Word(("host", "participant"))})}
    )
)
EXPERIMENT = document(
    Thing({"type": Word(("experiments",)), "attributes": Thing({"name": Text(1, 255)})})
)
RUN = document(
    Thing(
        {
            "type": Word(("runs",)),
            "attributes": Thing({"name": Text(1, 255, may_be_null=True), "status": Word(STATUSES)}),
            "relationships": Thing({"experiment": relation("experiments")}),
        }
    )
)
# A run's name cannot be changed, and a client that sends it all the same is not refused.
RUN_CHANGE = document(
    Thing(
        {"type": Word(("runs",)), "id": Text()},
        {
            "attributes": Thing(
                {}, {"status": Word(STATUSES), "lastLogNumber": Whole(0)}, is_sealed=False
            )
        },
        is_sealed=False,
    )
)
ONE_LOG = Thing({"logType": Text(0, 100), "number": Whole(1), "values": Anything()})
LOG = document(
    Thing(
        {
            "type": Word(("logs",)),
            "attributes": ONE_LOG,
            "relationships": Thing({"run": relation("runs")}),
        }
    )
)
BATCH = document(
    Thing(
        {
            "type": Word(("batches",)),
            "attributes": Thing({"logs": Many(ONE_LOG)}),
            "relationships": Thing({"run": relation("runs")}),
        }
    )
)
