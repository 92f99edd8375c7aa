"""What this area does when others tell of something."""

from typing import Any

from common.signals import run_ended
from experiments.services import afterwards, handing_back, series
from experiments.services.groups import through
from runs.models import Run


def connect() -> None:
    run_ended.connect(_run_ended, dispatch_uid="experiments.run_ended")


def _run_ended(*, run: Run, **_: Any) -> None:
    handing_back.settle(run)
    series.settle(run)
    afterwards.plan(run)
    through.plan(run)
