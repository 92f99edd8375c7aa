"""A field of shades: the numbers stand in its cells where there are few."""

from collections.abc import Sequence

from common.charts import frame as frames
from common.charts.marks import Box, Drawing, Mark, Table, Words
from common.charts.scales import said

MOST_NUMBERS = 12  # cells in a row that have their number written in them
DEEPEST, DEEPEST_BELOW, DARK = 8, 4, 5


def heat(  # noqa: PLR0913  what a chart says
    values: Sequence[Sequence[float]],
    *,
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    low: float = 0.0,
    high: float = 1.0,
    x_label: str = "",
    height: float | None = None,
) -> Drawing:
    """Return a field of ``values``, a row for each of ``rows``; below zero is another colour."""
    left = 24 + min(max((len(row) for row in rows), default=0), frames.MOST_LETTERS) * frames.LETTER
    wide = (frames.WIDTH - left - frames.RIGHT) / max(1, len(columns))
    tall = max(20.0, min(40.0, wide)) if height is None else (height - 60) / max(1, len(rows))
    numbers = len(columns) <= MOST_NUMBERS
    marks: list[Mark] = []
    for down, row in enumerate(values):
        top = 28 + down * tall
        if numbers or len(rows) <= MOST_NUMBERS:
            marks.append(Words((left - 8, top + tall / 2 + 4), frames.short(rows[down]), "soft",
                               "end", said=rows[down]))  # fmt: skip
        marks += [mark for across, value in enumerate(row) for mark in _cell(
            (left + across * wide, top), (wide, tall), value, (low, high),
            f"{rows[down]}, {columns[across]}: {said(value)}", numbers=numbers)]  # fmt: skip
    if numbers:
        marks += [Words((left + (place + 0.5) * wide, 18), _fits(name, wide), "soft", "middle",
                        said=name) for place, name in enumerate(columns)]  # fmt: skip
    bottom = 28 + len(rows) * tall
    if x_label:
        marks.append(Words(((left + frames.WIDTH) / 2, bottom + 20), x_label, "text", "middle"))
    told = ((name, *(said(value) for value in row)) for name, row in zip(rows, values, strict=True))
    table = Table(("", *columns), tuple(told))
    return Drawing(title, frames.WIDTH, bottom + (30 if x_label else 8), tuple(marks), table)


def _fits(name: str, wide: float) -> str:
    most = max(2, int(wide / frames.LETTER))
    return name if len(name) <= most else f"{name[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def _cell(  # noqa: PLR0913  where, how large, how much, of what, what it says
    at: tuple[float, float],
    size: tuple[float, float],
    value: float,
    bounds: tuple[float, float],
    told: str,
    *,
    numbers: bool,
) -> list[Mark]:
    shade, is_dark = _shade(value, bounds)
    gap = 1.0 if size[0] > 6 else 0.0  # noqa: PLR2004  narrow cells touch
    found: list[Mark] = [Box(at, size[0] - gap, size[1] - gap, shade, told)]
    if numbers:
        middle = (at[0] + size[0] / 2, at[1] + size[1] / 2 + 4)
        found.append(
            Words(middle, said(round(value, 2)), "on-dark" if is_dark else "text", "middle")
        )
    return found


def _shade(value: float, bounds: tuple[float, float]) -> tuple[str, bool]:
    low, high = bounds
    if value != value:  # noqa: PLR0124  no number
        return "shade-0", False
    if value < 0 and low < 0:
        deep = min(DEEPEST_BELOW, round(DEEPEST_BELOW * value / low))
        return (f"under-{deep}" if deep else "shade-0"), deep >= DEEPEST_BELOW
    start = max(low, 0.0)
    share = (value - start) / (high - start) if high > start else 0.0
    deep = max(0, min(DEEPEST, round(DEEPEST * share)))
    return f"shade-{deep}", deep >= DARK
