"""Leaving runs out of analyses, for a reason, and taking that back."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts import audit
from accounts.models import User
from common.errors import NotAllowed, NotThere
from runs.errors import NoReason
from runs.models import Run

FIELDS = ("excluded_at", "excluded_because")


@transaction.atomic
def exclude(*, runs: Iterable[Run], by: User, reason: str) -> int:
    """Leave runs out of analyses; return how many that changes. Nothing of them is deleted.

    Raises
    ------
    NotAllowed, NotThere
        One of them is of a project that ``by`` may not change, or does not see.
    NoReason
        None was given.
    """
    reason = reason.strip().replace("\0", "")
    if not reason:
        raise NoReason
    found = [run for run in _held(runs, by) if run.excluded_because != reason]
    after = {"excluded_at": now(), "excluded_by": by, "excluded_because": reason}
    return _write(found, after, by, "run.excluded", reason)


@transaction.atomic
def include(*, runs: Iterable[Run], by: User, reason: str = "") -> int:
    """Take exclusions back; return how many there were. The history keeps why there were any.

    Raises
    ------
    NotAllowed, NotThere
        One of them is of a project that ``by`` may not change, or does not see.
    """
    found = [run for run in _held(runs, by) if run.excluded_at]
    after = {"excluded_at": None, "excluded_by": None, "excluded_because": ""}
    return _write(found, after, by, "run.included", reason)


def _held(runs: Iterable[Run], by: User) -> list[Run]:
    """Return the rows as they are, so that no other writer comes between."""
    keys = {run.pk for run in runs}
    rows = Run.objects.filter(pk__in=keys)
    if rows.visible_to(by).count() < len(keys):
        raise NotThere
    if rows.editable_by(by).count() < len(keys):
        raise NotAllowed
    return list(rows.select_related("project__lab").select_for_update(of=("self",)))


def _write(
    runs: list[Run], after: Mapping[str, Any], by: User, action: str, reason: str
) -> int:  # fmt: skip
    told = [(action, run, audit.between(run, after, *FIELDS)) for run in runs]
    Run.objects.filter(pk__in=[run.pk for run in runs]).update(**after)
    audit.record_all(user=by, told=told, reason=reason)
    return len(runs)
