"""``manage.py worker``: run waiting jobs until another release is live."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from jobs.engines import CELERY
from jobs.worker import Worker


class Command(BaseCommand):
    help = "Run waiting jobs, each in a process of its own, until another release is live."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--slots",
            type=int,
            default=settings.JOB_SLOTS,
            help="how many jobs may run at the same time (now %(default)s)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        worker_class()(slots=max(options["slots"], 1)).run()


def worker_class() -> type[Worker]:
    """Return what the site's engine asks for; Celery is loaded by sites that use it."""
    if settings.JOB_ENGINE != CELERY:
        return Worker
    from jobs.celery_worker import CeleryWorker  # noqa: PLC0415  its packages are heavy

    return CeleryWorker
