"""What the lab's records refuse."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from common.errors import Busy, Invalid, NotAllowed


class StillNeeded(Busy):
    title = "Something else needs it"
    remedy = "Change or delete that first."

    @classmethod
    def by(cls, record: models.Model, blockers: Sequence[models.Model]) -> "StillNeeded":
        numbers = Counter(
            str(row._meta.verbose_name_plural)  # noqa: SLF001
            for row in blockers
        )
        names = ", ".join(f"{count} {name}" for name, count in sorted(numbers.items()))
        return cls(f"{record} cannot be deleted: it is used by {names}.")


class CannotBeRestored(Invalid):
    title = "This cannot be restored"
    remedy = "Look at its history; something that it needs has changed since."


def _unique_field(error: ValidationError) -> str:
    """Return the last of the columns that have to be unique together; it tells records apart."""
    params: Any = getattr(error, "params", None) or {}
    return str((params.get("unique_check") or ("",))[-1])


class DoesNotFit(Invalid):
    """A value that a field, or the database, does not accept."""

    title = "This does not fit"
    remedy = "Correct what is named and send it again; nothing was kept."

    def __init__(self, message: str = "", *, field: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.field = field

    @classmethod
    def of(cls, error: ValidationError) -> "DoesNotFit":
        if not hasattr(error, "error_dict"):
            return cls(" ".join(error.messages), field=_unique_field(error))
        field, messages = next(iter(error.message_dict.items()))
        name = "" if field == NON_FIELD_ERRORS else field
        said = " ".join(messages)
        name = name or _unique_field(error.error_dict[field][0])
        return cls(f"{name}: {said}" if name else said, field=name)


class Taken(DoesNotFit):
    """Another record has what only one may have."""

    status = Busy.status
    title = "Another has it already"
    remedy = "Choose another value, or change the record that has it; nothing was kept."


class Protected(NotAllowed):
    """Datasets that a publication's tag keeps as they are."""

    title = "These datasets are protected"
    message = "One or more datasets is protected"  # ONE reads these very words
    remedy = "Register the file under a new revision."

    def __init__(self, details: Sequence[Any] = (), *, named: str = "") -> None:
        super().__init__(f"{self.message}: {named}." if named else "")
        self.details = list(details)


class TableUnreadable(Invalid):
    title = "This table cannot be read"
    remedy = "Nothing was kept. Correct the line that is named."


class DumpUnreadable(Invalid):
    title = "This dump cannot be read"
    remedy = "Make it with `manage.py dumpdata --output FILE` on the Alyx server."


class DumpDoesNotFit(Invalid):
    title = "This dump does not fit"
    remedy = (
        "Nothing was kept. Correct the record that is named, on the Alyx server or in the file."
    )


class AtlasUnreadable(Invalid):
    title = "This table of regions cannot be read"
    remedy = "Nothing was kept. Correct the line that is named, and load the table again."
