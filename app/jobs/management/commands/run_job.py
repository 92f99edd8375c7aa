"""``manage.py run_job``: make one attempt at one job; workers start it."""

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import guardian


class Command(BaseCommand):
    help = "Make one attempt at one job. Workers start this; people start jobs from pages."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job", type=uuid.UUID)
        parser.add_argument("--token", type=uuid.UUID, required=True)
        parser.add_argument("--site-log", type=int, help="the number of an open file")

    def handle(self, *_args: Any, **options: Any) -> None:
        guardian.run(options["job"], options["token"], site_log=options["site_log"])
