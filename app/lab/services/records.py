"""Writing one record of any kind: permission, author, links, and refusals that name the field."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from accounts.models import User
from lab import permissions, recording
from lab.errors import DoesNotFit, Taken
from lab.models import Recorded
from lab.models.deletion import throw_away
from lab.models.protection import need_unprotected

Kind = TypeVar("Kind", bound=Recorded)
Values = Mapping[str, Any]


@transaction.atomic
def create(*, kind: type[Kind], by: User, values: Values, reason: str = "") -> Kind:
    """Create a record; ``values`` may hold lists for links to many."""
    plain, links = _parted(kind, values)
    record = kind(**plain)
    permissions.need_keep(by, record)
    with recording.by(by, reason=reason):
        keep(record)
        _link(record, links)
    return record


@transaction.atomic
def create_many(
    *, kind: type[Kind], by: User, rows: Sequence[Values], reason: str = ""
) -> list[Kind]:
    """Create many records of a kind that has no rules of its own, with few questions."""
    parted = [_parted(kind, values) for values in rows]
    made = [kind(**plain) for plain, _ in parted]
    for record in made:
        permissions.need_keep(by, record)
    with recording.by(by, reason=reason):
        keep_all(kind, made)
        for record, (_, links) in zip(made, parted, strict=True):
            _link(record, links)
    return made


@transaction.atomic
def change(*, record: Kind, by: User, values: Values, reason: str = "") -> Kind:
    """Change what ``values`` names, and nothing else; what a tag protects stays as it is."""
    permissions.need_change(by, record)
    need_unprotected([record])
    links = _take(record, values)
    permissions.need_keep(by, record)  # where it goes to
    with recording.by(by, reason=reason):
        keep(record)
        _link(record, links)
    return record


@transaction.atomic
def change_many(*, by: User, pairs: Sequence[tuple[Kind, Values]], reason: str = "") -> list[Kind]:
    """Change many records of one kind as `change` does, with few questions; all or none."""
    rows = [record for record, _ in pairs]
    with permissions.remembered():
        if rows:
            permissions.need_change_all(by, type(rows[0]), rows)
        need_unprotected(rows)
        links = [_take(record, values) for record, values in pairs]
        permissions.need_keep_all(by, rows)
    with recording.by(by, reason=reason):
        keep_changed(rows)
        for record, lists in zip(rows, links, strict=True):
            _link(record, lists)
    return rows


def _take(record: Recorded, values: Values) -> dict[str, Any]:
    """Let a record say what was sent, and return the lists of links that were."""
    plain, links = _parted(type(record), values)
    for name, value in plain.items():
        setattr(record, name, value)
    return links


@transaction.atomic
def delete(*, record: Recorded, by: User, reason: str = "") -> None:
    permissions.need_delete(by, record)
    with recording.by(by, reason=reason):
        throw_away(record=record)


def keep(record: Recorded) -> None:
    """Save a record; a refusal of the fields or the database names the field."""
    _check(record)
    try:
        with transaction.atomic():
            record.save()
    except IntegrityError as error:
        raise refused(record, error) from None


def _check(record: models.Model) -> None:
    try:
        record.clean_fields(exclude=_trusted(record))
    except ValidationError as error:
        raise DoesNotFit.of(error) from None


def keep_all(kind: type[Kind], rows: Sequence[Kind]) -> Sequence[Kind]:
    """Save new records at once; a refusal names the field, and which of them it is."""
    for number, row in enumerate(rows, start=1):
        _need_to_fit(row, number, len(rows))
    try:
        with transaction.atomic():
            kind._default_manager.bulk_create(rows)  # noqa: SLF001
    except IntegrityError as error:
        raise _refused_of(rows, error) from None
    return rows


def keep_changed(rows: Sequence[Recorded]) -> None:
    """Save records that were changed, all in one statement."""
    for number, row in enumerate(rows, start=1):
        _need_to_fit(row, number, len(rows))
    names = sorted({name for row in rows for name in row.changes()})
    if not names:
        return
    try:
        with transaction.atomic():
            mine: Any = type(rows[0])._default_manager.all()  # noqa: SLF001
            paths = _told_with(mine)
            (mine.select_related(*paths) if paths else mine).bulk_update(rows, names)
    except IntegrityError as error:
        raise _refused_of(rows, error) from None
    for row in rows:
        row.remember()


def _told_with(rows: Any) -> list[str]:
    """Return what the history asks of each record: whose it is, and of which animal."""
    own = {field.name for field in rows.model._meta.concrete_fields} & {"subject", "session"}  # noqa: SLF001
    path = getattr(rows, "lab_path", "")
    return sorted({*own, *([path] if path else [])})


def _need_to_fit(row: Recorded, number: int, count: int) -> None:
    try:
        row.clean_fields(exclude=_trusted(row))
    except ValidationError as error:
        refusal = DoesNotFit.of(error)
        where = f"Number {number} of {count}: " if count > 1 else ""
        raise DoesNotFit(f"{where}{refusal.message}", field=refusal.field) from None


def _refused_of(rows: Sequence[Recorded], error: IntegrityError) -> DoesNotFit:
    found = (each for row in rows if (each := _found_wrong(row)))
    return next(found, DoesNotFit(str(error).splitlines()[0]))


def _trusted(record: models.Model) -> set[str]:
    """Return the fields that hold rows: they were found in the database a moment ago."""
    return {field.name for field in record._meta.fields if field.is_relation}  # noqa: SLF001


def refused(record: models.Model, error: IntegrityError) -> DoesNotFit:
    """Say which field the database did not accept, and whether another record has its value."""
    return _found_wrong(record) or DoesNotFit(str(error).splitlines()[0])


def _found_wrong(record: models.Model) -> DoesNotFit | None:
    try:
        record.validate_unique()
        record.validate_constraints()
    except ValidationError as found:
        refusal = (Taken if _is_unique(found) else DoesNotFit).of(found)
        refusal.field = refusal.field or _field_of_rule(record)
        return refusal
    return None


def _field_of_rule(record: models.Model) -> str:
    """Return the first field of the rule of the database that the record breaks."""
    for rule in record._meta.constraints:  # noqa: SLF001
        try:
            rule.validate(type(record), record)
        except ValidationError:
            named = _fields(getattr(rule, "condition", None))
            given = [name for name in named if getattr(record, name, None) is not None]
            return next(iter([*given, *named]), "")
    return ""


def _fields(condition: Any) -> list[str]:
    """Return the fields that a condition speaks of, those of its comparisons first."""
    parts = condition.children if isinstance(condition, models.Q) else [condition]
    leaves = [part for part in parts if isinstance(part, tuple)]
    deeper = [name for part in parts if isinstance(part, models.Q) for name in _fields(part)]
    return [str(name).partition("__")[0] for name, _ in leaves] + deeper


def _is_unique(error: ValidationError) -> bool:
    found = error.error_dict.values() if hasattr(error, "error_dict") else [[error]]
    first = next(iter(found))[0]
    return (first.code or "").startswith("unique")


def _parted(kind: type[models.Model], values: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    about = kind._meta  # noqa: SLF001  Django's public way to know a model
    back = {one.get_accessor_name() for one in about.related_objects if one.many_to_many}
    many = {field.name for field in about.many_to_many} | back
    plain = {name: value for name, value in values.items() if name not in many}
    return plain, {name: value for name, value in values.items() if name in many}


def _link(record: models.Model, links: Values) -> None:
    for name, rows in links.items():
        getattr(record, name).set(rows)
