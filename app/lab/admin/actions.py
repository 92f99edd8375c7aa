"""What can be done with several chosen records at once."""

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, StreamingHttpResponse

from common import spreadsheets
from lab.admin.labels import all_joins

LEFT_OUT = {"json"}


class _Echo:
    """A file that hands each line straight on."""

    def write(self, line: str) -> str:
        return line


@admin.action(description="Export as CSV")
def export(
    page: Any,
    request: HttpRequest,  # noqa: ARG001
    queryset: models.QuerySet[Any],
) -> StreamingHttpResponse:
    """Return every column of the chosen records; links are named, formulas are only text.

    A page's ``never_exported`` names columns that leave the database in no form.
    """
    kind = queryset.model
    without = LEFT_OUT.union(getattr(page, "never_exported", ()))
    columns = [field for field in kind._meta.concrete_fields if field.name not in without]  # noqa: SLF001
    rows = queryset.select_related(*all_joins(kind))
    response = StreamingHttpResponse(_lines(columns, rows), content_type="text/csv; charset=utf-8")
    name = f"{kind._meta.verbose_name_plural}.csv".replace(" ", "-")  # noqa: SLF001
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(columns: list[Any], rows: models.QuerySet[Any]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow([field.name for field in columns])
    for row in rows.iterator(chunk_size=500):
        yield writer.writerow([spreadsheets.cell(_shown(row, field)) for field in columns])


def _shown(row: models.Model, field: Any) -> object:
    value: object = getattr(row, field.name)
    if field.choices:
        return dict(field.flatchoices).get(value, value)
    return str(value) if field.is_relation and value is not None else value
