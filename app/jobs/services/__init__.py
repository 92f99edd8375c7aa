"""The only writers of jobs and workers."""

from jobs.services.attempts import (
    beat,
    begin,
    claim,
    claim_one,
    fail,
    lose,
    succeed,
    wants,
    withdraw,
)
from jobs.services.explain import Outcome
from jobs.services.requests import cancel, enqueue, retry
from jobs.services.tending import tend
from jobs.services.upkeep import prune, rescue, see_worker, worker_gone

__all__ = [
    "Outcome",
    "beat",
    "begin",
    "cancel",
    "claim",
    "claim_one",
    "enqueue",
    "fail",
    "lose",
    "prune",
    "rescue",
    "retry",
    "see_worker",
    "succeed",
    "tend",
    "wants",
    "withdraw",
    "worker_gone",
]
