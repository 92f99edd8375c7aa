"""What a browser sends of its trials, read without trust: plain data in, plain data out.

A row is what jsPsych gives for one trial (``rt`` and ``time_elapsed`` in ms, ``response``,
``trial_type``), with ``onset`` added by our runner, because jsPsych stores the end alone. See the
documentation of jsPsych 8, "Data parameters available for all trials".
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from runs.errors import Unreadable

MOST_ROWS = 200
LARGEST_ROW = 256 * 1024  # characters; recordings and uploads go another way
LARGEST_INDEX = 1_000_000
LONGEST_NAME = 255
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


def read(body: bytes | str) -> Any:
    """Return what a body says as JSON, numbers without end and depth without end refused.

    Raises
    ------
    Unreadable
        It is no JSON that can be stored.
    """
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"What was sent is no JSON: {error}.") from None


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


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
        onset_ms=_finite(data.get("onset")),
        end_ms=_finite(data.get("time_elapsed")),
        rt_ms=_finite(data.get("rt")),
        response=storable(data.get("response")),
        has_response="response" in data,
        item=_word(data, "item", LONGEST_NAME),
    )


def digest(raw: str) -> str:
    return sha256(raw.encode()).hexdigest()


def _word(data: Mapping[str, Any], name: str, length: int) -> str:
    value = data.get(name)
    return str(storable(value))[:length] if isinstance(value, str | int | float) else ""


def _finite(value: Any) -> float | None:
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
    under the trial's ``item``, else under the name of the step.
    """
    if not row.has_response:
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
        return Said(name, value, _finite(value), str(value))
    if isinstance(value, str):
        return Said(name, value, text=value)
    return Said(name, value, text=json.dumps(value, ensure_ascii=False))
