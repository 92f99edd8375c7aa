"""The recent errors as pages show them."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Count, Q, QuerySet

from common.errors import Invalid
from ops.models import ErrorOccurrence, ErrorReport

PAGE = 50


@dataclass(frozen=True)
class Page:
    """Some errors, the last seen first, and from when the older ones are."""

    reports: list[ErrorReport]
    older: datetime | None


def page(*, state: str, request_id: str = "", before: str = "") -> Page:
    """Return the errors that were last seen before an instant (ISO)."""
    rows = reports(state=state, request_id=request_id)
    if before:
        rows = rows.filter(last_seen_at__lt=_instant(before))
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    return Page(shown, shown[-1].last_seen_at if len(found) > PAGE else None)


def _instant(text: str) -> datetime:
    with suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(text)
        if found.tzinfo:
            return found.astimezone(UTC)
    raise Invalid("The address names a time that cannot be read.")


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
