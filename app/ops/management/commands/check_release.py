"""Load this release and show its pages, without leaving anything behind."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ops import error_log, release_check
from ops.release_check import ReleaseBroken


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--before-migrations",
            action="store_true",
            help="only load it: its pages may need tables that do not exist yet",
        )

    def handle(self, *_args: Any, before_migrations: bool, **_options: Any) -> None:
        error_log.leave_out_this_process()  # the person who pushes reads them
        try:
            public = release_check.load() if before_migrations else release_check.check()
        except ReleaseBroken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({"pages": public}))
