"""The engine of many machines: RabbitMQ tells a worker which job to look at, by Celery.

A message is a hint and nothing more: it holds the number of a job, and whoever hears it claims the
row. So one that is lost is sent again (`services.sending`), and one that comes twice does nothing.
"""

import logging
import time
import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any

from amqp.exceptions import AMQPError
from celery import Celery
from django.conf import settings
from django.utils import timezone
from kombu.entity import Queue
from kombu.exceptions import KombuError

from jobs.engines.local import LocalEngine
from jobs.models import Job, Status

TASK = "jobs.run"
CONNECT_S, QUIET_S = 2.0, 10.0
HIGHEST_PRIORITY, USUAL_PRIORITY = 9, 4
BROKEN = (OSError, KombuError, AMQPError)
logger = logging.getLogger(__name__)


def queue_name() -> str:
    """Return the queue of this site: sites that share a broker do not hear of each other's jobs."""
    return f"studium.{settings.SITE_NAME}.jobs"


@cache
def application() -> Celery:
    """Return Celery as this site uses it: one queue, no results, nothing that listens on its own.

    Results, progress, retries, time limits and cancels are the rows'.
    """
    made = Celery("studium", set_as_current=False, fixups=set())
    queue = Queue(queue_name(), durable=True, queue_arguments={"x-max-priority": HIGHEST_PRIORITY})
    made.conf.update(
        broker_url=settings.BROKER["url"],
        broker_use_ssl=settings.BROKER["ssl"],
        broker_connection_timeout=CONNECT_S,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"confirm_publish": True},
        task_queues=[queue],
        task_default_queue=queue.name,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return made


class CeleryEngine(LocalEngine):
    """Workers of many hosts hear of jobs from a broker; how they run is the local engine's."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def submit(self, job: Job) -> None:
        """Send a job's number now if it is due; never fail, never keep a visitor for long.

        What cannot be sent waits in its row for the upkeep of any worker.
        """
        if job.run_after > timezone.now() or time.monotonic() < self._quiet_until:
            return
        Job.objects.filter(pk=job.pk, status=Status.QUEUED).update(sent_at=timezone.now())
        try:
            self.send([(job.pk, job.priority)])
        except BROKEN as error:
            self._quiet_until = time.monotonic() + QUIET_S
            Job.objects.filter(pk=job.pk, status=Status.QUEUED).update(sent_at=None)
            logger.warning("The broker takes no messages (%s); jobs wait.", type(error).__name__)

    def send(self, jobs: Sequence[tuple[uuid.UUID, int]]) -> None:
        """Send numbers and priorities of jobs; the broker has confirmed each when this returns."""
        with _connection() as connection, connection.Producer() as producer:
            for pk, priority in jobs:
                application().send_task(
                    TASK,
                    args=[str(pk)],
                    producer=producer,
                    priority=min(max(USUAL_PRIORITY + priority, 0), HIGHEST_PRIORITY),
                    retry=False,
                    confirm_timeout=CONNECT_S,
                )

    def waiting(self) -> int:
        """Return how many messages nobody has fetched yet; declares the queue if need be."""
        with _connection() as connection:
            queue = application().conf.task_queues[0]
            return int(queue(connection.default_channel).queue_declare().message_count)


def _connection() -> Any:
    """Return a connection of its own for a few messages.

    One that was kept would be shared by forked processes, and the broker would close it for want of
    heartbeats.
    """
    patience = {"read_timeout": CONNECT_S, "write_timeout": CONNECT_S}
    connection = application().connection_for_write(
        connect_timeout=CONNECT_S, heartbeat=0, transport_options=patience
    )
    # Once: who asks for a job does not wait for a second try.
    return connection.ensure_connection(max_retries=0)
