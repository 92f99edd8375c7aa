"""How Alyx writes values, and what they are here."""

import json
from datetime import date, datetime
from typing import Any


def text(value: Any) -> str:
    """Return a text; what is missing is an empty one."""
    return "" if value is None else str(value)


def or_none(value: Any) -> Any:
    return value or None


def hexadecimal(value: Any) -> str | None:
    """Return an old hash, which Alyx writes with hyphens."""
    return str(value).replace("-", "") if value else None


def instant(value: Any) -> datetime | None:
    """Return a time as it was written: of the lab's clock, unless a zone stands with it."""
    return None if value is None else datetime.fromisoformat(str(value))


def moment(value: Any) -> datetime:
    """Return the time at which something was measured; without one it would be taken for now."""
    found = instant(value)
    if found is None:
        raise ValueError("it has no date and time")
    return found


def day(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(str(value)[:10])


def positive(value: Any) -> float | None:
    """Return a weight; Alyx writes 0 where none was given."""
    return float(value) if value else None


def numbers(value: Any) -> list[float] | None:
    """Return a list of numbers, which a dump holds as JSON in a text, each a text again."""
    found = json.loads(value) if isinstance(value, str) else value
    return None if found is None else [float(each) for each in found]
