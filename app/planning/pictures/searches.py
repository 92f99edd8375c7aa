"""Charts of searches: the scores over time, and a front of designs."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from common.charts import Drawing, Point, Series, lines, scatter
from planning.models import TaskDesign
from planning.queries.searches import CRITERIA

SCORES = {
    "worth": "worth",
    "counterbalancing": "order",
    "frequencies": "counts",
}


def of_history(points: Sequence[dict[str, Any]]) -> Drawing | None:
    """Return the best worth as time went, and what it is made of; None before there is any."""
    if not points:
        return None
    x = [float(each["s"]) for each in points]
    series = [
        Series(words, x, [each.get(name) for each in points], is_stepped=True)
        for name, words in SCORES.items()
    ]
    return lines(
        series,
        title="How good was the best design as time went?",
        x_label="Seconds since the search began",
        y_label="Score",
    )


def of_front(
    designs: Sequence[TaskDesign],
    *,
    across: str,
    up: str,
    chosen: uuid.UUID | None,
    link: Callable[[TaskDesign], str],
) -> Drawing:
    """Return a front: each point is a design and leads to its numbers."""
    points = [
        Point(
            x=float(each.scores.get(across, 0.0)),
            y=float(each.scores.get(up, 0.0)),
            label=str(each),
            link=link(each),
            is_chosen=each.pk == chosen,
        )
        for each in designs
    ]
    return scatter(
        points,
        title=f"What does {CRITERIA[across].lower()} cost in {CRITERIA[up].lower()}?",
        x_label=CRITERIA[across],
        y_label=CRITERIA[up],
    )
