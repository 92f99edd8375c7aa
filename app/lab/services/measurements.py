"""Weights and water, as they are measured and given."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from lab.models import Weighing
from lab.services import records
from lab.services.sessions import need_life


@transaction.atomic
def weigh(*, by: User, values: Mapping[str, Any], reason: str = "") -> Weighing:
    """Write down a weight in grams; whoever sends it has measured it, unless somebody is named."""
    given = {"at": now(), "user": by, **values}
    need_life(given["subject"], {**given, "began_at": given["at"]})
    return records.create(kind=Weighing, by=by, values=given, reason=reason)
