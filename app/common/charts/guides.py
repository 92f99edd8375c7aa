"""Lines across a chart that its numbers are compared with."""

from dataclasses import dataclass

from common.charts.frame import Frame
from common.charts.marks import Line, Mark, Words


@dataclass(frozen=True)
class Guide:
    """A line across that something is compared with: at an ``x`` or at a ``y``."""

    label: str
    x: float | None = None
    y: float | None = None


def marks_of(frame: Frame, guide: Guide) -> list[Mark]:
    """Return a guide as marks; one outside of the frame is left out."""
    left, right = frame.across.start, frame.across.end
    if guide.y is not None and frame.up.low <= guide.y <= frame.up.high:
        at = frame.up(guide.y)
        return [Line(((left, at), (right, at)), "guide", 1, 1.5),
                Words((left + 6, at - 5), guide.label, "soft")]  # fmt: skip
    if guide.x is not None:
        at = frame.across(guide.x)
        late = at > (left + right) / 2
        return [Line(((at, frame.up.start), (at, frame.up.end)), "guide", 1, 1.5),
                Words((at - 6 if late else at + 6, frame.up.end + 10), guide.label, "soft",
                      "end" if late else "start")]  # fmt: skip
    return []
