"""Whether copies of datasets are where they should lie: the flags that everybody reads."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from lab import recording
from lab.models import FileRecord
from lab.services.registration import TOLD, settle_online


@transaction.atomic
def set_exists(*, records: Sequence[UUID], exists: bool, reason: str) -> int:
    """Say of these file records whether their files are there, as the site itself found out."""
    with recording.by(None, reason=reason):
        rows = FileRecord.objects.filter(pk__in=records, exists=not exists)
        changed = rows.select_related(*TOLD).update(exists=exists)
        datasets = FileRecord.objects.filter(pk__in=records).values_list("dataset_id", flat=True)
        settle_online(list(datasets))
    return int(changed)


def note_checked(*, records: Sequence[UUID]) -> None:
    """Keep when the content of these files was last found to be right; nothing is told of it."""
    keys = list(records)
    plain = FileRecord._base_manager.filter(pk__in=keys)  # noqa: SLF001  no change of what is known
    plain.update(checked_at=now())
