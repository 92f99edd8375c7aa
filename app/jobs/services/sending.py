"""Tells the broker of jobs that are due, and again of those whose message was lost."""

import logging
import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from jobs.engines import engine
from jobs.engines.messages import BROKEN, CeleryEngine
from jobs.models import Job, JobQuerySet

AT_ONCE = 200
LOST_AFTER = timedelta(seconds=20)
logger = logging.getLogger(__name__)


def send_due() -> int:
    """Send what became due, then what must have been lost; return how many messages went out."""
    broker = engine()
    if not isinstance(broker, CeleryEngine):
        return 0
    now = timezone.now()
    try:
        return _send(broker, Job.objects.runnable(now).unsent(), now) + _again(broker, now)
    except BROKEN as error:
        logger.warning("The broker does not answer (%s); jobs wait.", type(error).__name__)
        return 0


def _again(broker: CeleryEngine, now: datetime) -> int:
    """Send once more when the queue holds fewer messages than jobs are waiting for a worker.

    So a long queue that is slow is not filled with copies, and a broker that has forgotten
    everything hears of all jobs within seconds.
    """
    silent = Job.objects.runnable(now).filter(sent_at__lt=now - LOST_AFTER)
    waiting = silent.count()
    if not waiting or broker.waiting() >= waiting:
        return 0
    return _send(broker, silent, now)


def _send(broker: CeleryEngine, jobs: JobQuerySet, now: datetime) -> int:
    rows = jobs.order_by("-priority", "run_after").values_list("pk", "priority", "sent_at")
    mine = [
        (pk, priority) for pk, priority, sent in rows[:AT_ONCE] if _is_mine(jobs, pk, sent, now)
    ]
    if not mine:
        return 0
    try:
        broker.send(mine)
    except BROKEN:
        Job.objects.filter(pk__in=[pk for pk, _ in mine], sent_at=now).update(sent_at=None)
        raise
    return len(mine)


def _is_mine(jobs: JobQuerySet, pk: uuid.UUID, sent: datetime | None, now: datetime) -> bool:
    """Note that a message goes out; of workers that look at the same moment one is let."""
    return bool(jobs.filter(pk=pk, sent_at=sent).update(sent_at=now))
