"""Delete the keys and attempts that have served their time; the audit trail keeps the history."""

from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.utils.timezone import now

from accounts.models import ApiToken, AuditEntry, OneTimeLink, SignIn


def prune(*, older_than: timedelta) -> dict[str, int]:
    """Delete what ended longer ago than this and return how many there were of each kind."""
    before = now() - older_than
    old: dict[str, QuerySet[Any]] = {
        "one-time links": OneTimeLink.objects.filter(expires_at__lt=before),
        "API tokens": _ended_tokens(before),
        "failed sign-ins": AccessAttempt.objects.filter(attempt_time__lt=before),
        "logged failures": AccessFailureLog.objects.filter(attempt_time__lt=before),
        "logged sign-ins": AccessLog.objects.filter(attempt_time__lt=before),
        "ended sign-ins": SignIn.objects.filter(seen_at__lt=before).exclude(
            session_key__in=Session.objects.values("session_key")
        ),
    }
    return {name: rows.delete()[0] for name, rows in old.items()}


def _ended_tokens(before: datetime) -> QuerySet[ApiToken]:
    """Return the ended tokens, except those that the audit trail names."""
    ended = ApiToken.objects.filter(Q(expires_at__lt=before) | Q(revoked_at__lt=before))
    named = AuditEntry.objects.filter(token__isnull=False).values("token")
    return ended.exclude(pk__in=named)
