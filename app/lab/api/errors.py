"""Refusals of the lab's API: one shape, which names the row and the field."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler as rest_exception_handler
from rest_framework.views import set_rollback

from common import refusals, request_id
from common.errors import Invalid, StudiumError
from common.refusals import Refusal

# Services speak of some columns by the words of the ONE client.
OUR_NAMES = {
    "start_time": "began_at", "end_time": "ended_at", "date_time": "at", "weight": "weight_g",
    "reference_weight": "reference_weight_g", "birth_date": "born_on", "death_date": "died_on",
    "water_administered": "water_ml",
}  # fmt: skip


@dataclass(frozen=True)
class RowError:
    """What is wrong with one value; ``index`` is the row's place in the list that was sent."""

    message: str
    field: str = ""
    index: int | None = None
    status: int = status.HTTP_422_UNPROCESSABLE_ENTITY

    def told(self) -> dict[str, Any]:
        parts = asdict(self)
        parts.pop("status")
        return {name: value for name, value in parts.items() if value not in ("", None)}


class RowsRefused(StudiumError):
    """Some rows cannot be accepted, so none was."""

    title = "Some rows cannot be accepted"
    remedy = "Correct the rows that are named and send all of them again; nothing was kept."

    def __init__(self, errors: Sequence[RowError], total: int) -> None:
        rows = len({error.index for error in errors})
        kinds = {error.status for error in errors}
        self.errors = list(errors)
        self.status = kinds.pop() if len(kinds) == 1 else status.HTTP_422_UNPROCESSABLE_ENTITY
        super().__init__(f"{rows} of {total} rows cannot be accepted.")


class Unreadable(StudiumError):
    """The address or the body cannot be understood; the parameter is named."""

    status = status.HTTP_400_BAD_REQUEST
    title = "The request could not be read"
    remedy = "Compare it with /api/v1/schema."

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotAsSent(Invalid):
    """Values that the fields do not accept."""

    message = "Some values do not fit."
    remedy = "Correct what is named and send it again; nothing was kept."

    def __init__(self, errors: Sequence[RowError]) -> None:
        super().__init__()
        self.errors = list(errors)


class ChangedMeanwhile(StudiumError):
    status = status.HTTP_412_PRECONDITION_FAILED
    title = "Somebody changed it meanwhile"
    message = "The record is not any more as it was when you read it."
    remedy = "Read it again, look at what has changed, and send your change with the new ETag."


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    refusal = refusals.translated(error)
    if refusal is None and isinstance(error, exceptions.ValidationError):
        refusal = NotAsSent(list(told(error.detail)))
    if refusal is None and isinstance(error, exceptions.ParseError):
        refusal = Unreadable(str(error.detail))
    if refusal is not None:
        set_rollback()
        after = refusal.retry_after
        headers = {} if after is None else {"Retry-After": str(after)}
        return Response(body_of(refusal), status=refusal.status, headers=headers)
    answer = rest_exception_handler(error, context)
    if answer is not None and isinstance(answer.data, dict):
        answer.data = {**answer.data, "request_id": request_id.current()}
    return answer


def body_of(refusal: StudiumError) -> dict[str, Any]:
    words = Refusal.of(refusal)
    body = {"detail": words.detail, "remedy": words.remedy, "request_id": words.request_id}
    errors = [error.told() for error in errors_of(refusal)]
    return body | ({"errors": errors} if errors else {})


def errors_of(refusal: StudiumError, index: int | None = None) -> list[RowError]:
    """Return what a refusal says of single fields, perhaps of one row of many."""
    found = getattr(refusal, "errors", None)
    if found is not None:
        return [RowError(each.message, each.field, _place(each, index), each.status)
                for each in found]  # fmt: skip
    field = getattr(refusal, "field", "")
    if not field and index is None:
        return []
    name = OUR_NAMES.get(field, field)
    return [RowError(refusal.message, name, index, refusal.status)]


def _place(error: RowError, index: int | None) -> int | None:
    return error.index if index is None else index


def told(detail: Any, field: str = "") -> Iterator[RowError]:
    """Yield what REST framework says of each field, however deep."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            whole = "" if name == "non_field_errors" else str(name)
            yield from told(inner, f"{field}.{whole}".strip("."))
    elif isinstance(detail, list):
        for inner in detail:
            yield from told(inner, field)
    else:
        yield RowError(str(detail), field)
