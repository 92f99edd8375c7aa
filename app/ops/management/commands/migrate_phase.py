"""Apply the early or the late migrations of this release."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from ops import migration_runner
from ops.migration_runner import Applied, MigrationFailed, PhaseRefused


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "phase", choices=["early", "late"], help="late applies all that remains"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object at the end")
        parser.add_argument("--allow-ghosts", action="store_true", help="for a rolled-back site")

    def handle(self, *_args: Any, **options: Any) -> None:
        applied: list[Applied] = []

        def tell(one: Applied) -> None:
            applied.append(one)
            if not options["json"]:
                self.stdout.write(f"applied {one.name} {one.seconds:.2f} s")
                self.stdout.flush()

        try:
            migration_runner.run(
                connection, options["phase"], ghosts_allowed=options["allow_ghosts"], tell=tell
            )
        except (PhaseRefused, MigrationFailed) as error:
            raise CommandError(str(error)) from error
        finally:
            if options["json"]:
                facts = {"phase": options["phase"], "applied": [asdict(one) for one in applied]}
                self.stdout.write(json.dumps(facts))
