"""What is known of a task that a page shows: how far it is, and what is stored of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q

from runs.models import Event, Trial, Visit

BEGAN, BLOCK, FINISHED = "task began", "block began", "task finished"


@dataclass(frozen=True)
class State:
    """How far a task is, by the events that its runner sent."""

    loads: int
    next_event: int
    block: int | None
    rows: int | None
    began_at: datetime | None = None

    @property
    def is_through(self) -> bool:
        return self.rows is not None


def state_of(visit: Visit) -> State:
    """Return how far a task is, in two queries."""
    events = Event.objects.filter(visit=visit)
    found = events.aggregate(
        loads=Count("pk", filter=Q(kind=BEGAN)),
        last=Max("number"),
        block=Max("number", filter=Q(kind=BLOCK)),
        finished=Max("number", filter=Q(kind=FINISHED)),
        began_at=Min("received_at", filter=Q(kind=BLOCK)),
    )
    marks = {found["block"], found["finished"]} - {None}
    data = dict(events.filter(number__in=marks).values_list("number", "data")) if marks else {}
    last = found["last"]
    return State(
        loads=found["loads"],
        next_event=0 if last is None else last + 1,
        block=_whole(data.get(found["block"]), "trial"),
        rows=None if found["finished"] is None else _whole(data[found["finished"]], "rows") or 0,
        began_at=found["began_at"],
    )


def _whole(data: Any, name: str) -> int | None:
    value = data.get(name) if isinstance(data, Mapping) else None
    return value if type(value) is int else None


def rows_of(visit: Visit) -> list[dict[str, Any]]:
    """Return the rows that are stored, as they were sent."""
    rows = Trial.objects.filter(visit=visit).order_by("index").values_list("index", "raw")
    return [{"index": index, "data": json.loads(raw)} for index, raw in rows]


def completed(visit: Visit) -> State | None:
    """Return how a task went that is through, when all that its browser recorded is stored."""
    state = state_of(visit)
    is_stored = state.rows is not None and visit.trials.count() >= state.rows
    return state if is_stored else None
