"""Whole lists as a table or as lines of JSON, written while they are read."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.timezone import now
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from common import spreadsheets
from lab.api.errors import Unreadable

Serialise = Callable[[list[Any]], list[dict[str, Any]]]


class CsvRenderer(JSONRenderer):
    """Says that a list can be had as CSV; the rows are written by `streamed`."""

    media_type = "text/csv"
    format = "csv"


class NdjsonRenderer(JSONRenderer):
    media_type = "application/x-ndjson"
    format = "ndjson"


class FormatFirst(DefaultContentNegotiation):
    """Lets ``format=`` decide before what the program accepts in general."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        wanted = request.query_params.get("format", "")
        if not wanted:
            return super().select_renderer(request, renderers, format_suffix)
        for renderer in renderers:
            if renderer.format == wanted:
                return renderer, renderer.media_type
        names = ", ".join(renderer.format for renderer in renderers)
        raise Unreadable(f"format: write one of {names}.", field="format")


class Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def streamed(
    pieces: Iterable[list[Any]], serialise: Serialise, *, kind: str, name: str, fields: list[str]
) -> StreamingHttpResponse:
    lines = _csv(pieces, serialise, fields) if kind == "csv" else _ndjson(pieces, serialise)
    media = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}[kind]
    answer = StreamingHttpResponse(lines, content_type=media)
    file = f"{name}-{now():%Y-%m-%d}.{kind}"
    answer["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer


def _csv(pieces: Iterable[list[Any]], serialise: Serialise, fields: list[str]) -> Iterator[str]:
    writer = csv.writer(Line())
    yield writer.writerow(fields)
    for piece in pieces:
        for row in serialise(piece):
            yield writer.writerow([_cell(row.get(name)) for name in fields])


def _ndjson(pieces: Iterable[list[Any]], serialise: Serialise) -> Iterator[str]:
    for piece in pieces:
        for row in serialise(piece):
            yield json.dumps(row, ensure_ascii=False, default=str) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return spreadsheets.cell(" ".join(map(str, value)))
    if isinstance(value, bool):
        return "true" if value else "false"
    return spreadsheets.cell(value)
