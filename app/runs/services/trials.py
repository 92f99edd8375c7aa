"""Storing trials exactly once, however often they are sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from runs.errors import HeldElsewhere, RunIsOver
from runs.models import Answer, Measure, Trial, Variant, Visit
from runs.models.answers import measure_id
from runs.rows import Row, Said, said_in
from runs.services.leases import hold


@dataclass(frozen=True)
class Receipt:
    """What is safe on the server: a browser may forget these rows."""

    stored: list[int]
    disputed: list[int]


@transaction.atomic
def store(
    *, visit: Visit, holder: str, rows: Sequence[Row], sent_at: datetime | None = None
) -> Receipt:
    """Store the rows of a visit, and their responses as answers.

    A row whose index is there already is a no-op when its content is the same; another content is
    kept beside the first and marked. All of a batch is stored, or nothing. What was stored before
    is a no-op also when the run is over by now or goes on elsewhere: the reply may have been lost.

    Raises
    ------
    HeldElsewhere, RunIsOver
        Another browser writes, or the run has ended, and some of it is new; nothing is stored.
    """
    at = now()
    try:
        hold(run=visit.run, holder=holder, at=at)
    except (HeldElsewhere, RunIsOver):
        if not _are_stored(visit, rows):
            raise
        return Receipt([row.index for row in rows], [])
    Trial.objects.bulk_create(
        [_trial(visit, row, at, sent_at) for row in rows], ignore_conflicts=True
    )
    kept = _kept(visit, rows)
    disputed = [row for row in rows if kept[row.index].digest != row.digest]
    _keep_beside(visit, disputed, at)
    _answer(visit, [(kept[row.index], row) for row in rows if row not in disputed], at)
    return Receipt([row.index for row in rows], [row.index for row in disputed])


def _kept(visit: Visit, rows: Sequence[Row]) -> dict[int, Trial]:
    """Return what is stored under the indices of the rows."""
    stored = Trial.objects.filter(visit=visit, index__in=[row.index for row in rows])
    return {trial.index: trial for trial in stored.only("index", "digest", "visit").order_by()}


def _are_stored(visit: Visit, rows: Sequence[Row]) -> bool:
    """Say whether all of it came before: then only the reply was lost."""
    kept = _kept(visit, rows)
    return all(row.index in kept and kept[row.index].digest == row.digest for row in rows)


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
    """Keep contents that differ from what was stored first, and mark both trial and page."""
    variants = [
        Variant(visit=visit, index=row.index, digest=row.digest, raw=row.raw, received_at=at)
        for row in rows
    ]
    if not variants:
        return
    Variant.objects.bulk_create(variants, ignore_conflicts=True)
    indices = [variant.index for variant in variants]
    Trial.objects.filter(visit=visit, index__in=indices).update(is_disputed=True)
    Visit.objects.filter(pk=visit.pk).update(is_disputed=True)


def _answer(visit: Visit, stored: Iterable[tuple[Trial, Row]], at: datetime) -> None:
    """Write what the trials report; sent again, the answers are there already."""
    found = [(trial, row, said) for trial, row in stored for said in said_in(row, visit.step)]
    if not found:
        return
    know(visit, {said.name for _, _, said in found})
    answers = [
        Answer(trial=trial, stimulus=row.stimulus or visit.stimulus, **columns(visit, said, at))
        for trial, row, said in found
    ]
    Answer.objects.bulk_create(answers, ignore_conflicts=True)


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
