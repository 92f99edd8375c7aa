"""The columns of an export: what each holds, where it comes from, and what it is called.

Ids of the design stay as they are. Where a factor, a measure and a column of ours have the same,
ours keeps it and theirs say which they are: ``_factor_MENU``, ``_measure_MENU``, ``_event_MENU``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from factorial.models import Design
from factorial.queries.exports.values import Kind, kind_of, number_of

What = Literal["trials", "events", "joined", "logs"]
WHAT: tuple[What, ...] = ("trials", "events", "joined", "logs")
RECORD, FACTOR, MEASURE, EVENT = "record", "factor", "measure", "event"


@dataclass(frozen=True)
class Column:
    """One column. ``levels`` are ids and names; ``declared`` is the design's word for its type."""

    name: str
    kind: Kind
    source: str = RECORD
    code: str = ""
    label: str = ""
    unit: str = ""
    declared: str = ""
    levels: tuple[tuple[str, str], ...] = ()
    is_declared: bool = True


@dataclass(frozen=True)
class Table:
    """``head`` is said once of a trial, ``tail`` of each of its events; misfits come last."""

    what: What
    head: tuple[Column, ...]
    tail: tuple[Column, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        return (*self.head, *self.tail)

    def of(self, source: str) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.source == source)


def _own(name: str, kind: Kind, label: str, unit: str = "") -> Column:
    return Column(name, kind, code=name, label=label, unit=unit)


OF_RUN = (
    _own("experiment", "text", "The design's id"),
    _own("run", "text", "The planned run, or the name that a client gave it"),
    _own("run_id", "text", "The attempt at it"),
    _own("participant", "text", "The participant's pseudonym, where there is one"),
    _own("status", "text", "The attempt's state; not begun, where nobody has tried"),
    _own("pilot", "truth", "It was a trial of the experiment itself"),
    _own("superseded", "truth", "Another attempt or sequence has taken its place"),
    _own("excluded", "truth", "Somebody of the lab left it out of analyses"),
    _own("excluded_because", "text", "Why"),
)
OF_TRIAL = (
    *OF_RUN,
    _own("skipped", "truth", "Somebody of the lab let the participant pass it by"),
    _own("skipped_because", "text", "Why"),
    _own("redo", "truth", "Somebody of the lab asked for it to be done again"),
    _own("redo_because", "text", "Why"),
    _own("notes", "text", "What somebody of the lab noted about it"),
    _own("practice", "truth", "It belongs to a block of practice"),
    _own("block", "integer", "The block's place in the run from 0, practice included"),
    _own("measured_block", "integer", "The same without practice; empty for practice"),
    _own("file_block", "integer", "The block's number in the design's file"),
    _own("file_blocks", "integer", "How many blocks the design's file says there are"),
    _own("trial", "integer", "The trial's place in its block from 0"),
    _own("trial_of_run", "integer", "The trial's place in the run from 0"),
    _own("completed", "truth", "Something is stored of it"),
    _own("received_at", "time", "When the site had stored it", "UTC"),
    _own("began_at", "time", "When it began, by the client's own clock", "UTC"),
    _own("lasted_ms", "number", "How long it took, by the client", "ms"),
    _own("sent_at", "time", "When the client sent it, by its own clock", "UTC"),
    _own("disputed", "truth", "Another content came for it later and is kept apart"),
    _own("event_count", "integer", "How many events were logged in it"),
)
OF_LOG = (
    *OF_RUN,
    _own("planned_run", "text", "The planned run, where the client named one"),
    _own("run_status", "text", "The run's state in the client's words"),
    _own("sequence", "integer", "How often the run had been resumed"),
    _own("number", "integer", "The log's number, given by the client"),
    _own("log_type", "text", "What kind of log it is"),
    _own("received_at", "time", "When the site had stored it", "UTC"),
    _own("disputed", "truth", "Another content came for it later and is kept apart"),
)
KEYS = ("experiment", "run", "run_id", "participant", "pilot", "superseded", "excluded",
        "practice", "block", "measured_block", "trial")  # fmt: skip
MISFIT = _own("misfit", "data", "What is not as the design declares it: name and value as sent")
EVENT_NUMBER = _own("event", "integer", "The event's place in its trial from 0")
EVENT_MISFIT = _own("event_misfit", "data", "What of the event is not as the design declares it")


def table_of(design: Design, what: What, *, logged: Iterable[str] = ()) -> Table:
    """Return the columns of one export; ``logged`` are the keys of logs that no design declares."""
    if what == "logs":
        return _named(Table(what, (*OF_LOG, *_logged(design, logged), MISFIT)))
    at_trial, at_event = _measures(design)
    whole = (*OF_TRIAL, *_factors(design), *at_trial, MISFIT)
    if what == "trials":
        return _named(Table(what, whole))
    tail = (EVENT_NUMBER, *at_event, EVENT_MISFIT)
    if what == "joined":
        return _named(Table(what, whole, tail))
    return _named(Table(what, tuple(each for each in OF_TRIAL if each.name in KEYS), tail))


def _factors(design: Design) -> list[Column]:
    rows = design.factors.order_by("position").values_list(
        "code", "type", "name", "values", "default"
    )
    return [
        Column(code, _kind_of_factor(type_, _levels(values)), FACTOR, code, name,
               declared=type_, levels=_levels(values))
        for code, type_, name, values, _default in rows
    ]  # fmt: skip


def _levels(values: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    """Return ids and names, in whichever of the two ways they are written down."""
    return tuple(
        (str(each["id"]), str(each.get("name") or ""))
        if isinstance(each, dict)
        else (str(each[0]), str(each[1] or ""))
        for each in values
    )


def _kind_of_factor(declared: str, levels: Sequence[tuple[str, str]]) -> Kind:
    """Return what a factor's levels are: numbers only where all of them are."""
    kind = kind_of(declared)
    fits = all(number_of(level, kind) is not None for level, _ in levels)
    return kind if kind in {"integer", "number"} and fits else "text"


def _measures(design: Design) -> tuple[list[Column], list[Column]]:
    rows = list(
        design.measures.order_by("position", "code").values_list(
            "code", "type", "name", "is_declared", "at_trial", "at_event"
        )
    )
    made = [(_measure(*row[:4]), row[4], row[5]) for row in rows]
    at_event = [replace(column, source=EVENT) for column, _, is_at_event in made if is_at_event]
    return [column for column, is_at_trial, _ in made if is_at_trial], at_event


def _measure(code: str, declared: str, label: str, is_declared: bool) -> Column:
    return Column(code, kind_of(declared) if is_declared else "any", MEASURE, code, label,
                  declared=declared, is_declared=is_declared)  # fmt: skip


def _logged(design: Design, logged: Iterable[str]) -> list[Column]:
    """Return the keys of logs: those that the design declares by its types, the others as sent."""
    known = {column.code: column for column in _measures(design)[0]}
    bare = [Column(code, "any", MEASURE, code, is_declared=False) for code in sorted(logged)]
    return [known.get(column.code, column) for column in bare]


def _named(table: Table) -> Table:
    """Call each column as it is called elsewhere, unless another has the name."""
    ours = {column.name for column in table.columns if column.source == RECORD}
    others = Counter(column.code for column in table.columns if column.source != RECORD)
    clashing = ours | {code for code, times in others.items() if times > 1}
    taken = ours | {code for code in others if code not in clashing}

    def named(column: Column) -> Column:
        if column.source == RECORD or column.code not in clashing:
            return column
        name = f"_{column.source}_{column.code}"
        while name in taken:
            name = f"_{name}"
        taken.add(name)
        return replace(column, name=name)

    return replace(table, head=tuple(map(named, table.head)), tail=tuple(map(named, table.tail)))
