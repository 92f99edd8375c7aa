"""What all records of the lab share: an identity for ever, free data, and a history."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any, ClassVar, NoReturn, Self, TypeVar

from django.db import models, transaction
from django.db.models.expressions import Combinable
from django.utils.timezone import now

from accounts import audit
from lab import recording

UNTOLD = {"changed_at"}  # fields that say nothing about what somebody did
Values = dict[str, Any]
Row = TypeVar("Row", bound="Recorded")


def kind_of(model: type[models.Model]) -> str:
    """Return what a model is called in the audit trail: "subject", "water-administration"."""
    name = str(model._meta.verbose_name)  # noqa: SLF001  Django's public way to name a model
    return name.replace(" ", "-")


class RecordedQuerySet(models.QuerySet[Row]):
    """Writes down what it changes, as `Recorded.save` does for one row."""

    def bulk_create(  # type: ignore[override]  # conflicts have to be seen
        self, objs: Iterable[Row], batch_size: int | None = None
    ) -> list[Row]:
        with transaction.atomic(using=self.db):
            made = super().bulk_create(objs, batch_size=batch_size)
            _record([(row, "created", _told_first(row)) for row in made])
        for row in made:
            row.remember()
        return made

    def update(self, **values: Any) -> int:
        """Change all rows, and write down for each what has changed."""
        if _tells_when(self.model):
            values = {"changed_at": now(), **values}
        plain = _plain(self.model, values)
        with transaction.atomic(using=self.db):
            before = {row.pk: row for row in self.select_for_update(of=("self",)).order_by()}
            mine = self.model._base_manager.using(self.db).filter(pk__in=list(before))  # noqa: SLF001
            count = mine.update(**values) if before else 0
            after = mine.in_bulk() if before and _is_computed(values) else {}
            changes = {
                key: _difference(row, _read(after[key], plain) if key in after else plain)
                for key, row in before.items()
            }
            _record([(before[key], "changed", told) for key, told in changes.items() if told])
        return count

    def delete(self) -> tuple[int, dict[str, int]]:
        """Put every row, with all that it owns, where it can be restored from."""
        from lab.models import deletion  # noqa: PLC0415  it knows this module

        with transaction.atomic(using=self.db):
            rows = list(self)
            deletion.throw_away_all(records=rows)
        return len(rows), {self.model._meta.label: len(rows)}  # noqa: SLF001

    def _raw_delete(self, using: str | None) -> NoReturn:  # noqa: ARG002  Django's signature
        raise RuntimeError("Records of the lab are deleted through lab.models.deletion.")


class Recorded(models.Model):
    """A record that keeps its identity, carries free data, and whose every change is told."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    json = models.JSONField("free data", null=True, blank=True)

    objects: ClassVar[Any] = RecordedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and write down what has changed; nothing is told when nothing has."""
        is_new = self._state.adding
        recording.hand()
        with transaction.atomic():
            super().save(*args, **kwargs)
            told = _told_first(self) if is_new else self.changes(kwargs.get("update_fields"))
            if is_new or told:
                _record([(self, "created" if is_new else "changed", told)])
        self.remember()

    def delete(self, *_: Any, **__: Any) -> tuple[int, dict[str, int]]:
        return type(self)._default_manager.filter(pk=self.pk).delete()  # noqa: SLF001

    @classmethod
    def from_db(  # type: ignore[override]  # of this Django
        cls, db: str | None, field_names: Collection[str], values: Collection[Any]
    ) -> Self:
        found = super().from_db(db, field_names, values)
        found._stored = dict(zip(field_names, values, strict=False))  # noqa: SLF001
        return found

    def changes(self, only: Iterable[str] | None = None) -> dict[str, list[Any]]:
        """Return what differs from what was loaded: {field: [before, after]}."""
        wanted = {_attribute(type(self), name) for name in only} if only is not None else None
        now = {
            field.attname: getattr(self, field.attname)
            for field in self._meta.concrete_fields
            if field.attname in self.__dict__ and (wanted is None or field.attname in wanted)
        }
        return _difference(self, now)

    def remember(self) -> None:
        """Take the present values as what is stored."""
        self._stored = {
            field.attname: self.__dict__[field.attname]
            for field in self._meta.concrete_fields
            if field.attname in self.__dict__
        }

    _stored: Values


def _attribute(model: type[models.Model], name: str) -> str:
    return str(getattr(model._meta.get_field(name), "attname", name))  # noqa: SLF001


def _tells_when(model: type[models.Model]) -> bool:
    return any(field.name == "changed_at" for field in model._meta.concrete_fields)  # noqa: SLF001


def _is_computed(values: Values) -> bool:
    return any(isinstance(value, Combinable | models.Expression) for value in values.values())


def _plain(model: type[models.Model], values: Values) -> Values:
    """Return values by the columns' names, with keys in the place of objects."""
    return {
        _attribute(model, name): value.pk if isinstance(value, models.Model) else value
        for name, value in values.items()
    }


def _read(row: models.Model, names: Iterable[str]) -> Values:
    return {name: getattr(row, name) for name in names}


def _difference(row: Recorded, after: Values) -> dict[str, list[Any]]:
    stored = getattr(row, "_stored", {})
    return {
        _name(name): [audit.plain(stored.get(name)), audit.plain(value)]
        for name, value in after.items()
        if name not in UNTOLD and stored.get(name) != value
    }


def _told_first(row: Recorded) -> dict[str, list[Any]]:
    """Return what a new record says: everything that is not empty."""
    return {
        _name(field.attname): [None, audit.plain(value)]
        for field in row._meta.concrete_fields  # noqa: SLF001
        if field.attname not in UNTOLD
        and not field.primary_key
        and (value := getattr(row, field.attname)) not in (None, "", False)
    }


def _name(attribute: str) -> str:
    return attribute.removesuffix("_id")


def _record(told: Sequence[tuple[Recorded, str, dict[str, Any]]]) -> None:
    hand = recording.hand()
    audit.record_all(
        user=hand.user,
        reason=hand.reason,
        told=[(f"{kind_of(type(row))}.{what}", row, changes) for row, what, changes in told],
    )
