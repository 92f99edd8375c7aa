"""What the checker found about orders, as squares of numbers that a page draws."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from touchstone.checker import Order

CELL, LABEL, HEAD = 44, 132, 28
DEEPEST = 4  # shades, besides none
LONGEST_LABEL = 15


@dataclass(frozen=True)
class Cell:
    x: int
    y: int
    count: int
    shade: int
    middle_x: int
    middle_y: int


@dataclass(frozen=True)
class Row:
    label: str
    short: str
    middle_y: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    label: str
    short: str
    middle_x: int


@dataclass(frozen=True)
class Matrix:
    """A square of counts with its labels; the darker a cell is, the larger its number."""

    title: str
    question: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    width: int
    height: int
    is_even: bool = True


def of(order: Order) -> list[Matrix]:
    """Return the two pictures of one factor: which place, and before whom."""
    what = {"block": "blocks of a run", "trial": "trials of a block", "run": "runs"}[order.level]
    if order.level == "run":
        return []
    places = [str(place) for place in range(1, 1 + len(next(iter(order.positions), ())))]
    at = f"How often does each value of {order.factor} come in each place among the {what}?"
    before = f"How often does the value of a row come directly before that of a column? ({what})"
    first = _matrix(f"{order.factor}: places", at, order.values, places, order.positions)
    other = _matrix(f"{order.factor}: neighbours", before, order.values, None, order.follows)
    return [
        replace(first, is_even=order.has_even_positions),
        replace(other, is_even=order.has_even_followers),
    ]


def _matrix(
    title: str,
    question: str,
    values: Sequence[str],
    places: Sequence[str] | None,
    counts: Sequence[Sequence[int]],
) -> Matrix:
    labels = values if places is None else places
    most = max((count for row in counts for count in row), default=0)
    return Matrix(
        title,
        question,
        tuple(_column(label, place) for place, label in enumerate(labels)),
        tuple(
            _row(value, place, row, most)
            for place, (value, row) in enumerate(zip(values, counts, strict=True))
        ),
        width=LABEL + CELL * len(labels),
        height=HEAD + CELL * len(values),
    )


def _column(label: str, place: int) -> Column:
    return Column(label, _short(label, 5), LABEL + place * CELL + CELL // 2)


def _row(label: str, place: int, counts: Sequence[int], most: int) -> Row:
    y = HEAD + place * CELL
    cells = (_cell(number, y, count, most) for number, count in enumerate(counts))
    return Row(label, _short(label, LONGEST_LABEL), y + CELL // 2, tuple(cells))


def _cell(number: int, y: int, count: int, most: int) -> Cell:
    x = LABEL + number * CELL
    shade = -(-count * DEEPEST // most) if most else 0
    return Cell(x, y, count, shade, x + CELL // 2, y + CELL // 2)


def _short(label: str, most: int) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"
