"""The recent errors as pages show them."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from ops.models import ErrorOccurrence, ErrorReport

PAGE = 50


@dataclass(frozen=True)
class Counts:
    open: int
    resolved: int


def counts() -> Counts:
    found = ErrorReport.objects.aggregate(
        open=Count("pk", filter=Q(resolved_at=None)),
        resolved=Count("pk", filter=Q(resolved_at__isnull=False)),
    )
    return Counts(**found)


def open_count() -> int:
    return ErrorReport.objects.filter(resolved_at=None).count()


def reports(*, state: str = "open", request_id: str = "") -> QuerySet[ErrorReport]:
    """Return the errors in a state; those of one request in any state."""
    rows = ErrorReport.objects.select_related("resolved_by")
    if request_id:
        hits = ErrorOccurrence.objects.filter(request_id=request_id)
        return rows.filter(pk__in=hits.values("report"))
    if state == "open":
        return rows.filter(resolved_at=None)
    return rows.filter(resolved_at__isnull=False) if state == "resolved" else rows


def occurrences(report: ErrorReport) -> QuerySet[ErrorOccurrence]:
    return report.occurrences.all()[:PAGE]
