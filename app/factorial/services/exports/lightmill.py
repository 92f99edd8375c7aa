"""The folder that LightMill's ``export.sh`` leaves, with all that it leaves out.

Its columns are called by the names of factors and measures; true and false are 1 and 0. Trials
without measures, runs that nobody has begun and defaults of factors are there as well.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from factorial.models import Design
from factorial.queries.exports.attempts import Wish
from factorial.queries.exports.columns import EVENT, FACTOR, MEASURE, Column, Table, table_of
from factorial.queries.exports.trials import Piece, Reader
from factorial.services.exports.text import guarded

OURS = {"experiment": "Experiment Name", "run": "Run Id", "block": "Block Number",
        "trial": "Trial Number", "practice": "Practice"}  # fmt: skip
EVENT_NUMBER = "Event Number"
TRUTHS = {"true": 1, "false": 0}
Named = Callable[[str], str]
Chunks = Iterator[bytes]


def files(design: Design, wish: Wish, safe: Named) -> Iterator[tuple[str, Chunks]]:
    """Yield each file's name with its content: all trials, all events, the trials of each run."""
    name = safe(design.code)
    yield f"{name}.csv", _trials(design, wish)
    yield f"{name}-events.csv", _events(design, wish)
    trials = (row for piece in _pieces(design, wish, "trials") for row in piece)
    header = _header(table_of(design, "trials"))
    for run, rows in groupby(trials, key=lambda row: row[1]):
        yield f"runs/{safe(run)}.csv", _written(header, [list(rows)])


def _trials(design: Design, wish: Wish) -> Chunks:
    table = table_of(design, "trials")
    return _written(_header(table), _pieces(design, wish, "trials"))


def _events(design: Design, wish: Wish) -> Chunks:
    table = table_of(design, "joined")
    return _written(_header(table), _pieces(design, wish, "joined"))


def _written(header: Sequence[str], pieces: Iterable[Sequence[Sequence[Any]]]) -> Chunks:
    yield _csv([header])
    for rows in pieces:
        yield _csv(rows)


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(
        [[_cell(cell) for cell in row] for row in rows]
    )
    return buffer.getvalue().encode(errors="backslashreplace")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return TRUTHS.get(value, guarded(value)) if isinstance(value, str) else guarded(value)


def _pieces(design: Design, wish: Wish, what: Any) -> Iterator[list[list[Any]]]:
    table = table_of(design, what)
    head = _places(table.head, {FACTOR} if table.tail else {FACTOR, MEASURE})
    ours = [table.columns.index(_own(table, name)) for name in OURS]
    for piece in Reader(design, table, wish).pieces():
        yield list(_rows(design, table, piece, (ours, head)))


def _rows(
    design: Design, table: Table, piece: Piece, places: tuple[list[int], list[int]]
) -> Iterator[list[Any]]:
    within = _places(table.tail, {EVENT})
    for place, head in enumerate(piece.heads):
        ours = [head[each] for each in places[0]]
        ours[0] = design.name or design.code
        rest = [head[each] for each in places[1]]
        if piece.tails is None:
            yield [*ours, *rest]
            continue
        for row in zip(*piece.tails[place].columns, strict=True):
            if row[0] is not None:
                yield [*ours, row[0], *rest, *(row[each] for each in within)]


def _own(table: Table, name: str) -> Column:
    return next(column for column in table.columns if column.name == name)


def _places(columns: Sequence[Column], sources: set[str]) -> list[int]:
    return [place for place, column in enumerate(columns) if column.source in sources]


def _header(table: Table) -> list[str]:
    """Return the names; those that more than one has say whose they are."""
    wanted = {FACTOR, EVENT} if table.tail else {FACTOR, MEASURE}
    columns = [column for column in table.columns if column.source in wanted]
    ours = [*OURS.values(), *([EVENT_NUMBER] if table.tail else [])]
    times = Counter([*ours, *(column.label or column.code for column in columns)])
    return [*ours, *(_name(column, times) for column in columns)]


def _name(column: Column, times: Counter[str]) -> str:
    name = column.label or column.code
    if times[name] == 1:
        return name
    return f"{name} (factor)" if column.source == FACTOR else f"{name} (measure {column.code})"
