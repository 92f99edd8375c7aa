"""The worker that hears of jobs from a broker, by Celery, instead of looking for them.

It hears one message at a time and only while it has a slot free, so no job waits behind a long one
while another host is idle. The message is done with once the job's own process was started: that
process goes on without this one, and the row says who has it.
"""

import logging
import threading
import time
import uuid
from typing import Any

from celery import bootsteps
from celery.exceptions import Reject
from celery.worker import state
from django.conf import settings

from jobs import services
from jobs.engines import messages
from jobs.worker import Worker, another_release_is_live

TICK_S, WATCH_S = 0.25, 0.5
logger = logging.getLogger(__name__)


class CeleryWorker(Worker):
    """One worker with a number of slots, on one of many hosts."""

    def __init__(self, slots: int) -> None:
        super().__init__(slots)
        self._told = False

    def run(self) -> None:
        """Listen until a signal, or until another release is live; leave running jobs to finish."""
        logger.info("Worker %s of release %s: %s slots", self.name, settings.RELEASE, self.slots)
        app = messages.application()
        app.task(self.hear, name=messages.TASK, acks_late=True)
        app.steps["consumer"].add(step_of(self))
        threading.Thread(target=_watch_for_another_release, daemon=True).start()
        name = f"studium@{self.name}"
        app.Worker(hostname=name, pool="solo", concurrency=1, quiet=True, **ALONE).start()
        self.say_goodbye()

    def hear(self, number: str) -> None:
        """Start the job of a message, unless it is done, runs, waits, or is not known here.

        Raises
        ------
        Reject
            All slots are taken, or the database does not answer: another worker shall hear it.
        """
        if self.is_full:
            raise Reject("full", requeue=True)
        self._told = False
        self.safely(lambda: self._take(uuid.UUID(number)))
        if not self._told:
            time.sleep(TICK_S)
            raise Reject("the database does not answer", requeue=True)

    def _take(self, number: uuid.UUID) -> None:
        job = services.claim_one(job_id=number, worker=self.name, process=self.process)
        self._told = True
        if job is not None:
            self.start(job)

    def tick(self, consumer: Any) -> None:
        """Look after what runs, and listen only while there is room for more."""
        self.safely(self.keep_house)
        listens = bool(consumer.task_consumer.consuming_from(messages.queue_name()))
        if self.is_full and listens:
            consumer.task_consumer.cancel()
        elif not (self.is_full or listens):
            consumer.task_consumer.consume()


ALONE = {"without_gossip": True, "without_mingle": True, "without_heartbeat": True}


def step_of(worker: CeleryWorker) -> type[bootsteps.StartStopStep]:
    """Return what Celery starts and ends with each connection to the broker."""

    class Slots(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
        requires = {"celery.worker.consumer.tasks:Tasks"}

        def start(self, consumer: Any) -> None:
            self.timer = consumer.timer.call_repeatedly(TICK_S, worker.tick, (consumer,))

        def stop(self, _consumer: Any) -> None:
            if timer := getattr(self, "timer", None):
                timer.cancel()

    return Slots


def _watch_for_another_release() -> None:
    """End the worker with its release, also while it waits for the broker to come back."""
    while not another_release_is_live():
        time.sleep(WATCH_S)
    state.should_stop = 0
