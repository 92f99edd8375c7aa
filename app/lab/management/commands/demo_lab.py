"""Fill a lab with invented animals, sessions and files, to look at and to try things on."""

from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import localdate

from common.errors import StudiumError
from lab.services import demo


class Command(BaseCommand):
    help = "Fill a lab with invented animals, sessions and files; --remove takes it away."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="another number: another lab")
        parser.add_argument("--today", type=date.fromisoformat, help="the day it has come to")
        parser.add_argument("--folder", type=Path, help="where its files go")
        parser.add_argument("--password", default="", help="of its people; chosen if none is given")
        parser.add_argument("--again", action="store_true", help="replace the one that is there")
        parser.add_argument("--force", action="store_true", help="beside labs with real animals")
        parser.add_argument("--remove", action="store_true", help="take it away")

    def handle(self, *_: Any, **options: Any) -> None:
        folder = (options["folder"] or settings.MOUNTS / "demonstration").resolve()
        try:
            if options["remove"]:
                self.stdout.write(f"{demo.remove(folder=folder)} rows are gone.")
            else:
                self._fill(folder, options)
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None

    def _fill(self, folder: Path, options: dict[str, Any]) -> None:
        demo.need_room(again=options["again"], force=options["force"])
        demo.remove(folder=folder)
        made = demo.fill(
            seed=options["seed"],
            today=options["today"] or localdate(),
            folder=folder,
            password=options["password"],
            tell=self.stderr.write if options["verbosity"] > 1 else lambda _line: None,
        )
        for kind, count in made.counts.items():
            self.stdout.write(f"{kind:32}{count:8}")
        self.stdout.write(f"Files are in {folder}.")
        if not folder.is_relative_to(settings.MOUNTS.resolve()):
            self.stdout.write(f"They are not served: only what lies below {settings.MOUNTS} is.")
        self.stdout.write(f"Sign in as {', '.join(made.people)}: {made.password}")
