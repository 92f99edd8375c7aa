"""What a browser sends of its trials, read without trust: plain data in, plain data out.

A row is what jsPsych gives for one trial (``rt`` and ``time_elapsed`` in ms, ``response``,
``trial_type``), with ``onset`` added by our runner, because jsPsych stores the end alone. See the
documentation of jsPsych 8, "Data parameters available for all trials".
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from runs.errors import Unreadable

MOST_ROWS = 200
LARGEST_ROW = 256 * 1024  # characters; recordings and uploads go another way
LARGEST_INDEX = 1_000_000
DEEPEST = 100  # brackets within one another
LONGEST_NAME = 255
MOST_EVENTS = 200
LARGEST_EVENT = 16 * 1024
LONGEST_KIND = 40
LONGEST_HOLDER = 64
NOTHING_THERE = "\N{REPLACEMENT CHARACTER}"  # stands for NUL, which no database text can hold


@dataclass(frozen=True)
class Row:
    """One trial as it came. Times in ms since the visit's page began."""

    index: int
    raw: str
    digest: str
    plugin: str = ""
    plugin_version: str = ""
    stimulus: str = ""
    onset_ms: float | None = None
    end_ms: float | None = None
    rt_ms: float | None = None
    response: Any = None
    has_response: bool = False
    item: str = ""


@dataclass(frozen=True)
class Said:
    """One value that a trial reports under a name."""

    name: str
    value: Any
    number: float | None = None
    text: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Happening:
    """Something that a browser noted around its trials, under the number that it gave it."""

    number: int
    kind: str
    at_ms: float | None
    data: Any


@dataclass(frozen=True)
class Batch:
    """What a browser sends at once, and which browser it is."""

    holder: str
    rows: list[Row]
    happenings: list[Happening]
    sent_at: datetime | None


def read(body: bytes | str) -> Any:
    """Return what a body says as JSON, numbers without end and depth without end refused.

    Raises
    ------
    Unreadable
        It is no JSON that can be stored.
    """
    try:
        found = json.loads(body, parse_constant=_no_number, parse_float=_number)
        _need_an_end(found)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"What was sent is no JSON that can be kept: {error}.") from None
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _number(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError(f"{word[:20]} is larger than a number can be")
    return number


def _need_an_end(value: Any) -> None:
    """Refuse what is nested so deep that no page and no program could show it again."""
    layer = _nested([value])
    for _ in range(DEEPEST):
        layer = _nested(each for outer in layer for each in _inside(outer))
    if layer:
        raise ValueError(f"it is nested more than {DEEPEST} deep")


def _nested(values: Iterable[Any]) -> list[Any]:
    return [each for each in values if isinstance(each, list | dict)]


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def batch_of(body: bytes | str) -> Batch:
    """Return what a browser sent at once.

    Raises
    ------
    Unreadable
        Something of it cannot be read; nothing of it is taken.
    """
    sent = read(body)
    if not isinstance(sent, dict):
        raise Unreadable("Send an object with holder, rows and events.")
    return Batch(
        holder=_holder(sent.get("holder")),
        rows=rows_of(sent.get("rows", [])),
        happenings=_happenings(sent.get("events", [])),
        sent_at=_moment(sent.get("sent_at")),
    )


def around(sent: Mapping[str, Any]) -> tuple[str, list[Happening]]:
    """Return who sends a batch, and what happened around its rows, which are another's to read."""
    return _holder(sent.get("holder")), _happenings(sent.get("events", []))


def _holder(sent: Any) -> str:
    known = isinstance(sent, str) and sent.isascii() and sent.isalnum()
    if not known or len(sent) > LONGEST_HOLDER:
        raise Unreadable("Send the holder that the page was given.")
    return str(sent)


def _moment(sent: Any) -> datetime | None:
    """Return a time with its zone; a clock that is far off is no reason to refuse what it timed."""
    try:
        found = datetime.fromisoformat(sent)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _happenings(sent: Any) -> list[Happening]:
    if not isinstance(sent, list):
        raise Unreadable("Send a list of events.")
    if len(sent) > MOST_EVENTS:
        raise Unreadable(f"Send at most {MOST_EVENTS} events at a time, not {len(sent)}.")
    return [_happening(each, place) for place, each in enumerate(sent)]


def _happening(sent: Any, place: int) -> Happening:
    if not isinstance(sent, dict) or not isinstance(sent.get("data", {}), dict):
        raise Unreadable(f"Event {place} is not of the form {{number, kind, at_ms, data}}.")
    number, kind = sent.get("number"), _word(sent, "kind", LONGEST_KIND)
    if type(number) is not int or not 0 <= number <= LARGEST_INDEX or not kind:
        raise Unreadable(f"Event {place} needs a kind, and a number up to {LARGEST_INDEX:,}.")
    data = storable(sent.get("data", {}))
    if len(json.dumps(data)) > LARGEST_EVENT:
        raise Unreadable(f"Event {place} is larger than {LARGEST_EVENT // 1024} kB.")
    return Happening(number, kind, finite(sent.get("at_ms")), data)


def rows_of(sent: Any) -> list[Row]:
    """Return the rows of a batch, each index once.

    Raises
    ------
    Unreadable
        A row has no index, is no object, or is too large; nothing of the batch is taken.
    """
    if not isinstance(sent, list):
        raise Unreadable("Send a list of rows.")
    if len(sent) > MOST_ROWS:
        raise Unreadable(f"Send at most {MOST_ROWS} rows at a time, not {len(sent)}.")
    rows: dict[int, Row] = {}
    for place, each in enumerate(sent):
        row = _row(each, place)
        if rows.setdefault(row.index, row).digest != row.digest:
            raise Unreadable(f"Row {place} has the index {row.index} of another one.")
    return list(rows.values())


def _row(sent: Any, place: int) -> Row:
    if not isinstance(sent, dict) or not isinstance(sent.get("data"), dict):
        raise Unreadable(f"Row {place} is not of the form {{index, data}}.")
    index, data = sent.get("index"), sent["data"]
    if type(index) is not int or not 0 <= index <= LARGEST_INDEX:
        raise Unreadable(f"Row {place} needs an index from 0 to {LARGEST_INDEX:,}.")
    raw = json.dumps(data, sort_keys=True, separators=(",", ":"))
    if len(raw) > LARGEST_ROW:
        raise Unreadable(f"Row {place} is larger than {LARGEST_ROW // 1024} kB.")
    return Row(
        index=index,
        raw=raw,
        digest=digest(raw),
        plugin=_word(data, "trial_type", 100),
        plugin_version=_word(data, "plugin_version", 40),
        stimulus=_word(data, "stimulus_id", 255),
        onset_ms=finite(data.get("onset")),
        end_ms=finite(data.get("time_elapsed")),
        rt_ms=finite(data.get("rt")),
        response=storable(data.get("response")),
        has_response="response" in data,
        item=_word(data, "item", LONGEST_NAME),
    )


def digest(raw: str) -> str:
    return sha256(raw.encode()).hexdigest()


def _word(data: Mapping[str, Any], name: str, length: int) -> str:
    value = data.get(name)
    return str(storable(value))[:length] if isinstance(value, str | int | float) else ""


def finite(value: Any) -> float | None:
    """Return a number that came as JSON; None for what is none, or larger than a float holds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def storable(value: Any) -> Any:
    """Return a value as every database can hold it; the row itself keeps what was sent."""
    if isinstance(value, str):
        return value.replace("\0", NOTHING_THERE).encode(errors="replace").decode()
    if isinstance(value, list):
        return [storable(each) for each in value]
    if isinstance(value, dict):
        return {storable(name): storable(each) for name, each in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return str(value)
    return value


def said_in(row: Row, step: str) -> Iterator[Said]:
    """Yield the values that a trial reports.

    A survey's response is an object: one value under each name. Any other response is one value,
    under the trial's ``item``, else under the name of the step. No response in time is told of an
    item alone: a screen that only shows something has none either.
    """
    if not row.has_response or (row.response is None and not row.item):
        return
    if isinstance(row.response, dict):
        for name, value in row.response.items():
            yield said(str(name)[:LONGEST_NAME] or step, value)
    else:
        yield said(row.item or step, row.response)


def said(name: str, value: Any) -> Said:
    """Return a value with what can be computed with and what can be read."""
    if value is None:
        return Said(name, None, missing="timed out")
    if isinstance(value, bool):
        return Said(name, value, float(value), str(value).lower())
    if isinstance(value, int | float):
        return Said(name, value, finite(value), str(value))
    if isinstance(value, str):
        return Said(name, value, text=value)
    return Said(name, value, text=json.dumps(value, ensure_ascii=False))
