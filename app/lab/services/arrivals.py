"""Copies of datasets that a transfer has brought somewhere, or lost, as a program reports it."""

from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from lab import permissions, recording
from lab.models import FileRecord
from lab.services.registration import settle_online


@transaction.atomic
def record(
    *, by: User, exist: Sequence[FileRecord], missing: Sequence[FileRecord], reason: str = ""
) -> None:
    """Write down which copies are there and which are not; the datasets' own state follows."""
    for file in [*exist, *missing]:
        permissions.need_change(by, file)
    with recording.by(by, reason=reason or "a transfer's state"):
        _set(exist, exists=True)
        _set(missing, exists=False)
        settle_online([file.dataset_id for file in [*exist, *missing]])


def _set(files: Sequence[FileRecord], *, exists: bool) -> None:
    keys = [file.pk for file in files]
    FileRecord.objects.filter(pk__in=keys).exclude(exists=exists).update(exists=exists)
