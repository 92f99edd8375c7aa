"""Load a lab's growth curve from a table."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Lab, User
from common.errors import StudiumError
from lab.models import Strain
from lab.services import growth


class Command(BaseCommand):
    help = "Let a lab's growth curve be that of a CSV file (sex,age_weeks,mean_g,sd_g)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--lab", required=True, help="the lab's short name")
        parser.add_argument("--strain", help="for animals of this strain alone")
        parser.add_argument("--source", help="who measured it (the file's name if not said)")
        parser.add_argument("--by", help="the admin of the lab who does it; the site if not said")

    def handle(self, *_: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            done = growth.replace(
                lab=self._one(Lab, "slug", options["lab"]),
                strain=self._one(Strain, "name", options["strain"]),
                by=self._one(User, "username", options["by"]),
                points=growth.read(file),
                source=(options["source"] or file.name)[:255],
            )
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None
        self.stdout.write(
            f"{done.made} new, {done.changed} changed, {done.deleted} deleted, {done.same} the same"
        )

    @staticmethod
    def _one(model: Any, field: str, value: str | None) -> Any:
        if value is None:
            return None
        found = model.objects.filter(**{field: value}).first()
        if found is None:
            kind = model._meta.verbose_name  # noqa: SLF001
            raise CommandError(f"There is no {kind} {value}.")
        return found
