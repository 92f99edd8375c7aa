"""How much was recorded of a design, and what of it is in no backup."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q, Sum

from accounts.models import AuditEntry, Project
from accounts.roles import Role
from factorial.models import Design
from factorial.queries.monitor import attempts_of
from runs.models import Run, Trial

BACKED_UP = "design.backed-up"


@dataclass(frozen=True)
class Amount:
    """Some runs of a design, and what was recorded in them."""

    runs: int
    under_way: int
    trials: int
    events: int


@dataclass(frozen=True)
class Recorded:
    """All that there is of a design, its pilots, and what came since its last backup."""

    whole: Amount
    pilots: Amount
    first_at: datetime | None
    last_at: datetime | None
    backed_up_at: datetime | None
    since: int  # trials

    @property
    def real(self) -> int:
        return self.whole.runs - self.pilots.runs


def recorded(design: Design) -> Recorded:
    """Count what was recorded of a design, in three questions."""
    backed_up = AuditEntry.objects.on(design).filter(action=BACKED_UP)
    last = backed_up.order_by("-pk").values_list("at", flat=True).first()
    pilot, is_open = Q(is_pilot=True), Q(status__in=Run.OPEN)
    runs = attempts_of(design).aggregate(
        runs=Count("pk"),
        under_way=Count("pk", filter=is_open),
        pilots=Count("pk", filter=pilot),
        pilots_under_way=Count("pk", filter=pilot & is_open),
        first_at=Min("created_at"),
    )
    trials = _trials(design, last)
    return Recorded(
        whole=Amount(runs["runs"], runs["under_way"], trials["trials"], trials["events"] or 0),
        pilots=Amount(
            runs["pilots"],
            runs["pilots_under_way"],
            trials["pilots"],
            trials["pilot_events"] or 0,
        ),
        first_at=runs["first_at"],
        last_at=trials["last_at"],
        backed_up_at=last,
        since=trials["since"],
    )


def _trials(design: Design, backed_up_at: datetime | None) -> dict[str, Any]:
    pilot = Q(visit__run__is_pilot=True)
    later = Q(received_at__gte=backed_up_at) if backed_up_at else Q()
    rows = Trial.objects.filter(visit__run__in=attempts_of(design).order_by()).order_by()
    return dict(
        rows.aggregate(
            trials=Count("pk"),
            events=Sum("within__count"),
            pilots=Count("pk", filter=pilot),
            pilot_events=Sum("within__count", filter=pilot),
            last_at=Max("received_at"),
            since=Count("pk", filter=later),
        )
    )


def may_clear(person: Any, design: Design) -> bool:
    mine = Project.objects.with_role(person, Role.MANAGER)
    return bool(mine.filter(pk=design.project_id).exists())
