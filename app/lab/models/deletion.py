"""Deleting so that it can be undone: a record leaves with all that it owns, and all is kept."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from django.core.serializers.python import Serializer
from django.db import models, router, transaction
from django.db.models.deletion import Collector, ProtectedError, RestrictedError

from accounts import audit
from lab import recording
from lab.errors import StillNeeded
from lab.models.protection import need_unprotected
from lab.models.recorded import Recorded, kind_of
from lab.models.trash import DeletedRecord
from lab.models.visibility import projects_of

Row = dict[str, Any]


@transaction.atomic
def throw_away(*, record: Recorded) -> DeletedRecord:
    """Delete a record and all that it owns, and keep what is needed to restore it.

    What a tag protects is not deleted, nor is whatever owns it.
    """
    hand = recording.hand()
    collector = _collect(record)
    need_unprotected(row for rows in collector.data.values() for row in rows)
    rows = list(_rows(collector))
    label, lab, kind = str(record)[:200], getattr(record, "lab", None), type(record)
    projects = projects_of(kind, [record.pk])[record.pk]
    kept = DeletedRecord.objects.create(
        kind=kind._meta.label_lower,  # noqa: SLF001
        object_id=record.pk,
        label=label,
        lab=lab,
        rows=rows,
        links=list(_links(collector)),
        count=len(rows),
        deleted_by=hand.user,
        reason=hand.reason,
    )
    kept.projects.set(projects)
    told = {"with": [None, counts(rows)]}
    audit.record_all(
        user=hand.user, reason=hand.reason, told=[(f"{kind_of(kind)}.deleted", record, told)]
    )
    collector.delete()
    return kept


@transaction.atomic
def throw_away_all(*, records: Sequence[Recorded]) -> None:
    """Delete many records; those that own nothing, and that nothing names, in three statements."""
    kind = type(records[0]) if records else None
    if kind is None or not _stands_alone(kind):
        for record in records:
            throw_away(record=record)
        return
    need_unprotected(records)
    hand, name = recording.hand(), kind_of(kind)
    projects = projects_of(kind, [record.pk for record in records])
    kept = DeletedRecord.objects.bulk_create(
        DeletedRecord(
            kind=kind._meta.label_lower,  # noqa: SLF001
            object_id=record.pk,
            label=str(record)[:200],
            lab=getattr(record, "lab", None),
            rows=Serializer().serialize([record]),
            links=[],
            count=1,
            deleted_by=hand.user,
            reason=hand.reason,
        )
        for record in records
    )
    links = DeletedRecord.projects.through
    links.objects.bulk_create(
        links(deletedrecord=one, project_id=project)
        for one in kept
        for project in projects[one.object_id]
    )
    told = {"with": [None, f"1 {kind._meta.model_name}"]}  # noqa: SLF001
    audit.record_all(
        user=hand.user,
        reason=hand.reason,
        told=[(f"{name}.deleted", record, told) for record in records],
    )
    mine: Any = models.QuerySet(kind).filter(pk__in=[record.pk for record in records])
    mine._raw_delete(mine.db)  # noqa: SLF001  it owns nothing


def _stands_alone(kind: type[Recorded]) -> bool:
    meta = kind._meta  # noqa: SLF001
    return not meta.related_objects and not meta.many_to_many and not meta.private_fields


def _collect(record: Recorded) -> Collector:
    using = router.db_for_write(type(record), instance=record)
    collector = _Everything(using=using, origin=record)
    try:
        collector.collect([record])
    except (ProtectedError, RestrictedError) as error:
        blockers = getattr(error, "protected_objects", None) or error.restricted_objects  # type: ignore[union-attr]
        raise StillNeeded.by(record, list(blockers)) from None
    return collector


class _Everything(Collector):
    """Collects every row that goes, also those that the database could drop without a look."""

    def can_fast_delete(self, *_: Any, **__: Any) -> bool:
        return False


def _rows(collector: Collector) -> Iterator[Row]:
    """Yield what goes, owners before what they own; an owner's row names its links itself."""
    collector.sort()
    gone = {model: {row.pk for row in rows} for model, rows in collector.data.items()}
    for model in reversed(list(collector.data)):
        rows = sorted(collector.data[model], key=lambda row: str(row.pk))
        yield from Serializer().serialize([row for row in rows if not _is_named(row, gone)])


def _is_named(row: models.Model, gone: Mapping[Any, set[Any]]) -> bool:
    """Say whether this is a link to many whose owner goes as well."""
    owner = row._meta.auto_created  # noqa: SLF001  the model that has the link
    if not owner:
        return False
    fields = cast("Any", owner)._meta.many_to_many  # noqa: SLF001
    source = next(f.m2m_field_name() for f in fields if f.remote_field.through is type(row))
    return getattr(row, f"{source}_id") in gone.get(owner, ())


def _links(collector: Collector) -> Iterator[list[Any]]:
    """Yield the links of rows that stay, which the deletion cuts."""
    updates: Any = collector.field_updates  # the stubs have an older Django in mind
    for (field, _), groups in updates.items():
        for row in (row for group in groups for row in group):
            label = field.model._meta.label_lower  # noqa: SLF001
            yield [label, str(row.pk), field.attname, str(getattr(row, field.attname))]


def counts(rows: list[Row]) -> str:
    numbers: dict[str, int] = defaultdict(int)
    for row in rows:
        numbers[str(row["model"]).rpartition(".")[2]] += 1
    return ", ".join(f"{count} {name}" for name, count in sorted(numbers.items()))
