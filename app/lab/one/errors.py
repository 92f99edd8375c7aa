"""Refusals as ONE reads them: ``detail`` or one entry a field, and ``status_code``."""

from typing import Any

from django.db import DataError, NotSupportedError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler as rest_exception_handler
from rest_framework.views import set_rollback

from common import refusals
from common.refusals import Refusal

UNFIT = "The database cannot hold, or compare, a value that was sent: it is too large, or odd."
BAD_REQUEST = status.HTTP_400_BAD_REQUEST
# The client knows 400 for what cannot be accepted, and 403 for a missing or worthless token.
SPOKEN = {422: BAD_REQUEST, 409: BAD_REQUEST}


class FieldRefused(exceptions.ValidationError):
    """One field or filter cannot be accepted; its name is in the answer."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__({name: [message]})


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    refusal = refusals.translated(error)
    if refusal is not None:
        set_rollback()
        words = Refusal.of(refusal)
        code = SPOKEN.get(refusal.status, refusal.status)
        after = refusal.retry_after
        headers = {} if after is None else {"Retry-After": str(after)}
        body = {"status_code": code, "detail": words.detail, "remedy": words.remedy}
        field = getattr(refusal, "field", "")
        return Response(body | ({field: [words.detail]} if field else {}), code, headers=headers)
    if isinstance(error, DataError | OverflowError | NotSupportedError):
        set_rollback()
        return Response({"status_code": BAD_REQUEST, "detail": UNFIT}, BAD_REQUEST)
    answer = rest_exception_handler(error, context)
    if answer is not None:
        answer.data = _spoken(answer)
    return answer


def _spoken(answer: Response) -> dict[str, Any]:
    said = answer.data if isinstance(answer.data, dict) else {"detail": answer.data}
    return {"status_code": answer.status_code, **said}
