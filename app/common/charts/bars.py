"""Bars of single numbers, and histograms with the curves that a model draws through them."""

from collections.abc import Sequence

from common.charts import frame as frames
from common.charts.frame import Frame
from common.charts.guides import Guide, marks_of
from common.charts.lines import Series, pieces, tone
from common.charts.marks import Box, Drawing, Line, Mark, Table, Words
from common.charts.scales import around, said

MOST_NAMES = 14  # bars that have their names below them


def histogram(  # noqa: PLR0913  what a chart says
    edges: Sequence[float],
    heights: Sequence[float],
    *,
    title: str,
    x_label: str,
    y_label: str,
    curves: Sequence[Series] = (),
    guides: Sequence[Guide] = (),
    bars_label: str = "observed",
) -> Drawing:
    """Return a histogram; there is one edge more than heights."""
    found = [*heights, *(value for curve in curves for value in curve.y)]
    labels = [curve.label for curve in curves]
    frame = frames.framed(
        (float(edges[0]), float(edges[-1])), around([*found, 0.0], low=0.0),
        x_label=x_label, y_label=y_label, right=frames.room_for(labels),
    )  # fmt: skip
    boxes = [
        _box(frame, left, right, height)
        for left, right, height in zip(edges, edges[1:], heights, strict=False)
    ]
    drawn: list[Mark] = []
    for place, curve in enumerate(curves, 1):
        drawn += [Line(tuple(part), tone(place), place, said=curve.label)
                  for part in pieces(frame, curve.x, curve.y)]  # fmt: skip
    across = [mark for guide in guides for mark in marks_of(frame, guide)]
    marks = (*frame.marks(), *boxes, *drawn, *across, *_names(frame, curves))
    return Drawing(title, frame.width, frame.height, marks,
                   _histogram_table(edges, heights, x_label, bars_label))  # fmt: skip


def _box(frame: Frame, left: float, right: float, height: float) -> Box:
    start, end, top = frame.across(left), frame.across(right), frame.up(height)
    told = f"{said(left)} to {said(right)}: {said(height)}"
    return Box(
        (start + 0.5, top), max(end - start - 1, 0.5), frame.up.start - top, "series-1", told
    )


def _names(frame: Frame, curves: Sequence[Series]) -> list[Mark]:
    """Return a key on the right: a piece of each curve with its name."""
    found: list[Mark] = []
    for place, curve in enumerate(curves, 1):
        at = frame.up.end + 14 + 20 * (place - 1)
        found.append(Words((frame.across.end + 8, at), frames.short(curve.label), tone(place),
                           said=curve.label))  # fmt: skip
    return found


def _histogram_table(
    edges: Sequence[float], heights: Sequence[float], x_label: str, bars_label: str
) -> Table:
    rows = tuple(
        (f"{said(left)} to {said(right)}", said(height))
        for left, right, height in zip(edges, edges[1:], heights, strict=False)
    )
    return Table((x_label, bars_label), rows)


def bars(  # noqa: PLR0913  what a chart says
    names: Sequence[str],
    values: Sequence[float],
    *,
    title: str,
    x_label: str,
    y_label: str,
    kinds: Sequence[int] | None = None,
    kind_names: Sequence[str] = (),
    height: float = frames.HEIGHT,
) -> Drawing:
    """Return a bar for each value; ``kinds`` gives each one of a few tones, named on the right."""
    frame = frames.framed(
        (0.0, float(max(1, len(values)))), around([*values, 0.0]),
        x_label=x_label, y_label=y_label, right=frames.room_for(list(kind_names)), height=height,
    )  # fmt: skip
    zero = frame.up(0.0)
    boxes: list[Mark] = []
    for place, value in enumerate(values):
        start, end, top = frame.across(place), frame.across(place + 1), frame.up(value)
        gap = min(2.0, (end - start) * 0.15)
        shade = tone(kinds[place]) if kinds else "series-1"
        boxes.append(Box((start + gap, min(top, zero)), max(end - start - 2 * gap, 0.5),
                         abs(top - zero), shade, f"{names[place]}: {said(value)}"))  # fmt: skip
    below = _below(frame, names) if len(names) <= MOST_NAMES else []
    keys = [
        Words((frame.across.end + 8, frame.up.end + 14 + 20 * place), frames.short(name),
              tone(place), said=name)
        for place, name in enumerate(kind_names)
    ]  # fmt: skip
    marks = (*frame.marks(x_ticks=len(names) > MOST_NAMES), *boxes, *below, *keys)
    rows = tuple((name, said(value)) for name, value in zip(names, values, strict=True))
    return Drawing(title, frame.width, frame.height, marks, Table((x_label, y_label), rows))


def _below(frame: Frame, names: Sequence[str]) -> list[Mark]:
    return [
        Words((frame.across(place + 0.5), frame.up.start + 18), frames.short(name), "soft",
              "middle", said=name)
        for place, name in enumerate(names)
    ]  # fmt: skip
