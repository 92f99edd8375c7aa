"""How a change of a model's field looks to code that does not know of it."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from django.db.models import NOT_PROVIDED, Field

WHOLE_NUMBERS = ["SmallIntegerField", "IntegerField", "BigIntegerField"]
COUNTS = [
    "PositiveSmallIntegerField",
    "PositiveIntegerField",
    "PositiveBigIntegerField",
    "BigIntegerField",
]
KEYS = ["SmallAutoField", "AutoField", "BigAutoField"]
LADDERS = (WHOLE_NUMBERS, COUNTS, KEYS)  # each rung holds all that the ones before it hold
TEXTS = {"CharField", "SlugField", "FileField", "FilePathField"}

AnyField: TypeAlias = "Field[Any, Any]"  # only its shape counts here


def has_db_default(field: AnyField) -> bool:
    return getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED


def refuses_old_rows(field: AnyField) -> str:
    """Say why code that does not know a new ``field`` could not insert rows; empty if it could."""
    if field.many_to_many or getattr(field, "generated", False):
        return ""
    if not field.null and not has_db_default(field):
        return (
            "it is NOT NULL without a default in the database, so every row that the running "
            "release inserts would be refused."
        )
    if field.unique and has_db_default(field):
        return (
            "it is unique with one default for all, so the second row that the running release "
            "inserts would be refused."
        )
    return ""


def tightened_new(_name: str, old: AnyField, new: AnyField) -> Iterator[str]:
    """Yield what makes a field that the old code does not know refuse the old code's rows."""
    if not refuses_old_rows(old) and (why := refuses_old_rows(new)):
        yield why


def tightened(name: str, old: AnyField, new: AnyField) -> Iterator[str]:
    """Yield what the old code, which reads and writes ``old``, would meet at ``new``."""
    if old.many_to_many or new.many_to_many:
        if old.many_to_many != new.many_to_many or _target(old) != _target(new):
            yield "it becomes another relation."
        return
    if old.is_relation == new.is_relation and _column(name, old) != _column(name, new):
        yield "its column is renamed, and the running release asks for the old one."
    if old.null and not new.null:
        yield "it becomes NOT NULL, and the running release may still write NULL."
    if new.unique and not old.unique:
        yield "it becomes unique, and the running release may still write the same value twice."
    if has_db_default(old) and not has_db_default(new) and not new.null:
        yield "it loses its default in the database, on which the running release relies."
    yield from _narrowed(old, new)


def _column(name: str, field: AnyField) -> str:
    return str(field.db_column or (f"{name}_id" if field.is_relation else name)).lower()


def _target(field: AnyField) -> str:
    return str(getattr(field.remote_field, "model", "")).lower()


def _narrowed(old: AnyField, new: AnyField) -> Iterator[str]:
    kinds = old.get_internal_type(), new.get_internal_type()
    if old.is_relation or new.is_relation:
        if _target(old) != _target(new) or old.is_relation != new.is_relation:
            yield "it becomes another relation."
        return
    if not _fits(*kinds):
        yield f"its type changes from {kinds[0]} to {kinds[1]}."
        return
    if _shorter(old.max_length, new.max_length) and kinds[1] != "TextField":
        yield f"its max_length shrinks from {old.max_length or 'no limit'} to {new.max_length}."
    if _digits(old) != _digits(new) and not _wider_digits(old, new):
        yield "it has room for fewer digits."


def _fits(old: str, new: str) -> bool:
    if old == new or (old in TEXTS and new in TEXTS | {"TextField"}):
        return True
    return any(
        old in ladder and new in ladder and ladder.index(old) <= ladder.index(new)
        for ladder in LADDERS
    )


def _shorter(old: int | None, new: int | None) -> bool:
    return new is not None and (old is None or new < old)


def _digits(field: AnyField) -> tuple[int, int]:
    places = getattr(field, "decimal_places", None) or 0
    return (getattr(field, "max_digits", None) or 0) - places, places


def _wider_digits(old: AnyField, new: AnyField) -> bool:
    return all(after >= before for before, after in zip(_digits(old), _digits(new), strict=True))
