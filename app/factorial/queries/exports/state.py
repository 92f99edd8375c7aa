"""What an export would be made of, as one short text: it changes when an export would."""

import hashlib
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, Sum

from factorial.models import Design, LogRun, RunMark
from factorial.queries.exports.attempts import Wish
from runs.models import Run, Trial


def digest_of(design: Design, wish: Wish, file: str) -> str:
    """Return the hash of all that a file is made of; rows are added and marked, never changed."""
    runs = Run.objects.filter(
        Q(planned_run__design=design)
        | Q(design=design.digest, project=design.project_id, source=Run.Source.FACTORIAL)
        | Q(log_run__design=design)
    )
    keys = runs.order_by().values("pk")
    marks = RunMark.objects.filter(run__in=keys)
    parts = [
        settings.RELEASE, file, wish, design.pk, design.digest, design.code, design.name,
        runs.aggregate(Count("pk"), Max("excluded_at"), Count("excluded_at"), Max("ended_at")),
        sorted(runs.order_by().values_list("status", "is_pilot").annotate(Count("pk"))),
        sorted(runs.order_by().exclude(excluded_because="").values_list("excluded_because")),
        _stored(keys),
        marks.aggregate(Count("pk"), Count("undone_at"), Max("pk"), Max("undone_at")),
        design.planned_runs.aggregate(Count("pk"), Sum("done"), Count("run"), Max("put_aside_at")),
        design.measures.aggregate(Count("pk"), at_event=Count("pk", filter=Q(at_event=True)),
                                  at_trial=Count("pk", filter=Q(at_trial=True))),
        sorted(LogRun.objects.filter(design=design).order_by().values_list("status")
               .annotate(Count("pk"))),
    ]  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _stored(runs: Any) -> dict[str, object]:
    rows = Trial.objects.filter(visit__run__in=runs)
    return rows.aggregate(Count("pk"), Max("pk"), disputed=Count("pk", filter=Q(is_disputed=True)))
