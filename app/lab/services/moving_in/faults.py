"""Which record of a dump does not fit, and why: never only that something did not."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, models, transaction

from common.errors import StudiumError
from lab.alyx.dump import Row
from lab.errors import DumpDoesNotFit

REFUSED = (IntegrityError, DataError)  # by the database
WRONG = (*REFUSED, ValueError, TypeError, ValidationError)


@contextmanager
def named(row: Row) -> Iterator[None]:
    """Let whatever is wrong inside name the record."""
    try:
        yield
    except KeyError as error:
        raise DumpDoesNotFit(f"{row}: {error} is missing, or names nothing in the dump.") from None
    except (ValueError, TypeError, AttributeError, ValidationError) as error:
        raise DumpDoesNotFit(f"{row}: {_said(error)}.") from None
    except REFUSED as error:
        raise DumpDoesNotFit(f"{row}: {_said(error)}.") from None
    except DumpDoesNotFit:
        raise
    except StudiumError as error:
        raise DumpDoesNotFit(f"{row}: {error.message}") from None


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages).rstrip(".")
    return (str(error).splitlines() or [repr(error)])[0].rstrip(".")


def keep(records: Sequence[models.Model], rows: Sequence[Row]) -> None:
    """Create records at once; when the database refuses, say which of them it does."""
    if not records:
        return
    manager: Any = type(records[0])._default_manager  # noqa: SLF001
    try:
        with transaction.atomic():
            manager.bulk_create(list(records))
    except WRONG as error:
        _find(records, rows, manager.bulk_create)
        raise DumpDoesNotFit(_said(error)) from None


def _find(
    records: Sequence[models.Model], rows: Sequence[Row], make: Callable[[list[Any]], Any]
) -> None:
    """Make one after the other, until the one is met that is refused."""
    for record, row in zip(records, rows, strict=True):
        with named(row), transaction.atomic():
            make([record])
