"""What happened around the trials of a run, and inside one of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from factorial.values import flattened
from runs.models import Event, Run, Trial, Variant
from runs.rows import finite

SHOWN = 100  # events around the trials
ROWS = 500  # events of a trial that are listed
DOTS = 2000  # events of a trial that are drawn
TIMES = ("at_ms", "t", "time", "timestamp")
WIDE, HIGH, EDGE = 1000, 240, 12


@dataclass(frozen=True)
class Dot:
    """One event on the line of time, or in the plane."""

    x: float
    y: float
    kind: int
    label: str


@dataclass(frozen=True)
class Shown:
    """One trial, with its events as a table and as two drawings."""

    trial: Trial
    raw: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    count: int
    kinds: Sequence[str]
    line: Sequence[Dot]
    lasted: float | None
    path: str
    ends: Sequence[Dot]
    variants: int
    measures: Mapping[str, Any]

    @property
    def is_cut(self) -> bool:
        return self.count > len(self.rows)


def around(run: Run) -> list[Event]:
    """Return the newest of what happened around the trials."""
    return list(Event.objects.filter(run=run).order_by("-received_at", "-number", "-pk")[:SHOWN])


def trial_of(run: Run, block: int, number: int) -> Shown | None:
    """Return one trial of an attempt, in four questions."""
    found: Trial | None = (
        Trial.objects.filter(visit__run=run, visit__position=block, index=number)
        .select_related("visit", "within")
        .first()
    )
    if found is None:
        return None
    within = getattr(found, "within", None)
    events = [flattened(each) for each in json.loads(within.raw)] if within else []
    answers = found.answers.select_related("measure").order_by("pk")
    doubts = Variant.objects.filter(visit=found.visit_id, index=number).count()
    return _shown(found, events, {each.measure.name: each.value for each in answers}, doubts)


def _shown(
    trial: Trial, events: list[dict[str, Any]], measures: Mapping[str, Any], variants: int
) -> Shown:
    columns = list(dict.fromkeys(name for event in events[:ROWS] for name in event))
    kinds = list(dict.fromkeys(str(event.get("kind", "")) for event in events))[:6]
    times = _times(events)
    path, ends = _path(events)
    return Shown(
        trial=trial,
        raw=json.dumps(json.loads(trial.raw), indent=1, ensure_ascii=False),
        columns=columns,
        rows=[[event.get(name, "") for name in columns] for event in events[:ROWS]],
        count=len(events),
        kinds=[kind for kind in kinds if kind],
        line=_line(events, times, kinds),
        lasted=max(times, default=None) if times else None,
        path=path,
        ends=ends,
        variants=variants,
        measures=measures,
    )


def _times(events: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return when the events were, from the first; nothing where they do not all say so."""
    for name in TIMES:
        found = [finite(event.get(name)) for event in events]
        known = [each for each in found if each is not None]
        if known and len(known) == len(events):
            start = 0.0 if name == "at_ms" else min(known)
            return [each - start for each in known]
    return []


def _line(
    events: Sequence[Mapping[str, Any]], times: Sequence[float], kinds: Sequence[str]
) -> list[Dot]:
    if not times:
        return []
    scale = (WIDE - 2 * EDGE) / (max(times) or 1)
    dots = []
    for event, at in list(zip(events, times, strict=True))[:DOTS]:
        kind = str(event.get("kind", ""))
        place = kinds.index(kind) if kind in kinds else len(kinds) - 1
        dots.append(Dot(round(EDGE + at * scale, 1), 20 + 24 * place, place, f"{kind} {at:.0f} ms"))
    return dots


def _path(events: Sequence[Mapping[str, Any]]) -> tuple[str, list[Dot]]:
    """Return the way of a pointer as points of a drawing, and where it begins and ends."""
    found = [(finite(event.get("x")), finite(event.get("y"))) for event in events]
    points = [(x, y) for x, y in found if x is not None and y is not None][:DOTS]
    if len(points) < 2:  # noqa: PLR2004  one point is no way
        return "", []
    left, top = min(x for x, _ in points), min(y for _, y in points)
    wide = max(x for x, _ in points) - left
    high = max(y for _, y in points) - top
    scale = min((WIDE - 2 * EDGE) / (wide or 1), (HIGH - 2 * EDGE) / (high or 1))
    drawn = [(round(EDGE + (x - left) * scale, 1), round(EDGE + (y - top) * scale, 1))
             for x, y in points]  # fmt: skip
    ends = [Dot(*drawn[0], 0, "first"), Dot(*drawn[-1], 1, "last")]
    return " ".join(f"{x},{y}" for x, y in drawn), ends
