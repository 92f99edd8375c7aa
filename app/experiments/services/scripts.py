"""Asking a lab's functions: outside any transaction, one at a time for a run, with a time limit."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.timezone import now

from experiments.definition.steps import Hook
from experiments.errors import ScriptFailed, StillDeciding
from experiments.models import Sitting
from experiments.scripting.pool import GRACE_S, POOL, Outcome, Question
from experiments.services import alarms, packages, told
from runs.models import Event
from runs.rows import storable

logger = logging.getLogger(__name__)
FAILED = alarms.FAILED
WAIT_S, LOOK_S = 1.0, 0.05


@contextmanager
def alone(sitting: Sitting) -> Iterator[None]:
    """Let one request at a time ask for a run; the sitting is read again when it is its turn.

    It is a row that says until when, and no lock: nothing is held while a function runs, and what
    a server that died has left is over by itself.

    Raises
    ------
    StillDeciding
        Another request is asking, and does so for longer than anybody should wait here.
    """
    until = _claimed(sitting)
    try:
        sitting.refresh_from_db(fields=["position", "place", "pending", "progress"])
        yield
    finally:
        mine = Sitting.objects.filter(pk=sitting.pk, claimed_until=sitting.claimed_until or until)
        mine.update(claimed_until=None)


def _claimed(sitting: Sitting) -> Any:
    give_up = time.monotonic() + WAIT_S
    while True:
        at = now()
        free = Q(claimed_until=None) | Q(claimed_until__lte=at)
        if Sitting.objects.filter(free, pk=sitting.pk).update(claimed_until=_until(at)):
            sitting.claimed_until = _until(at)
            return sitting.claimed_until
        if time.monotonic() >= give_up:
            raise StillDeciding(retry_after=2)
        time.sleep(LOOK_S)


def _until(at: Any) -> Any:
    return at + timedelta(seconds=settings.SCRIPT_LIMIT_S + GRACE_S + 2)


def ask(*, sitting: Sitting, hook: Hook, use: str, here: dict[str, Any]) -> Any:
    """Return what a lab's function says; what went wrong is kept for the experimenter.

    Raises
    ------
    ScriptFailed
        It raised, did not end in time, or said what nobody can use.
    """
    _renew(sitting)
    outcome = POOL.ask(_question(sitting, hook, use, here))
    if not outcome.error:
        return storable(outcome.value)
    keep(sitting, hook, use, here, outcome)
    raise ScriptFailed(retry_after=10)


def _renew(sitting: Sitting) -> None:
    if sitting.claimed_until:
        until = _until(now())
        mine = Sitting.objects.filter(pk=sitting.pk, claimed_until=sitting.claimed_until)
        if not mine.update(claimed_until=until):
            raise StillDeciding(retry_after=2)
        sitting.claimed_until = until


def _question(sitting: Sitting, hook: Hook, use: str, here: dict[str, Any]) -> Question:
    return Question(
        packages.code_of(dict(sitting.revision.read.scripts)),
        hook.call,
        dict(hook.arguments),
        use,
        here,
        told.stimuli_of(sitting),
        settings.SCRIPT_LIMIT_S,
        settings.SCRIPT_MEMORY_MB,
        tuple(settings.SCRIPT_FOLDERS),
    )


def keep(sitting: Sitting, hook: Hook, use: str, here: dict[str, Any], outcome: Outcome) -> None:
    """Write down what an experimenter needs to mend it, with the answers that were being sent."""
    logger.error("%s failed as %s in run %s: %s", hook.call, use, sitting.run_id, outcome.error)
    data = {
        "call": hook.call,
        "with": dict(hook.arguments),
        "use": use,
        "step": here["step"],
        "position": here["position"],
        "error": outcome.error,
        "printed": outcome.printed,
        "took_ms": outcome.took_ms,
        "sent": here["sent"],
    }
    Event.objects.create(run=sitting.run, kind=FAILED, received_at=now(), data=storable(data))
    alarms.raise_for(sitting, hook.call)
