"""Points of two numbers, each of which may lead somewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.charts import frame as frames
from common.charts.lines import tone
from common.charts.marks import SHAPES, Dot, Drawing, Line, Mark, Table, Words
from common.charts.scales import around, said


@dataclass(frozen=True)
class Point:
    """One point: where it is, what it is called, and where it leads if anywhere."""

    x: float
    y: float
    label: str
    kind: int = 0
    link: str = ""
    is_chosen: bool = False


def scatter(  # noqa: PLR0913  what a chart says
    points: Sequence[Point],
    *,
    title: str,
    x_label: str,
    y_label: str,
    is_joined: bool = False,
    kind_names: Sequence[str] = (),
) -> Drawing:
    """Return points; ``is_joined`` draws a line through them in the order of x."""
    frame = frames.framed(
        _roomy([point.x for point in points]), _roomy([point.y for point in points]),
        x_label=x_label, y_label=y_label, right=frames.room_for(list(kind_names)),
    )  # fmt: skip
    places = [(frame.across(point.x), frame.up(point.y)) for point in points]
    thread: list[Mark] = [Line(tuple(sorted(places)), "guide", 1, 1.5)] if is_joined else []
    dots = [
        Dot(at, tone(point.kind), SHAPES[point.kind % len(SHAPES)], 6.0,
            f"{point.label}: {said(point.x)}, {said(point.y)}", point.link, point.is_chosen)
        for at, point in zip(places, points, strict=True)
    ]  # fmt: skip
    keys = [
        Words((frame.across.end + 8, frame.up.end + 14 + 20 * place), frames.short(name),
              tone(place), said=name)
        for place, name in enumerate(kind_names)
    ]  # fmt: skip
    table = Table(
        ("", x_label, y_label),
        tuple((point.label, said(point.x), said(point.y)) for point in points),
    )
    marks = (*frame.marks(), *thread, *dots, *keys)
    return Drawing(title, frame.width, frame.height, marks, table)


def _roomy(values: list[float]) -> tuple[float, float]:
    """Return bounds that no point touches."""
    low, high = around(values)
    edge = (high - low) * 0.04
    return low - edge, high + edge
