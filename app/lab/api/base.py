"""The manners of every endpoint of the lab's API: who asks, why, whether in earnest."""

from collections.abc import Callable
from typing import Any, cast

from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from rest_framework import viewsets
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import ScopeAllows
from accounts.models import User
from lab.api import filters
from lab.api.errors import Unreadable, exception_handler
from lab.api.once import once

WRITING = {"dry_run", "reason"}
LONGEST_REASON = 1000


class LabView(viewsets.ViewSet):
    """The manners of the whole surface."""

    permission_classes = [IsAuthenticated, ScopeAllows]
    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]

    @property
    def person(self) -> User:
        return cast("User", self.request.user)

    def get_exception_handler(self) -> Any:
        return exception_handler

    def finalize_response(  # type: ignore[override]  # files are streamed
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if getattr(response, "exception", False):  # told in JSON, whatever was asked for
            request.accepted_renderer = JSONRenderer()
            request.accepted_media_type = JSONRenderer.media_type
        finished: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        return finished

    def written(self, work: Callable[[], Response]) -> HttpResponse:
        """Do a piece of writing whole or not at all; a dry run is undone."""
        if not self.is_dry:
            return once(self.request, work)
        with transaction.atomic():
            response = work()
            transaction.set_rollback(True)
        said = response.data if isinstance(response.data, dict) else {}
        return Response({"dry_run": True, "would_answer": response.status_code, **said})

    @property
    def is_dry(self) -> bool:
        text = self.request.query_params.get("dry_run", "0").lower()
        if text not in filters.TRUTHS:
            raise Unreadable("dry_run: write 1 or 0.", field="dry_run")
        return filters.TRUTHS[text]

    @property
    def reason(self) -> str:
        """Return why it is done, as the history will tell."""
        text = self.request.query_params.get("reason", "")
        if len(text) > LONGEST_REASON or "\0" in text:
            raise Unreadable("reason: write at most 1000 characters.", field="reason")
        return text

    def beside(self, cursor: str) -> str | None:
        """Return the absolute address of the piece that a cursor stands for."""
        if not cursor:
            return None
        query = self.request.query_params.copy()
        query["cursor"] = cursor
        return str(self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}"))

    def only(self, known: set[str]) -> None:
        """Refuse parameters that mean nothing here."""
        for name in self.request.query_params:
            if name not in known:
                names = ", ".join(sorted(known))
                raise Unreadable(f"{name}: there is no such parameter here. There are: {names}.",
                                 field=name)  # fmt: skip
