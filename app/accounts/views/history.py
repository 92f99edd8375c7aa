"""The audit trail as a page and as CSV."""

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from accounts import history, queries
from accounts.errors import RoleTooLow
from accounts.views.shared import me

PAGE = 50


@login_required
@require_GET
def history_page(request: HttpRequest) -> HttpResponse:
    """Show the newest entries that fit the filters; ?before= goes on from the last one shown."""
    _need_reader(request)
    asked = history.asked_by(request.GET)
    entries = queries.history(me(request), asked, now=now())
    page = history.page_of(entries, before=request.GET.get("before", ""), size=PAGE)
    context = {
        "page": page,
        "chips": history.chips(me(request), request.GET),
        "text": asked.text,
        "query": history.query_of(request.GET),
    }
    return render(request, "accounts/history.html", context)


@login_required
@require_GET
def history_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Return every entry that fits the filters, row by row."""
    _need_reader(request)
    entries = queries.history(me(request), history.asked_by(request.GET), now=now())
    response = StreamingHttpResponse(_lines(entries), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="history.csv"'
    return response


class _Echo:
    """A file that hands each line straight on."""

    def write(self, line: str) -> str:
        return line


def _lines(entries: Any) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(history.COLUMNS)
    for entry in entries.iterator(chunk_size=500):
        yield writer.writerow(history.row_of(entry))


def _need_reader(request: HttpRequest) -> None:
    if not queries.reads_history(me(request)):
        raise RoleTooLow("The history of a lab is for its admins.")
