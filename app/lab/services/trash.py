"""Deleted records, brought back whole."""

from collections import defaultdict
from typing import cast

from django.apps import apps
from django.core.serializers.python import Deserializer
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from accounts import audit
from accounts.models import User
from lab import permissions, recording
from lab.errors import CannotBeRestored
from lab.models import Cull, DeletedRecord, Recorded, Surgery, WaterRestriction
from lab.models.deletion import counts
from lab.models.recorded import kind_of
from lab.services import deaths, licence


@transaction.atomic
def bring_back(*, kept: DeletedRecord, by: User, reason: str = "") -> Recorded:
    """Restore a record for somebody who may have it back."""
    permissions.need_restore(by, kept, apps.get_model(kept.kind))
    with recording.by(by, reason=reason):
        return restore(kept=kept)


@transaction.atomic
def restore(*, kept: DeletedRecord) -> Recorded:
    """Bring a deleted record back, with all that it owned and the links that pointed at it."""
    hand = recording.hand()
    mine = DeletedRecord.objects.filter(pk=kept.pk, restored_at=None)
    if not mine.update(restored_at=now(), restored_by=hand.user):
        raise CannotBeRestored("It was restored already.")
    try:
        with transaction.atomic(), recording.quietly():
            _bring_back(kept)
            record = apps.get_model(kept.kind)._base_manager.get(pk=kept.object_id)  # noqa: SLF001
            if isinstance(record, Cull):
                deaths.end(subjects=[record.subject], on=record.culled_on)
            transaction.get_connection().check_constraints()
    except IntegrityError as error:
        raise CannotBeRestored(
            f"{kept.label} does not fit any more: {str(error).splitlines()[0]}."
        ) from None
    if isinstance(record, Surgery | WaterRestriction):
        licence.settle(subjects=[record.subject_id])
    told = [(f"{kind_of(type(record))}.restored", record, {"with": [None, counts(kept.rows)]})]
    audit.record_all(user=hand.user, reason=hand.reason, told=told)
    return cast("Recorded", record)


def _bring_back(kept: DeletedRecord) -> None:
    links = []
    for found in Deserializer(kept.rows):
        found.save()  # as it was: no history of its own
        links.append(found)
    cut: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for label, key, name, value in kept.links:
        cut[label, key][name] = value
    for (label, key), values in cut.items():
        apps.get_model(label)._base_manager.filter(pk=key).update(**values)  # noqa: SLF001
