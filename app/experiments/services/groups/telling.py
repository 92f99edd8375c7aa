"""What happens in a group is written down in the record of each run that it happens to."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from runs.models import Event


def tell(runs: Iterable[UUID], kind: str, at: datetime, **data: Any) -> None:
    keep(told(runs, kind, at, **data))


def told(runs: Iterable[UUID], kind: str, at: datetime, **data: Any) -> list[Event]:
    return [Event(run_id=run, kind=kind, received_at=at, data=data) for run in runs]


def keep(events: Iterable[Event]) -> None:
    Event.objects.bulk_create(events)
