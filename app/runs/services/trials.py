"""Storing trials exactly once, however often they are sent."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, FilteredRelation, Q, Value
from django.db.models.functions import Greatest
from django.utils.timezone import now

from runs.errors import HeldElsewhere, NoSuchVisit, RunIsOver
from runs.models import Answer, Event, Measure, Run, Trial, Variant, Visit
from runs.models.answers import measure_id
from runs.rows import LARGEST_INDEX, Batch, Happening, Row, Said, digest, said_in
from runs.services.leases import renew

IN_HAND = ("step", "stimulus", "run", "run__project", "run__design", "run__status")
BEGAN = "block began"  # what a runner notes when the first trial of a block is shown
LONGEST_AGO_MS = 24 * 60 * 60 * 1000
NO_INDEX = LARGEST_INDEX + 1  # no row has it


@dataclass(frozen=True)
class Receipt:
    """What is safe on the server: a browser may forget these rows."""

    stored: list[int]
    disputed: list[int]


@transaction.atomic
def receive(*, key: str, visit: str, batch: Batch) -> Receipt:
    """Store what a browser sends of the visit of a run, known by its key alone.

    A row whose index is there already is a no-op when its content is the same; another content is
    kept beside the first and marked. All of a batch is stored, or nothing. What was stored before
    is a no-op also when the run is over by now or goes on elsewhere: the reply may have been lost.

    Raises
    ------
    NoSuchVisit
        The key opens no run, or the visit is another's.
    HeldElsewhere, RunIsOver
        Another browser writes, or the run has ended, and some of it is new; nothing is stored.
    """
    at = now()
    may_write = renew(Run.objects.filter(key_digest=digest(key)), holder=batch.holder, at=at)
    seen, kept = _seen(key, visit, batch.rows)
    return _take(seen, kept, batch, at) if may_write else _known(seen, kept, batch)


def _seen(key: str, visit: str, rows: Sequence[Row]) -> tuple[Visit, dict[int, str]]:
    """Return a visit, and the digests of what is stored under the indices of the rows."""
    try:
        which = uuid.UUID(visit)
    except ValueError:
        raise NoSuchVisit from None
    indices = [row.index for row in rows] or [NO_INDEX]
    found = list(
        Visit.objects.filter(pk=which, run__key_digest=digest(key))
        .annotate(kept=FilteredRelation("trials", condition=Q(trials__index__in=indices)))
        .order_by()
        .values_list(*IN_HAND, "kept__index", "kept__digest")
    )
    if not found:
        raise NoSuchVisit
    step, stimulus, run, project, design, status = found[0][: len(IN_HAND)]
    run = Run(pk=run, project_id=project, design=design, status=status)
    visit_found = Visit(pk=which, run=run, step=step, stimulus=stimulus)
    return visit_found, {index: kept for *_, index, kept in found if kept}


@transaction.atomic
def store(
    *, visit: Visit, holder: str, rows: Sequence[Row], sent_at: datetime | None = None
) -> Receipt:
    """Store rows of a visit that is at hand, as `receive` does."""
    at, batch = now(), Batch(holder, list(rows), [], sent_at)
    may_write = renew(Run.objects.filter(pk=visit.run_id), holder=holder, at=at)
    stored = Trial.objects.filter(visit=visit, index__in=[row.index for row in rows])
    kept = dict(stored.order_by().values_list("index", "digest"))
    return _take(visit, kept, batch, at) if may_write else _known(visit, kept, batch)


def _known(visit: Visit, kept: Mapping[int, str], batch: Batch) -> Receipt:
    """Say that all of it came before, and only the reply was lost; else refuse it."""
    if not batch.rows or any(kept.get(row.index) != row.digest for row in batch.rows):
        visit.run.refresh_from_db(fields=["status"])
        raise HeldElsewhere if visit.run.is_open else RunIsOver
    return Receipt([row.index for row in batch.rows], [])


def _take(visit: Visit, kept: Mapping[int, str], batch: Batch, at: datetime) -> Receipt:
    """Write a batch, given what is stored; no other writer of the run is at it, since it is held.

    What is new is inserted and what differs is marked by one statement.
    """
    new = [row for row in batch.rows if row.index not in kept]
    disputed = [row for row in batch.rows if kept.get(row.index, row.digest) != row.digest]
    trials = [_trial(visit, row, at, batch.sent_at) for row in new + disputed]
    for trial in trials[len(new) :]:
        trial.is_disputed = True
    stored = Trial.objects.bulk_create(
        trials,
        update_conflicts=True,
        update_fields=["is_disputed"],
        unique_fields=["visit", "index"],
    )
    _answer(visit, list(zip(stored, new, strict=False)), at)
    _keep_beside(visit, disputed, at)
    _note(visit, batch.happenings, at)
    if not batch.rows:
        _begin(visit, batch.happenings, at)
    return Receipt([row.index for row in batch.rows], [row.index for row in disputed])


def _note(visit: Visit, happenings: Iterable[Happening], at: datetime) -> None:
    """Keep what happened around the trials; a number that is there already is that event again."""
    events = [
        Event(
            run_id=visit.run_id,
            visit=visit,
            number=one.number,
            kind=one.kind,
            at_ms=one.at_ms,
            data=one.data,
            received_at=at,
        )
        for one in happenings
    ]
    Event.objects.bulk_create(events, ignore_conflicts=True)


def _begin(visit: Visit, happenings: Sequence[Happening], at: datetime) -> None:
    """Note when a task really began, before it has rows: with its first trial, not as it loads.

    What the browser noted later in the same batch tells how long ago that was.
    """
    first = [one.at_ms for one in happenings if one.kind == BEGAN and one.at_ms is not None]
    if not first:
        return
    latest = max(one.at_ms for one in happenings if one.at_ms is not None)
    began = at - timedelta(milliseconds=min(latest - min(first), LONGEST_AGO_MS))
    Visit.objects.filter(pk=visit.pk, started_at=None).update(
        started_at=Greatest("served_at", Value(began, output_field=DateTimeField()))
    )


def _trial(visit: Visit, row: Row, at: datetime, sent_at: datetime | None) -> Trial:
    return Trial(
        visit=visit,
        index=row.index,
        digest=row.digest,
        raw=row.raw,
        plugin=row.plugin,
        plugin_version=row.plugin_version,
        stimulus=row.stimulus or visit.stimulus,
        onset_ms=row.onset_ms,
        end_ms=row.end_ms,
        rt_ms=row.rt_ms,
        response=row.response,
        sent_at=sent_at,
        received_at=at,
    )


def _keep_beside(visit: Visit, rows: Iterable[Row], at: datetime) -> None:
    """Keep contents that differ from what was stored first, and mark the page."""
    variants = [
        Variant(visit=visit, index=row.index, digest=row.digest, raw=row.raw, received_at=at)
        for row in rows
    ]
    if not variants:
        return
    Variant.objects.bulk_create(variants, ignore_conflicts=True)
    Visit.objects.filter(pk=visit.pk).update(is_disputed=True)


def _answer(visit: Visit, stored: Iterable[tuple[Trial, Row]], at: datetime) -> None:
    """Write what new trials report."""
    found = [(trial, row, said) for trial, row in stored for said in said_in(row, visit.step)]
    if not found:
        return
    know(visit, {said.name for _, _, said in found})
    answers = [
        Answer(trial=trial, stimulus=row.stimulus or visit.stimulus, **columns(visit, said, at))
        for trial, row, said in found
    ]
    Answer.objects.bulk_create(answers)


def know(visit: Visit, names: Iterable[str]) -> None:
    """Register names that the design does not have, marked as such; known ones stay as they are."""
    run = visit.run
    Measure.objects.bulk_create(
        [
            Measure(
                pk=measure_id(run.project_id, run.design, name),
                project_id=run.project_id,
                design=run.design,
                name=name,
                is_unforeseen=True,
            )
            for name in sorted(names)
        ],
        ignore_conflicts=True,
    )


def columns(visit: Visit, said: Said, at: datetime) -> dict[str, Any]:
    """Return the columns that an answer has, whether it comes from a trial or from a form."""
    run = visit.run
    return {
        "visit": visit,
        "measure_id": measure_id(run.project_id, run.design, said.name),
        "value": said.value,
        "number": said.number,
        "text": said.text,
        "missing": said.missing,
        "received_at": at,
    }
