"""What clients log, read without trust: nested values by dotted names, and the types of a design.

A measure's name is the way to it: ``{"pointer": {"x": 1}}`` has ``pointer.x``, and the second of a
list's values has the number 1. Nulls, empty objects and empty lists are no values.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from factorial.errors import Unstorable
from runs.models import Measure as Registered
from runs.rows import LARGEST_INDEX, LONGEST_NAME, finite, storable

MOST_NAMES = 1000  # of a trial, its events included
MOST_EVENTS = 200_000
KINDS = {
    "integer": Registered.Kind.NUMBER,
    "float": Registered.Kind.NUMBER,
    "boolean": Registered.Kind.TRUTH,
    "string": Registered.Kind.TEXT,
}
TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True)
class Sent:
    """One trial as it came: where it belongs, the texts to keep, and what is in them.

    Numbers count from 0. ``names`` are those of its events.
    """

    block: int
    trial: int
    raw: str
    digest: str
    values: Mapping[str, Any]
    events_raw: str = "[]"
    event_count: int = 0
    names: frozenset[str] = frozenset()
    began_at: datetime | None = None
    lasted_ms: float | None = None


def sent(  # noqa: PLR0913  a trial, and what its client says of its time
    *,
    block: int,
    trial: int,
    values: Any,
    events: Any = (),
    began_at: Any = None,
    lasted_ms: Any = None,
) -> Sent:
    """Return what was sent of a trial. Times that are none are no reason to lose it.

    Raises
    ------
    Unstorable
        Values or events are not of the form that is asked for, or too many.
    """
    if not isinstance(values, Mapping) or not isinstance(events, Sequence):
        raise Unstorable("The values of a trial are an object, and its events a list of objects.")
    if not all(isinstance(event, dict) for event in events):
        raise Unstorable("Each event of a trial is an object of values.")
    if len(events) > MOST_EVENTS:
        raise Unstorable(f"A trial has at most {MOST_EVENTS:,} events, not {len(events):,}.")
    flat, names = flattened(values), event_names(events)
    _check_names([*flat, *names])
    raw, events_raw = written(values), written(events)
    return Sent(
        block=_number(block, "block"),
        trial=_number(trial, "trial"),
        raw=raw,
        digest=sha256(f"{raw}\n{events_raw}".encode()).hexdigest(),
        values=flat,
        events_raw=events_raw,
        event_count=len(events),
        names=names,
        began_at=instant(began_at),
        lasted_ms=finite(lasted_ms),
    )


def instant(text: Any) -> datetime | None:
    """Return an instant that a client's clock told; None for what is none, or has no zone."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def written(value: Any) -> str:
    """Return a value as the text that is kept."""
    return json.dumps(value, separators=(",", ":"))


def is_same(text: str, other: str) -> bool:
    """Say whether two texts mean the same, whatever the order of their names."""
    return bool(text == other or json.loads(text) == json.loads(other))


def _number(value: Any, what: str) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST_INDEX:
        raise Unstorable(f"The number of a {what} counts from 0 to {LARGEST_INDEX:,}.")
    return value


def _check_names(names: Sequence[str]) -> None:
    if len(names) > MOST_NAMES:
        raise Unstorable(f"A trial has at most {MOST_NAMES:,} measures, not {len(names):,}.")
    for name in names:
        if not name or len(name) > LONGEST_NAME or "\0" in name or storable(name) != name:
            raise Unstorable(f"A measure cannot be called “{storable(name)[:60]}”.")


def flattened(value: Any) -> dict[str, Any]:
    """Return what is logged at one level, each value under its dotted name."""
    return dict(_flat(value, ""))


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, list):
        inner = {str(place): each for place, each in enumerate(value)}.items()
    else:
        if value is not None:
            yield name, value
        return
    for key, each in inner:
        yield from _flat(each, f"{name}.{key}" if name else str(key))


def event_names(events: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the dotted names of all that events log; there are thousands, so the usual is quick.

    That is values, and objects of values: what is nested deeper is flattened.
    """
    names: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    for event in events:
        for name, value in event.items():
            if isinstance(value, dict):
                pairs.update((name, key) for key, inner in value.items() if _is_value(inner))
                deeper = {key: inner for key, inner in value.items() if not _is_value(inner)}
                if deeper:
                    names.update(flattened({name: deeper}))
            elif isinstance(value, list):
                names.update(flattened({name: value}))
            elif value is not None:
                names.add(name)
    return frozenset(names | {f"{name}.{key}" if name else key for name, key in pairs})


def _is_value(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def typed(value: Any, kind: str) -> tuple[Any, bool]:
    """Return a value as the type that a design declares, and whether it has one of that type."""
    return _READERS.get(kind.strip().lower(), _any)(value)


def _any(value: Any) -> tuple[Any, bool]:
    return value, True


def _integer(value: Any) -> tuple[Any, bool]:
    number, fits = _float(value)
    if not fits:
        return value, False
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
        return int(value), True
    return (int(number), True) if float(number).is_integer() else (number, False)


def _float(value: Any) -> tuple[Any, bool]:
    if isinstance(value, bool):
        return value, False
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return value, False
    if not math.isfinite(number):
        return value, False
    return (value if isinstance(value, int) else number), True


def _boolean(value: Any) -> tuple[Any, bool]:
    found = TRUTHS.get(str(value).strip().lower())
    return (value, False) if found is None else (found, True)


def _string(value: Any) -> tuple[Any, bool]:
    return as_text(value), True


_READERS = {"integer": _integer, "float": _float, "boolean": _boolean, "string": _string}


def as_text(value: Any) -> str:
    """Return a value as the clients of 2020 read it: true is 1 and false is 0."""
    if isinstance(value, bool):
        return str(int(value))
    return value if isinstance(value, str) else str(value)
