"""Calls with an ``Idempotency-Key``: carried out once, answered the same way every time."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from django.db import transaction
from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from lab.api.errors import Unreadable
from lab.services import answers

if TYPE_CHECKING:
    from accounts.models import User

KEY = re.compile(r"[\x21-\x7e]{1,200}")
KEPT_HEADERS = ("ETag", "Location")
NO_CONTENT = 204


@transaction.atomic
def once(request: Request, work: Callable[[], Response]) -> HttpResponse:
    """Do the work, or repeat the answer that the same call has had before."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return work()
    if not KEY.fullmatch(key):
        raise Unreadable("Idempotency-Key: write 1 to 200 visible characters.",
                         field="Idempotency-Key")  # fmt: skip
    user = cast("User", request.user)
    there = answers.begin(user=user, key=key, digest=digest_of(request))
    if there is not None:
        return _again(*there.replay())
    response = work()
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    body = json.loads(JSONRenderer().render(response.data) or "null")
    answers.keep(user=user, key=key, status=response.status_code, body=body, headers=headers)
    return response


def digest_of(request: Request) -> str:
    """Return what two calls have in common when they are the same."""
    body = json.dumps(request.data, sort_keys=True, default=str)
    said = [str(request.method), request.get_full_path(), body, request.headers.get("If-Match", "")]
    return sha256("\0".join(said).encode()).hexdigest()


def _again(status: int, body: Any, headers: dict[str, str]) -> Response:
    told = {**headers, "Idempotency-Replayed": "true"}
    return Response(None if status == NO_CONTENT else body, status=status, headers=told)
