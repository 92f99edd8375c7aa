"""Many rows in one call: all or none, with what is wrong said row by row."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import transaction

from common.errors import StudiumError
from lab.api.errors import RowError, RowsRefused, Unreadable, errors_of, told

MOST_ROWS = 1000


class TooManyRows(StudiumError):
    status = 413
    title = "These are too many rows"
    message = f"One call takes at most {MOST_ROWS} rows."
    remedy = "Send them in several calls; each is all or none."


def rows_of(body: Any) -> list[Any]:
    """Return the rows that were sent, if they are a list of a size that can be done at once."""
    if not isinstance(body, list) or not body:
        raise Unreadable("Send a list with at least one row.")
    if len(body) > MOST_ROWS:
        raise TooManyRows
    return body


def cleaned(rows: Sequence[Any], serializer_of: Callable[[int, Any], Any]) -> list[dict[str, Any]]:
    """Return the values of every row.

    Raises
    ------
    RowsRefused
        Some rows have values that their fields do not accept: all of them are named.
    """
    values: list[dict[str, Any]] = []
    errors: list[RowError] = []
    for index, row in enumerate(rows):
        serializer = serializer_of(index, row)
        if serializer.is_valid():
            values.append(dict(serializer.validated_data))
        else:
            errors.extend(RowError(each.message, each.field, index)
                          for each in told(serializer.errors))  # fmt: skip
    if errors:
        raise RowsRefused(errors, len(rows))
    return values


def each(rows: Sequence[Any], do: Callable[[Any], Any]) -> list[Any]:
    """Do something with every row; the caller's transaction ends when one was refused.

    A refused row is undone alone, so that the others are still looked at.
    """
    done: list[Any] = []
    errors: list[RowError] = []
    for index, row in enumerate(rows):
        try:
            with transaction.atomic():
                done.append(do(row))
        except StudiumError as refusal:
            errors.extend(errors_of(refusal, index))
    if errors:
        raise RowsRefused(errors, len(rows))
    return done


def at_once(
    rows: Sequence[Any], do_all: Callable[[Sequence[Any]], list[Any]], do: Callable[[Any], Any]
) -> list[Any]:
    """Do all rows with few questions; when that is refused, find out which rows are to blame."""
    try:
        with transaction.atomic():
            return do_all(rows)
    except RowsRefused:
        raise
    except StudiumError:
        return each(rows, do)


def unlike(keys: Iterable[Any]) -> list[int]:
    """Return the places at which a key comes again."""
    seen: set[Any] = set()
    again = []
    for index, key in enumerate(keys):
        if key in seen:
            again.append(index)
        seen.add(key)
    return again
