"""Bring the records of an Alyx server in, from what its `dumpdata` wrote."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import StudiumError
from lab.alyx.dump import Dump
from lab.services.moving_in import Report, import_alyx, leftovers
from lab.services.moving_in.leftovers import KINDS_LEFT


class Command(BaseCommand):
    help = "Bring in the records of an Alyx server (manage.py dumpdata --output FILE, over there)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="count what would come in, and keep nothing"
        )

    def translate(self, dump: Dump) -> None:
        """Put into Alyx's words what a fork says otherwise."""

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            report = import_alyx(
                file=options["file"],
                dry_run=options["dry_run"],
                translate=self.translate,
                tell=self._tell(options),
            )
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None
        self._show(report, is_dry=options["dry_run"])

    def _tell(self, options: dict[str, Any]) -> Any:
        return self.stderr.write if options["verbosity"] > 1 else lambda _line: None

    def _show(self, report: Report, *, is_dry: bool) -> None:
        self.stdout.write(f"{'kind':32}{'new':>8}{'there':>8}")
        for kind in sorted({*report.made, *report.there}):
            new, there = report.made.get(kind, 0), report.there.get(kind, 0)
            self.stdout.write(f"{kind:32}{new:8}{there:8}")
        for kind, count in sorted(report.left.items()):
            self.stdout.write(f"{kind:32}{count:8} left out: {KINDS_LEFT[kind]}")
        for (kind, field), count in sorted(report.fields.items()):
            told = f"{kind}.{field}"
            self.stdout.write(f"{told:40}{count:8} left out: {leftovers.reason(kind, field)}")
        for note in report.notes:
            self.stdout.write(note)
        self.stdout.write("Nothing was kept: this was a dry run." if is_dry else "All is kept.")
