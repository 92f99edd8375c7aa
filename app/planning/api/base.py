"""What all addresses of planning share: parameters, pieces of lists, projects."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from django.http import HttpResponse, QueryDict
from rest_framework.parsers import BaseParser
from rest_framework.request import Request, is_form_media_type
from rest_framework.response import Response

from accounts.models import Project, User
from common.errors import NotThere
from common.spreadsheets import cell
from lab.api import paging
from lab.api.errors import Unreadable
from lab.api.paging import Rows

LISTED = ("limit", "cursor", "count", "order", "project")
NEWEST = ("-created_at",)


class Content(BaseParser):
    """A body as it is, in the pieces in which it comes; a form holds none."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        return QueryDict() if is_form_media_type(media_type or "") else stream


PIECE = 2**20


def pieces_of(request: Request) -> Iterable[bytes]:
    """Yield the body of a request, a piece at a time."""
    stream: Any = request.data
    while hasattr(stream, "read") and (piece := stream.read(PIECE)):
        yield piece


def body_of(request: Request, most: int) -> bytes:
    """Return a whole body, which is not larger than ``most`` bytes.

    Raises
    ------
    Unreadable
        It is empty, or larger.
    """
    found = b""
    for piece in pieces_of(request):
        found += piece
        if len(found) > most:
            raise Unreadable(f"The body is larger than {most:,} bytes.")
    if not found:
        raise Unreadable("The body is empty.")
    return found


def known(given: Mapping[str, Any], names: Iterable[str]) -> None:
    """Refuse parameters that an address does not know."""
    for name in given:
        if name not in names:
            there = f"Known are {', '.join(names)}." if names else "None is known."
            raise Unreadable(f"{name}: there is no such parameter. {there}", field=name)


def person(request: Request) -> User:
    """Return who asks; nobody comes here without a key or a cookie."""
    return cast("User", request.user)


def project(request: Request, told: str) -> Project:
    """Return a project in which somebody may work, told as `lab/project`."""
    lab, _, slug = told.partition("/")
    rows = Project.objects.editable_by(request.user).select_related("lab")
    found = rows.filter(lab__slug=lab, slug=slug).first()
    if found is None:
        raise NotThere(
            "No project of yours is called so.", remedy="Name it by project=lab/project."
        )
    return found


def listed(request: Request, rows: Rows, path: str, shown: Callable[[Any], Any]) -> Response:
    """Answer with one piece of a list, by keyset; ``path`` leads from a row to its project."""
    known(request.query_params, LISTED)
    lab, _, slug = request.query_params.get("project", "").partition("/")
    if lab:
        rows = rows.filter(**{f"{path}__lab__slug": lab})
    if slug:
        rows = rows.filter(**{f"{path}__slug": slug})
    wish = paging.wish_of(request.query_params, NEWEST)
    page = paging.page_of(rows, wish)
    answer = {
        "results": [shown(row) for row in page.rows],
        "next": _beside(request, page.next),
        "previous": _beside(request, page.previous),
    }
    return Response(answer | ({"count": rows.count()} if wish.counts else {}))


def _beside(request: Request, cursor: str) -> str | None:
    if not cursor:
        return None
    asked = request.query_params.copy()
    asked["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{asked.urlencode()}")


def number(request: Request, name: str, usual: float | None = None) -> float:
    """Return a parameter that is a number."""
    text = request.query_params.get(name, "")
    if not text and usual is not None:
        return usual
    try:
        return float(text)
    except ValueError:
        raise Unreadable(f"{name}: write a number.", field=name) from None


def table(rows: Iterable[Iterable[object]], name: str) -> HttpResponse:
    """Answer with a table as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
