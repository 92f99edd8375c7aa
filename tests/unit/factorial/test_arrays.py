"""Columns that are built from their parts are what Arrow makes of the same cells."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factorial.services.exports import arrays

CELLS = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(),
    pa.timestamp("us", tz="UTC"): st.datetimes(
        min_value=datetime(1900, 1, 1),  # noqa: DTZ001  the strategy adds the zone
        timezones=st.just(UTC),
    ),
}
WITHOUT_PANDAS = """
import io, sys
import pyarrow as pa, pyarrow.parquet as pq
from factorial.services.exports import arrays
heads = arrays.column(pa, ["a", None, "é"], pa.string()).take(arrays.places(pa, [1, 2, 0]))
numbers = arrays.column(pa, [1.5, None, 2], pa.float64())
schema = pa.schema([pa.field("run", pa.string()), pa.field("x", pa.float64())])
with pq.ParquetWriter(io.BytesIO(), schema) as writer:
    writer.write_table(pa.Table.from_arrays([heads, numbers], schema=schema))
sys.exit("pandas" in sys.modules)
"""


@pytest.mark.parametrize("kind", CELLS, ids=str)
def test_a_column_is_what_arrow_makes_of_the_cells(kind):
    @given(st.lists(st.none() | CELLS[kind]))
    def same(cells):
        found = arrays.column(pa, cells, kind)
        found.validate(full=True)
        assert found.equals(pa.array(cells, kind))

    same()


def test_heads_are_repeated_as_often_as_they_have_events():
    assert arrays.places(pa, [2, 0, 3]).to_pylist() == [0, 0, 2, 2, 2]


@pytest.mark.parametrize(
    ("kind", "cell"),
    [(pa.int64(), 1.5), (pa.int64(), 2**63), (pa.int64(), "5"), (pa.float64(), "5"),
     (pa.float64(), 10**400), (pa.string(), "\ud800"), (pa.string(), 5), (pa.bool_(), "x")],
)  # fmt: skip
def test_what_is_not_of_the_type_is_refused_and_not_bent(kind, cell):
    with pytest.raises((TypeError, ValueError, OverflowError)):
        arrays.column(pa, [None, cell], kind)


def test_pandas_is_not_loaded_where_it_is_installed():
    app = Path(arrays.__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", WITHOUT_PANDAS], cwd=app, check=False)
    assert done.returncode == 0
