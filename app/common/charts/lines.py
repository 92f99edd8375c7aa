"""Lines over an axis, with intervals around them and labels at their ends."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from common.charts import frame as frames
from common.charts.frame import Frame
from common.charts.guides import Guide, marks_of
from common.charts.marks import SERIES, SHAPES, Area, Dot, Drawing, Line, Mark, Place, Table, Words
from common.charts.scales import around, said

APART = 16.0  # between labels
MOST_ROWS = 200  # of the table


@dataclass(frozen=True)
class Series:
    """One line: its numbers, and an interval around each if it is an estimate.

    What is None or no number leaves a gap. ``is_stepped`` keeps a value until the next.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float | None]
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None
    is_stepped: bool = False


def lines(  # noqa: PLR0913  what a chart says
    series: Sequence[Series],
    *,
    title: str,
    x_label: str,
    y_label: str,
    guides: Sequence[Guide] = (),
    y_low: float | None = None,
    y_high: float | None = None,
    height: float = frames.HEIGHT,
) -> Drawing:
    """Return lines of up to `SERIES` series; the axes name their units."""
    labels = [each.label for each in series] if len(series) > 1 else []
    frame = frames.framed(
        _bounds_x(series, guides),
        around(_values(series, guides), low=y_low, high=y_high),
        x_label=x_label, y_label=y_label, right=frames.room_for(labels), height=height,
    )  # fmt: skip
    bands = [area for place, each in enumerate(series) for area in _band(frame, each, place)]
    drawn = [mark for place, each in enumerate(series) for mark in _line(frame, each, place)]
    across = [mark for guide in guides for mark in marks_of(frame, guide)]
    named = _labels(frame, series) if labels else []
    marks = (*frame.marks(), *bands, *across, *drawn, *named)
    return Drawing(title, frame.width, frame.height, marks, table_of(series, x_label))


def _bounds_x(series: Sequence[Series], guides: Sequence[Guide]) -> tuple[float, float]:
    values = [float(x) for each in series for x in each.x]
    values += [guide.x for guide in guides if guide.x is not None]
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _values(series: Sequence[Series], guides: Sequence[Guide]) -> list[float | None]:
    found = [guide.y for guide in guides]
    for each in series:
        found += [*each.y, *(each.low or ()), *(each.high or ())]
    return found


def tone(place: int) -> str:
    """Return the tone of the series at a place."""
    return f"series-{place % SERIES + 1}"


def pieces(
    frame: Frame, x: Sequence[float], y: Sequence[float | None], *, is_stepped: bool = False
) -> list[list[Place]]:
    """Return the places of a line, parted where a value is missing."""
    found: list[list[Place]] = [[]]
    for one, value in zip(x, y, strict=True):
        if value is None or not math.isfinite(value):
            found.append([])
            continue
        inside = min(max(value, frame.up.low), frame.up.high)
        place = (frame.across(one), frame.up(inside))
        if is_stepped and found[-1]:
            found[-1].append((place[0], found[-1][-1][1]))
        found[-1].append(place)
    return [each for each in found if each]


def _line(frame: Frame, each: Series, place: int) -> list[Mark]:
    dash = place % SERIES
    found: list[Mark] = []
    for part in pieces(frame, each.x, each.y, is_stepped=each.is_stepped):
        if len(part) == 1:
            found.append(Dot(part[0], tone(place), SHAPES[place % len(SHAPES)], said=each.label))
        else:
            found.append(Line(tuple(part), tone(place), dash, said=each.label))
    return found


def _band(frame: Frame, each: Series, place: int) -> list[Area]:
    if each.low is None or each.high is None:
        return []
    lower, upper = pieces(frame, each.x, each.low), pieces(frame, each.x, each.high)
    both = zip(lower, upper, strict=False)
    return [Area((*low, *reversed(high)), tone(place)) for low, high in both if len(low) > 1]


def _labels(frame: Frame, series: Sequence[Series]) -> list[Mark]:
    """Return the labels at the ends of the lines, pushed apart where they would meet."""
    ends = []
    for place, each in enumerate(series):
        parts = pieces(frame, each.x, each.y)
        if parts:
            ends.append((parts[-1][-1][1], place, each.label))
    found: list[Mark] = []
    for at, (_, place, label) in zip(_apart([end[0] for end in sorted(ends)]), sorted(ends),
                                     strict=True):  # fmt: skip
        where = (frame.across.end + 8, at + 4)
        found.append(Words(where, frames.short(label), tone(place), said=label))
    return found


def _apart(heights: list[float]) -> list[float]:
    """Return heights in order, each at least `APART` below the one before it."""
    found: list[float] = []
    for height in heights:
        found.append(max(height, found[-1] + APART) if found else height)
    over = found[-1] - (frames.HEIGHT - frames.BELOW) if found else 0
    return [height - over for height in found] if over > 0 else found


def table_of(series: Sequence[Series], x_label: str) -> Table:
    """Return the numbers of lines over the same x; every n-th of very many."""
    if not series:
        return Table((), ())
    first = series[0]
    every = max(1, -(-len(first.x) // MOST_ROWS))
    same = [each for each in series if len(each.x) == len(first.x)]
    rows = tuple(
        (said(first.x[row]), *(_cell(each, row) for each in same))
        for row in range(0, len(first.x), every)
    )
    return Table((x_label, *(each.label for each in same)), rows)


def _cell(each: Series, row: int) -> str:
    value = each.y[row]
    if value is None:
        return "\N{EN DASH}"
    low = each.low[row] if each.low else None
    high = each.high[row] if each.high else None
    sure = "" if low is None or high is None else f" ({said(low)} to {said(high)})"
    return f"{said(value)}{sure}"
