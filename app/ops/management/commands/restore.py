"""Load a backup into the site's empty database, after a typed confirmation."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ops import services
from ops.errors import OperationFailed
from ops.management.backup_argument import named_backup


class Command(BaseCommand):
    help = "Load a backup into the site's database, which must be empty."
    requires_system_checks: list[str] = []  # the database may have no tables yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="a name or path of a backup")
        parser.add_argument("--confirm", default="", help="the site's name, instead of typing it")

    def handle(self, *_: Any, **options: Any) -> None:
        file = named_backup(options["file"])
        self._ask(file.path.name, options["confirm"])
        try:
            services.restore(file)
        except OperationFailed as error:
            raise CommandError(str(error)) from None
        print(f"{file.path.name} is restored. Next: migrate, then look at /health/ready/.")

    def _ask(self, name: str, confirm: str) -> None:
        """Let the person type the site's name, so that nobody restores into the wrong one."""
        if not confirm and sys.stdin.isatty():
            print(f"{name} will be loaded into the database of {settings.SITE_NAME}.")
            confirm = input(f"Type the site's name ({settings.SITE_NAME}) to go on: ").strip()
        if confirm != settings.SITE_NAME:
            raise CommandError(
                f"Nothing was changed: the confirmation must be the site's name, "
                f"{settings.SITE_NAME!r}. Without a terminal: --confirm={settings.SITE_NAME}"
            )
