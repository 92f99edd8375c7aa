"""Refusals of the API, in the words of the pages."""

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler as rest_exception_handler

from common import refusals
from common.refusals import Refusal


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Translate a refusal of ours; leave REST framework's own to it; a bug stays a bug."""
    refusal = refusals.translated(error)
    if refusal is None:
        return rest_exception_handler(error, context)
    words = Refusal.of(refusal)
    body = {"detail": words.detail, "remedy": words.remedy, "request_id": words.request_id}
    after = refusal.retry_after
    headers = {} if after is None else {"Retry-After": str(after)}
    return Response(body, status=refusal.status, headers=headers)
