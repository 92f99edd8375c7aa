"""Write simulated maps of pilots, to try a power analysis with."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from planning.services.power_simulated import MAPS, content_of


class Command(BaseCommand):
    help = "Write simulated maps of pilots, whose truth is known: with activation, null, large."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=Path("demo-maps"))
        parser.add_argument("--only", choices=sorted(MAPS), help="this one alone")

    def handle(self, *_: Any, folder: Path, only: str | None, **__: Any) -> None:
        wanted = [only] if only else list(MAPS)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in wanted:
                target = folder / f"{name}.nii.gz"
                target.write_bytes(content_of(name))
                self.stdout.write(f"{target}: {MAPS[name].says}")
        except OSError as error:
            raise CommandError(f"{folder} cannot be written to: {error.strerror}.") from None
