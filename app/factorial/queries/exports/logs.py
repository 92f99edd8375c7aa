"""The logs of runs that clients name and number themselves, as rows of an export."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count

from factorial.models import Design, LogRun
from factorial.queries.exports import values
from factorial.queries.exports.attempts import FACTS, Attempt, Wish, facts, is_wanted, marks_of
from factorial.queries.exports.columns import MEASURE, OF_LOG, Table
from factorial.queries.exports.trials import Piece
from runs.models import Trial, Visit

LOGS_AT_ONCE, RUNS_AT_ONCE = 5000, 200


@dataclass(frozen=True)
class Sequenced:
    """One sequence of logs; what is numbered above ``last`` was done again in a later one."""

    attempt: Attempt
    run: Mapping[str, Any]
    visit: UUID
    number: int
    last: int | None
    count: int


def logged_in(design: Design) -> set[str]:
    """Return every key that was logged: as each sequence has noted it, else by looking."""
    found: set[str] = set()
    unsure: list[UUID] = []
    visits = Visit.objects.filter(run__log_run__design=design).order_by()
    for visit, content in visits.values_list("pk", "content"):
        names = content.get("names")
        if names is None:
            unsure.append(visit)
        else:
            found.update(*names.values())
    for first in range(0, len(unsure), RUNS_AT_ONCE):
        found |= _looked_for(unsure[first : first + RUNS_AT_ONCE])
    return found


def _looked_for(visits: Sequence[UUID]) -> set[str]:
    found: set[str] = set()
    rows = Trial.objects.filter(visit__in=visits).order_by("pk")
    after = 0
    while some := list(rows.filter(pk__gt=after).values_list("pk", "raw")[:LOGS_AT_ONCE]):
        found.update(*(values.at_top(raw).keys() for _, raw in some))
        after = some[-1][0]
    return found


def pieces(design: Design, table: Table, wish: Wish, *, keep: bool) -> Iterator[Piece]:
    """Yield the logs run by run, in their own order."""
    for some in _packed(_sequences(design, wish)):
        for page in _pages(some):
            shown = [each for each in page if wish.with_superseded or not _is_redone(*each)]
            yield Piece([_head(design, table, *each, keep=keep) for each in shown])


def _sequences(design: Design, wish: Wish) -> Iterator[Sequenced]:
    every = _attempts(design, wish)
    for first in range(0, len(every), RUNS_AT_ONCE):
        some = every[first : first + RUNS_AT_ONCE]
        visits = _visits(attempt.run for attempt, _ in some)
        for attempt, run in some:
            yield from _of_run(attempt, run, visits.get(run["run_id"], []))


def _attempts(design: Design, wish: Wish) -> list[tuple[Attempt, dict[str, Any]]]:
    rows = LogRun.objects.filter(design=design).order_by("pk")
    of_run = {f"run__{name}" for name in FACTS}
    found = list(rows.values("public_id", "run_id", "name", "status", "planned_run__code", *of_run))
    marks = marks_of(row["run_id"] for row in found)
    both = [(_attempt(row, marks.get(row["run_id"], ())), row) for row in found]
    named = [pair for pair in both if not wish.run or wish.run == pair[0].code]
    return [(attempt, row) for attempt, row in named if is_wanted(attempt, wish)]


def _attempt(row: Mapping[str, Any], marks: Any) -> Attempt:
    is_over = row["status"] == LogRun.Status.CANCELED
    known = facts({name: row[f"run__{name}"] for name in FACTS})
    return Attempt(code=row["name"], is_superseded=is_over, marks=marks, **known)


def _visits(runs: Iterable[UUID | None]) -> Mapping[UUID, list[dict[str, Any]]]:
    rows = Visit.objects.filter(run__in=list(runs)).annotate(count=Count("trials"))
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.order_by("run", "position").values("run_id", "pk", "content", "count"):
        found[row["run_id"]].append(row)
    return found


def _of_run(
    attempt: Attempt, run: Mapping[str, Any], visits: Sequence[Mapping[str, Any]]
) -> Iterator[Sequenced]:
    """Yield the sequences; each resumes after a number, and stands for all that came behind it."""
    last: int | None = None
    found = []
    for number, visit in reversed(list(enumerate(visits))):
        found.append(Sequenced(attempt, run, visit["pk"], number, last, visit["count"]))
        after = visit["content"].get("after", 0)
        last = after if last is None else min(last, after)
    return reversed(found)


def _packed(every: Iterable[Sequenced]) -> Iterator[list[Sequenced]]:
    some: list[Sequenced] = []
    count = 0
    for one in every:
        if some and count + one.count > LOGS_AT_ONCE:
            yield some
            some, count = [], 0
        some.append(one)
        count += one.count
    if some:
        yield some


def _pages(some: Sequence[Sequenced]) -> Iterator[list[tuple[Sequenced, tuple[Any, ...]]]]:
    """Yield logs of a few short sequences at once, and of a long one by pages."""
    if len(some) > 1:
        yield _fetched(some)
        return
    after = -1
    while page := _fetched(some, after):
        yield page
        after = page[-1][1][1]


def _fetched(some: Sequence[Sequenced], after: int = -1) -> list[tuple[Sequenced, tuple[Any, ...]]]:
    by_visit = {one.visit: one for one in some}
    rows = Trial.objects.filter(visit__in=by_visit, index__gt=after).order_by("visit", "index")
    fields = ("visit_id", "index", "plugin", "raw", "received_at", "is_disputed")
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows.values_list(*fields)[: LOGS_AT_ONCE if len(some) == 1 else None]:
        found[row[0]].append(row)
    return [(one, row) for one in some for row in found.get(one.visit, ())]


def _head(
    design: Design, table: Table, one: Sequenced, row: tuple[Any, ...], *, keep: bool
) -> list[Any]:
    _, number, kind, raw, received_at, is_disputed = row
    attempt = one.attempt
    left_out = attempt.left_out
    record = {
        "experiment": design.code,
        "run": attempt.code or None,
        "run_id": str(one.run["public_id"]),
        "participant": attempt.participant or None,
        "status": attempt.status,
        "pilot": attempt.is_pilot,
        "superseded": attempt.is_superseded or _is_redone(one, row),
        "excluded": bool(left_out),
        "excluded_because": "; ".join(left_out) or None,
        "planned_run": one.run["planned_run__code"],
        "run_status": one.run["status"],
        "sequence": one.number,
        "number": number,
        "log_type": kind,
        "received_at": received_at,
        "disputed": is_disputed,
    }
    return [*(record[column.code] for column in OF_LOG), *_said(table, raw, keep=keep)]


def _is_redone(one: Sequenced, row: tuple[Any, ...]) -> bool:
    return one.last is not None and row[1] > one.last


def _said(table: Table, raw: str, *, keep: bool) -> list[Any]:
    said, cells, misfits = values.at_top(raw), [], {}
    for column in table.of(MEASURE):
        value = said.pop(column.code, None)
        found = None if value is None else values.one_checked(value, column.kind)
        if found is None and value is not None:
            misfits[column.code] = value
            found = value if keep else None
        cells.append(found)
    return [*cells, {**misfits, **said} or None]
