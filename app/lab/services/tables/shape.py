"""The columns of the two tables, as ONE reads them with pandas."""

import json
from typing import Any

import pyarrow as pa

QUALITIES = {0: "NOT_SET", 10: "PASS", 30: "WARNING", 40: "FAIL", 50: "CRITICAL"}
CODES = {value: code for code, value in enumerate(QUALITIES)}
LEAST_CLIENT = "2.7.0"  # the first that reads these columns

SESSIONS = pa.schema([
    ("id", pa.string()),
    ("lab", pa.string()),
    ("subject", pa.string()),
    ("date", pa.date32()),
    ("number", pa.uint16()),
    ("task_protocol", pa.string()),
    ("projects", pa.string()),
])  # fmt: skip
DATASETS = pa.schema([
    ("eid", pa.string()),
    ("id", pa.string()),
    ("rel_path", pa.string()),
    ("file_size", pa.uint64()),
    ("hash", pa.string()),
    ("default_revision", pa.bool_()),
    ("qc", pa.dictionary(pa.int8(), pa.string(), ordered=True)),
    ("exists", pa.bool_()),
])  # fmt: skip
SESSION_INDEX, DATASET_INDEX = ["id"], ["eid", "id"]

# What pandas makes of a column when it is not what the column's own type says.
NUMPY = {"uint16": "uint16", "uint64": "UInt64", "bool": "bool"}


def described(schema: pa.Schema, index: list[str], facts: dict[str, Any]) -> pa.Schema:
    """Return the schema with what pandas and ONE read besides the columns."""
    pandas = {
        "index_columns": index,
        "column_indexes": [],
        "columns": [_column(field) for field in schema],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }
    return schema.with_metadata(
        {b"pandas": json.dumps(pandas).encode(), b"one_metadata": json.dumps(facts).encode()}
    )


def _column(field: pa.Field) -> dict[str, Any]:
    kind = str(field.type)
    told: dict[str, Any]
    if pa.types.is_dictionary(field.type):
        metadata = {"num_categories": len(QUALITIES), "ordered": True}
        told = {"pandas_type": "categorical", "numpy_type": "int8", "metadata": metadata}
    else:
        named = {"string": "unicode", "date32[day]": "date"}.get(kind, kind)
        told = {"pandas_type": named, "numpy_type": NUMPY.get(kind, "object"), "metadata": None}
    return {"name": field.name, "field_name": field.name, **told}


def qualities(codes: list[int]) -> pa.DictionaryArray:
    values = pa.array(list(QUALITIES.values()))
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), values, ordered=True)
