"""Columns of Arrow, built from their parts.

Arrow's own way from a list loads pandas wherever it is installed, which takes 40 MB and a second.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
Parts = list[Any]


def column(arrow: Any, cells: Sequence[Any], kind: Any) -> "pa.Array":
    """Return cells as a column; None is nothing.

    Raises
    ------
    TypeError, ValueError, OverflowError
        A cell is not of the type, or larger than it holds.
    """
    make, nothing = MAKERS.get(str(kind), (_texts, ""))
    missing = None
    if None in cells:
        missing = _bits(arrow, bytes([cell is not None for cell in cells]))
        cells = [nothing if cell is None else cell for cell in cells]
    found: pa.Array = arrow.Array.from_buffers(kind, len(cells), [missing, *make(arrow, cells)])
    return found


def places(arrow: Any, counts: Iterable[int]) -> "pa.Array":
    """Return 0, 1, 2 … each as often as is told."""
    told = array("i", (at for at, count in enumerate(counts) for _ in range(count)))
    buffers = [None, arrow.py_buffer(told)]
    found: pa.Array = arrow.Array.from_buffers(arrow.int32(), len(told), buffers)
    return found


def _bits(arrow: Any, flags: bytes) -> Any:
    wide = arrow.Array.from_buffers(arrow.uint8(), len(flags), [None, arrow.py_buffer(flags)])
    return wide.cast(arrow.bool_()).buffers()[1]


def _integers(arrow: Any, cells: Iterable[int]) -> Parts:
    return [arrow.py_buffer(array("q", cells))]


def _numbers(arrow: Any, cells: Iterable[float]) -> Parts:
    return [arrow.py_buffer(array("d", cells))]


def _truths(arrow: Any, cells: Iterable[bool]) -> Parts:
    return [_bits(arrow, bytes(cells))]


def _instants(arrow: Any, cells: Iterable[datetime]) -> Parts:
    return _integers(arrow, [(each - EPOCH) // TICK for each in cells])


def _texts(arrow: Any, cells: Sequence[str]) -> Parts:
    joined = "".join(cells)
    sizes: Iterable[int] = map(len, cells)
    if not joined.isascii():
        sizes = (len(each.encode()) for each in cells)
    ends = array("i", accumulate(sizes, initial=0))
    return [arrow.py_buffer(ends), arrow.py_buffer(joined.encode())]


MAKERS: Mapping[str, tuple[Callable[[Any, Any], Parts], Any]] = {
    "int64": (_integers, 0),
    "double": (_numbers, 0.0),
    "bool": (_truths, False),
    "timestamp[us, tz=UTC]": (_instants, EPOCH),
}
