"""Storing what a page's form says, exactly once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from runs.errors import HeldElsewhere, RunIsOver
from runs.models import Answer, Variant, Visit
from runs.models.trials import FORM
from runs.rows import Said, digest
from runs.services.leases import hold
from runs.services.trials import columns, know


@dataclass(frozen=True)
class Given:
    """One answer of a form: the value, and the words that stood beside it."""

    said: Said
    label: str = ""


@transaction.atomic
def submit(  # noqa: PLR0913  a form brings these along
    *,
    visit: Visit,
    holder: str,
    answers: Sequence[Given],
    choice: str = "",
    answered_at: datetime | None = None,
    started_at: datetime | None = None,
    also: Sequence[Given] = (),
) -> bool:
    """Store a form's answers; return whether they are the first or the same as the first.

    The first to come counts. Sent again it is a no-op, also when the run is over by now or goes on
    elsewhere: the reply may have been lost. Another content is kept beside it and the page is
    marked. ``choice`` is the button, where it is part of what was said; ``also`` was worked out of
    the answers, and is stored with the first of them. ``started_at`` is when the page began before
    the participant, where that is known; it lies between serving and sending.

    Raises
    ------
    HeldElsewhere, RunIsOver
        Another browser writes, or the run has ended; nothing is stored.
    """
    at, raw = now(), _raw(answers, choice)
    try:
        hold(run=visit.run, holder=holder, at=at)
    except (HeldElsewhere, RunIsOver):
        # The visit itself is gone where the participant has withdrawn.
        if not Visit.objects.filter(pk=visit.pk, submission=digest(raw)).exists():
            raise
        return True
    unsent = Visit.objects.filter(pk=visit.pk, submitted_at=None)
    began = Coalesce("started_at", Value(_began(visit, started_at, at)))
    if unsent.update(submitted_at=at, submission=digest(raw), started_at=began):
        _store(visit, [*answers, *also], at, answered_at)
        return True
    return _is_same(visit, raw, at)


def _began(visit: Visit, started_at: datetime | None, at: datetime) -> datetime:
    """Return when a page began; a browser's clock is not believed beyond what the server saw."""
    return min(max(started_at or visit.served_at, visit.served_at), at)


def _raw(answers: Sequence[Given], choice: str) -> str:
    told: dict[str, Any] = {
        given.said.name: [given.said.value, given.said.missing] for given in answers
    }
    told |= {"": choice} if choice else {}  # no item has an empty name
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _store(
    visit: Visit, answers: Sequence[Given], at: datetime, answered_at: datetime | None
) -> None:
    know(visit, {given.said.name for given in answers})
    Answer.objects.bulk_create(
        Answer(
            label=given.label,
            stimulus=visit.stimulus,
            answered_at=answered_at,
            **columns(visit, given.said, at),
        )
        for given in answers
    )


def _is_same(visit: Visit, raw: str, at: datetime) -> bool:
    visit.refresh_from_db(fields=["submission"])
    if visit.submission == digest(raw):
        return True
    Variant.objects.bulk_create(
        [Variant(visit=visit, index=FORM, digest=digest(raw), raw=raw, received_at=at)],
        ignore_conflicts=True,
    )
    Visit.objects.filter(pk=visit.pk).update(is_disputed=True)
    return False
