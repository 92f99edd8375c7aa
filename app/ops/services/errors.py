"""Take errors from their files into the database, and say that one is dealt with."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from common.signals import audited
from jobs import plain
from ops import error_log
from ops.models import ErrorOccurrence, ErrorReport

KEPT_OF_EACH = 50
ABANDONED_S = 600


def take_in_errors() -> int:
    """Move the waiting errors into the database and return how many there were.

    Each file is claimed by a rename, so that two processes never count one error twice.
    """
    folder = error_log.folder()
    if not folder.is_dir():
        return 0
    _give_back(folder)
    return sum(_take_in(file) for file in sorted(folder.glob("*.json")))


def _give_back(folder: Path) -> None:
    """Free what a process claimed that was then killed, and drop what it half wrote."""
    long_ago = time.time() - ABANDONED_S
    for file in (*folder.glob("*.taken"), *folder.glob("*.part")):
        with suppress(FileNotFoundError):  # another process is doing the same
            if file.stat().st_mtime < long_ago:
                file.rename(file.with_suffix(".json"))


def _take_in(file: Path) -> bool:
    claimed = file.with_suffix(".taken")
    try:
        file.rename(claimed)
    except FileNotFoundError:
        return False
    try:
        _record(plain.data(json.loads(claimed.read_text())))
    except (ValueError, KeyError, TypeError):  # half written, or of another release
        claimed.unlink(missing_ok=True)
        return False
    except DatabaseError:
        claimed.rename(file)  # the next call has better luck
        raise
    claimed.unlink(missing_ok=True)
    return True


@transaction.atomic
def _record(facts: Mapping[str, Any]) -> None:
    at = datetime.fromtimestamp(facts["at"], UTC)
    report = _report(facts, at)
    changed = {"count": F("count") + 1, "last_seen_at": at, "last_release": facts["release"]}
    latest = {name: facts[name] for name in ("message", "place", "trace")}
    reopened = {"resolved_at": None, "resolved_by": None}
    ErrorReport.objects.filter(pk=report.pk).update(**changed, **latest, **reopened)
    ErrorOccurrence.objects.create(
        report=report, at=at, request_id=facts["request_id"], release=facts["release"]
    )
    kept = report.occurrences.values_list("pk", flat=True)[:KEPT_OF_EACH]
    report.occurrences.exclude(pk__in=list(kept)).delete()


def _report(facts: Mapping[str, Any], at: datetime) -> ErrorReport:
    first = {
        "kind": facts["kind"],
        "place": facts["place"],
        "first_seen_at": at,
        "last_seen_at": at,
        "first_release": facts["release"],
        "last_release": facts["release"],
    }
    report, _ = ErrorReport.objects.get_or_create(fingerprint=facts["fingerprint"], defaults=first)
    return report


@transaction.atomic
def resolve_error(*, report: ErrorReport, user: Any) -> None:
    """Say that an error is dealt with; it opens again by itself when it happens again."""
    open_ones = ErrorReport.objects.filter(pk=report.pk, resolved_at=None)
    if open_ones.update(resolved_at=timezone.now(), resolved_by=user):
        audited.send(sender=ErrorReport, action="error.resolved", user=user, on=report)


@transaction.atomic
def reopen_error(*, report: ErrorReport, user: Any) -> None:
    resolved = ErrorReport.objects.filter(pk=report.pk, resolved_at__isnull=False)
    if resolved.update(resolved_at=None, resolved_by=None):
        audited.send(sender=ErrorReport, action="error.reopened", user=user, on=report)
