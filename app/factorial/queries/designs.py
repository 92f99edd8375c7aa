"""Who sees which designs, and how far their runs are."""

from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from accounts.models import Project
from common.errors import NotThere
from common.search import LIMIT, Hit
from factorial.models import Design, PlannedRun
from runs.models import Run


def listed(person: Any, *, is_archive: bool) -> QuerySet[Design]:
    """Return the designs that somebody sees, with counts of runs."""
    seen = Design.objects.visible_to(person).filter(archived_at__isnull=not is_archive)
    rows: QuerySet[Design] = (
        seen.select_related("project__lab")
        .annotate(
            run_count=_counted(),
            done_count=_counted(run__status=Run.Status.COMPLETED),
            begun_count=_counted(run__isnull=False),
        )
        .order_by("project__lab__name", "project__name", "code")
    )
    return rows


def _counted(**which: Any) -> Subquery:
    runs = PlannedRun.objects.filter(design=OuterRef("pk"), **which).order_by()
    return Subquery(runs.values("design").annotate(n=Count("pk")).values("n"))


def visible(person: Any, key: int) -> Design:
    """Return a design that somebody sees.

    Raises
    ------
    NotThere
        There is none, or not for them.
    """
    rows = Design.objects.visible_to(person).select_related("project__lab", "created_by")
    found: Design | None = rows.filter(pk=key).first()
    if found is None:
        raise NotThere
    return found


def may_change(person: Any, design: Design) -> bool:
    return Project.objects.editable_by(person).filter(pk=design.project_id).exists()


def may_bring(person: Any) -> bool:
    return Project.objects.editable_by(person).exists()


def tally(design: Design) -> dict[str, int]:
    """Return how many runs there are, begun and done, and how many trials."""
    is_done = Q(run__status=Run.Status.COMPLETED)
    counts = design.planned_runs.aggregate(
        runs=Count("pk"), begun=Count("run"), done=Count("pk", filter=is_done)
    )
    return dict(counts)


def found(person: Any, text: str) -> list[Hit]:
    """Search by what a design is called, by its id or its name."""
    called = Q(code__icontains=text) | Q(name__icontains=text)
    rows = Design.objects.visible_to(person).filter(called).select_related("project")
    return [
        Hit(
            title=str(row),
            url=reverse("factorial:design", args=[row.pk]),
            detail=f"{row.code}, {row.project}",
            icon="grid",
        )
        for row in rows[:LIMIT]
    ]
