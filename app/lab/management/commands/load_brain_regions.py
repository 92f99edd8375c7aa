"""Load the regions of the brain from the atlas's own table."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import StudiumError
from lab.services import brain_regions


class Command(BaseCommand):
    help = "Load brain regions from a table in the form of the Allen structure tree (CSV)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--ontology", default="Allen CCFv3", help="what the atlas is called")
        parser.add_argument(
            "--dry-run", action="store_true", help="count what would come in, and keep nothing"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            loaded = brain_regions.load(
                file=options["file"], ontology=options["ontology"], dry_run=options["dry_run"]
            )
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None
        self.stdout.write(
            f"{len(loaded.new)} new, {len(loaded.changed)} changed, {len(loaded.same)} as before, "
            f"{loaded.elsewhere} here that are not in the table."
        )
        dry = options["dry_run"]
        self.stdout.write("Nothing was kept: this was a dry run." if dry else "All is kept.")
