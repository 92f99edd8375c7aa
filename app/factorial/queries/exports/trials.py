"""The trials of planned runs, as rows of an export: each of the plan once, and what it logged.

Attempts are read some at a time, and so are events: however many there are, a few thousand are in
memory. Rows are fetched by their keys, so nothing is sorted that is large, and no transaction stays
open while somebody reads slowly.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any
from uuid import UUID

from factorial.models import Block, Design, RunMark
from factorial.queries.exports import values
from factorial.queries.exports.attempts import Attempt, Wish, attempts
from factorial.queries.exports.columns import (
    EVENT,
    FACTOR,
    MEASURE,
    MISFIT,
    RECORD,
    Column,
    Table,
)
from factorial.values import instant
from runs.models import Trial, TrialEvents

FIRST_AT_ONCE = 500  # so that whoever asks soon has something
TRIALS_AT_ONCE, EVENTS_AT_ONCE, FETCHED_AT_ONCE = 2000, 5000, 500
Cells = list[Any]
Key = tuple[UUID, int, int]


@dataclass(frozen=True, slots=True)
class Tail:
    """The events of one trial, column by column; ``has_misfits`` says where to look closer."""

    columns: Sequence[Sequence[Any]]
    count: int
    has_misfits: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows: a head for each trial, and the tail of each where the table has tails."""

    heads: list[Cells]
    tails: list[Tail] | None = None

    @property
    def count(self) -> int:
        return len(self.heads) if self.tails is None else sum(tail.count for tail in self.tails)


@dataclass(slots=True)
class Stored:
    """What is stored of one trial."""

    pk: int
    raw: str
    received_at: Any
    sent_at: Any
    is_disputed: bool
    events: int
    block_began_at: str | None = None
    onset_ms: float | None = None
    end_ms: float | None = None

    @property
    def began_at(self) -> datetime | None:
        start = instant(self.block_began_at)
        if start is None or self.onset_ms is None:
            return None
        return start + timedelta(milliseconds=self.onset_ms)

    @property
    def lasted_ms(self) -> float | None:
        if self.onset_ms is None or self.end_ms is None:
            return None
        return round(self.end_ms - self.onset_ms, 3)


def _as_stored(*row: Any) -> Stored:
    pk, raw, received_at, sent_at, is_disputed, events, block_began_at, onset_ms, end_ms = row
    return Stored(
        pk, raw, received_at, sent_at, is_disputed, events or 0, block_began_at, onset_ms, end_ms
    )


@dataclass(frozen=True)
class Planned:
    """One trial of the plan, and what is stored of it."""

    attempt: Attempt
    block: Mapping[str, Any]
    number: int
    factors: Mapping[str, str]
    stored: Stored | None


@dataclass
class Reader:
    """Reads one table of one design. ``keep`` leaves values that do not fit where they are."""

    design: Design
    table: Table
    wish: Wish
    keep: bool = True
    defaults: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        rows = self.design.factors.exclude(default="").values_list("code", "default")
        self.defaults = dict(rows)
        self._factors = self.table.of(FACTOR)
        self._measures = self.table.of(MEASURE)
        self._at_event = self.table.of(EVENT)
        self._codes = {column.code for column in self._measures}
        self._event_codes = {column.code for column in self._at_event}
        own = [column.code for column in self.table.head if column.source == RECORD]
        self._has_measures = own[-1] == MISFIT.code
        self._own = own[:-1] if self._has_measures else own
        self._levels = {column.code: _levels(column, self.keep) for column in self._factors}

    def pieces(self) -> Iterator[Piece]:
        for some in _packed(attempts(self.design, self.wish)):
            trials = list(self._trials(some))
            yield from self._with_events(trials) if self.table.tail else self._heads(trials)

    def _heads(self, trials: list[Planned]) -> Iterator[Piece]:
        if trials:
            yield Piece([self._head(one) for one in trials])

    # --- the plan and what is stored ------------------------------------------------------------
    def _trials(self, some: Sequence[Attempt]) -> Iterator[Planned]:
        blocks, stored = _blocks(some), self._stored(some)
        for attempt in some:
            for block in blocks.get(attempt.planned, ()):
                yield from self._of_block(attempt, block, stored)

    def _of_block(
        self, attempt: Attempt, block: Mapping[str, Any], stored: Mapping[Key, Stored]
    ) -> Iterator[Planned]:
        shared = {**self.defaults, **block["values"]}
        for number, own in enumerate(block["trials"]):
            there = stored.get((attempt.run, block["number"], number)) if attempt.run else None
            if there is None and self.wish.only_completed:
                continue
            one = Planned(attempt, block, number, {**shared, **own}, there)
            if self.wish.with_excluded or not _excluded(one):
                yield one

    def _stored(self, some: Sequence[Attempt]) -> dict[Key, Stored]:
        """Return what is stored; the values of trials are read only where the table has them."""
        keys = [attempt.run for attempt in some if attempt.run]
        rows = Trial.objects.filter(visit__run__in=keys).order_by()
        what = "raw" if self._has_measures else "digest"
        found = rows.values_list(
            "visit__run_id", "visit__position", "index", "pk", what,
            "received_at", "sent_at", "is_disputed", "within__count",
            "visit__content__began_at", "onset_ms", "end_ms",
        )  # fmt: skip
        return {(run, block, number): _as_stored(*row) for run, block, number, *row in found}

    # --- heads ----------------------------------------------------------------------------------
    def _head(self, one: Planned) -> Cells:
        record = _record(self.design, one)
        ours = [record[code] for code in self._own]
        if not self._has_measures:
            return ours
        levels = [
            self._levels[each.code].get(level, level)
            if (level := one.factors.get(each.code)) is not None
            else None
            for each in self._factors
        ]
        return [*ours, *levels, *self._said(one.stored)]

    def _said(self, stored: Stored | None) -> Cells:
        """Return a trial's measures, and behind them what does not fit."""
        if stored is None:
            return [None] * (len(self._measures) + 1)
        said = values.said(stored.raw)
        cells, misfits = [], {}
        for column in self._measures:
            value = said.get(column.code)
            found = None if value is None else values.one_checked(value, column.kind)
            if found is None and value is not None:
                misfits[column.code] = value
                found = value if self.keep else None
            cells.append(found)
        misfits |= {name: said[name] for name in said.keys() - self._codes}
        return [*cells, misfits or None]

    # --- events ---------------------------------------------------------------------------------
    def _with_events(self, trials: Sequence[Planned]) -> Iterator[Piece]:
        """Yield trials with their events; without any, a trial stands alone, if it does at all."""
        alone = self.table.what == "joined"
        shown = [one for one in trials if alone or (one.stored and one.stored.events)]
        for some in _by_events(shown):
            raws = _events([one.stored.pk for one in some if one.stored and one.stored.events])
            heads = [self._head(one) for one in some]
            yield Piece(heads, [self._tail(one.stored, raws) for one in some])

    def _tail(self, stored: Stored | None, raws: Mapping[int, str]) -> Tail:
        raw = raws.get(stored.pk) if stored else None
        if raw is None:
            return Tail([[None]] * len(self.table.tail), 1)
        return self._read(values.read(raw))

    def _read(self, events: Any) -> Tail:
        if not isinstance(events, list):
            events = [events]
        if set(map(type, events)) != {dict}:
            events = [values.flat(each) for each in events]
        strange = set().union(*events) - self._event_codes
        found = [[event.get(column.code) for event in events] for column in self._at_event]
        if strange or any(_is_nested(each) for each in found):
            events = [values.flat(each) for each in events]
            strange = set().union(*events) - self._event_codes
            found = [[event.get(column.code) for event in events] for column in self._at_event]
        return self._fit(events, found, strange)

    def _fit(self, events: list[Any], found: list[list[Any]], strange: set[str]) -> Tail:
        misfits: dict[int, dict[str, Any]] = defaultdict(dict)
        fitted: list[Sequence[Any]] = []
        for column, cells in zip(self._at_event, found, strict=True):
            good, bad = values.fitted(cells, column.kind, keep=self.keep)
            fitted.append(good)
            for place, value in bad.items():
                misfits[place][column.code] = value
        for place, event in enumerate(events) if strange else ():
            misfits[place] |= {name: event[name] for name in strange & event.keys()}
        count = len(events)
        told: Sequence[Any] = list(repeat(None, count))
        if misfits:
            told = [misfits.get(place) or None for place in range(count)]
        return Tail([range(count), *fitted, told], count, bool(misfits))


def _is_nested(cells: Iterable[Any]) -> bool:
    return bool({dict, list} & set(map(type, cells)))


def _levels(column: Column, keep: bool) -> dict[str, Any]:
    """Return the values of a factor's levels: as the design writes them, or as numbers."""
    if keep:
        return {}
    return {level: values.one(level, column.kind) for level, _ in column.levels}


def _packed(every: Iterable[Attempt]) -> Iterator[list[Attempt]]:
    """Yield attempts some at a time, so many that their trials are not too many."""
    some: list[Attempt] = []
    count, most = 0, FIRST_AT_ONCE
    for attempt in every:
        if some and (count + attempt.trial_count > most or len(some) >= FETCHED_AT_ONCE):
            yield some
            some, count, most = [], 0, TRIALS_AT_ONCE
        some.append(attempt)
        count += attempt.trial_count
    if some:
        yield some


def _by_events(trials: Iterable[Planned]) -> Iterator[list[Planned]]:
    some: list[Planned] = []
    count, most = 0, FIRST_AT_ONCE
    for one in trials:
        events = one.stored.events if one.stored else 0
        if some and (count + events > most or len(some) >= FETCHED_AT_ONCE):
            yield some
            some, count, most = [], 0, EVENTS_AT_ONCE
        some.append(one)
        count += events
    if some:
        yield some


def _blocks(some: Iterable[Attempt]) -> Mapping[int, list[dict[str, Any]]]:
    plans = {attempt.planned for attempt in some}
    rows = Block.objects.filter(planned_run__in=plans).order_by("planned_run", "number")
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.values("planned_run_id", "number", "measured_number", "is_practice",
                           "first_trial", "values", "trials", "facts"):  # fmt: skip
        found[row["planned_run_id"]].append(row)
    return found


def _events(keys: Sequence[int]) -> dict[int, str]:
    if not keys:
        return {}
    rows = TrialEvents.objects.filter(trial__in=keys).order_by()
    return dict(rows.values_list("trial_id", "raw"))


def _reasons(one: Planned, kind: str) -> list[str]:
    block = one.block["number"]
    return [
        mark.reason
        for mark in one.attempt.marks
        if mark.kind == kind and mark.is_about(block, one.number)
    ]


def _excluded(one: Planned) -> list[str]:
    if one.attempt.excluded_because is None and not one.attempt.marks:
        return []
    said = one.attempt.excluded_because
    return [*([] if said is None else [said]), *_reasons(one, RunMark.Kind.EXCLUDED)]


def _marked(one: Planned) -> dict[str, Any]:
    kinds = RunMark.Kind
    excluded = _excluded(one)
    skipped, redone = _reasons(one, kinds.SKIPPED), _reasons(one, kinds.REDONE)
    notes = [*filter(None, [one.attempt.aside_because]), *_reasons(one, kinds.NOTE)]
    return {
        "excluded": bool(excluded), "excluded_because": _one_text(excluded),
        "skipped": bool(skipped), "skipped_because": _one_text(skipped),
        "redo": bool(redone), "redo_because": _one_text(redone),
        "notes": _one_text(notes),
    }  # fmt: skip


def _one_text(reasons: Sequence[str]) -> str | None:
    return "; ".join(reasons) or None


def _record(design: Design, one: Planned) -> dict[str, Any]:
    attempt, block, stored = one.attempt, one.block, one.stored
    return {
        "experiment": design.code,
        "run": attempt.code,
        "run_id": str(attempt.run) if attempt.run else None,
        "participant": attempt.participant or None,
        "status": attempt.status,
        "pilot": attempt.is_pilot,
        "superseded": attempt.is_superseded,
        **_marked(one),
        "practice": block["is_practice"],
        "block": block["number"],
        "measured_block": block["measured_number"],
        "file_block": block["facts"].get("number"),
        "file_blocks": block["facts"].get("total"),
        "trial": one.number,
        "trial_of_run": block["first_trial"] + one.number,
        "completed": stored is not None,
        "received_at": stored.received_at if stored else None,
        "began_at": stored.began_at if stored else None,
        "lasted_ms": stored.lasted_ms if stored else None,
        "sent_at": stored.sent_at if stored else None,
        "disputed": stored.is_disputed if stored else False,
        "event_count": stored.events if stored else 0,
    }
