"""The data dictionary: what each column of an export is."""

from collections.abc import Iterable
from typing import Any

from factorial.queries.exports.columns import Column, Table

FIELDS = ("table", "name", "source", "id", "type", "declared_type", "is_declared", "unit", "label",
          "levels")  # fmt: skip


def entry(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "source": column.source,
        "id": column.code,
        "type": column.kind,
        "declared_type": column.declared,
        "is_declared": column.is_declared,
        "unit": column.unit,
        "label": column.label,
        "levels": dict(column.levels),
    }


def rows(tables: Iterable[Table]) -> list[dict[str, Any]]:
    return [{"table": table.what, **entry(column)} for table in tables for column in table.columns]
