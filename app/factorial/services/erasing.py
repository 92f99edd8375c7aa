"""What stays of an erased run in this area: its place in the plan, which is free again."""

from typing import Any

from django.db.models import QuerySet

from factorial.models import PlannedRun
from runs.services import erasure


def _free(rows: QuerySet[Any]) -> None:
    rows.update(run=None, done=0, offered_until=None)


def register() -> None:
    erasure.keep(PlannedRun, _free)
