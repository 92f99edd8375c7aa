"""The frame of a chart: where it draws, its axes with units, its grid."""

from dataclasses import dataclass

from common.charts.marks import Box, Line, Mark, Words
from common.charts.scales import Scale, said

WIDTH, HEIGHT = 640.0, 340.0
LEFT, TOP, BELOW, RIGHT = 64.0, 18.0, 48.0, 20.0
LETTER = 7.4  # how wide a letter is, about
MOST_LETTERS = 22


@dataclass(frozen=True)
class Frame:
    """The scales of a chart and the words at its axes."""

    across: Scale
    up: Scale
    x_label: str
    y_label: str
    width: float = WIDTH
    height: float = HEIGHT

    def marks(self, *, x_ticks: bool = True) -> tuple[Mark, ...]:
        """Return the grid, both axes, their ticks and what they measure."""
        left, right, bottom = self.across.start, self.across.end, self.up.start
        rows = [
            mark
            for tick in self.up.ticks()
            for mark in (
                Line(((left, self.up(tick)), (right, self.up(tick))), "grid", width=1),
                Words((left - 8, self.up(tick) + 4), said(tick), "soft", "end"),
            )
        ]
        columns = [
            Words((self.across(tick), bottom + 18), said(tick), "soft", "middle")
            for tick in (self.across.ticks(7) if x_ticks else [])
        ]
        return (*rows, *columns, Line(((left, bottom), (right, bottom)), "axis", width=1),
                Words(((left + right) / 2, bottom + 38), self.x_label, "text", "middle"),
                Words((16, (self.up.start + self.up.end) / 2), self.y_label, "text", "middle",
                      turned=True))  # fmt: skip

    def holds(self, x: float, y: float) -> bool:
        return self.across.low <= x <= self.across.high and self.up.low <= y <= self.up.high


def framed(  # noqa: PLR0913  a frame is its bounds and its words
    x_bounds: tuple[float, float],
    y_bounds: tuple[float, float],
    *,
    x_label: str,
    y_label: str,
    right: float = RIGHT,
    height: float = HEIGHT,
) -> Frame:
    """Return a frame for numbers within bounds, with room for labels on its right."""
    return Frame(
        Scale(*x_bounds, LEFT, WIDTH - right),
        Scale(*y_bounds, height - BELOW, TOP),
        x_label,
        y_label,
        height=height,
    )


def room_for(labels: list[str]) -> float:
    """Return how much room labels at the right end need."""
    longest = max((min(len(label), MOST_LETTERS) for label in labels), default=0)
    return RIGHT + longest * LETTER if longest else RIGHT


def short(label: str) -> str:
    return (
        label
        if len(label) <= MOST_LETTERS
        else f"{label[: MOST_LETTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
    )


def background(frame: Frame) -> Box:
    """Return what a chart's own ground is, for what should lie on it."""
    return Box(
        (frame.across.start, frame.up.end),
        frame.across.end - frame.across.start,
        frame.up.start - frame.up.end,
        "ground",
    )
