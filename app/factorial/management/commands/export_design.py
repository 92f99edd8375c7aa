"""Write out what was recorded of a design, into a folder that is there whole or not at all."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import StudiumError
from factorial.models import Design
from factorial.queries.exports.attempts import Wish
from factorial.queries.exports.columns import WHAT, What
from factorial.services.exports import streams
from factorial.services.exports.folder import Folder

FORMS = (*streams.FORMS, "lightmill")


class Command(BaseCommand):
    help = "Write out the trials, events and logs of a design, with a dictionary and checksums."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the design's id, or LAB/ID where several labs have it")
        parser.add_argument("--to", required=True, type=Path, metavar="DIR",
                            help="the folder in which that of the design is written")  # fmt: skip
        parser.add_argument("--what", choices=WHAT, action="append",
                            help="several times for several")  # fmt: skip
        parser.add_argument("--form", choices=FORMS, default="csv")
        parser.add_argument("--run", default="", help="one run alone, by its id in the design")
        parser.add_argument("--pilots", action="store_true", help="also pilots")
        parser.add_argument("--excluded", action="store_true", help="also what was left out")
        parser.add_argument("--superseded", action="store_true",
                            help="also what another attempt has taken the place of")  # fmt: skip
        parser.add_argument("--completed", action="store_true",
                            help="no trial of which nothing is stored")  # fmt: skip

    def handle(self, *_: Any, name: str, to: Path, form: str, **given: Any) -> None:
        design = _design(name)
        wish = Wish(given["pilots"], given["excluded"], given["superseded"], given["completed"],
                    given["run"])  # fmt: skip
        folder = Folder(design, to, wish, form)
        try:
            place = folder.write(given["what"] or usual(design))
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None
        except OSError as error:
            raise CommandError(
                f"Nothing was written: {error}. What was there before is there still."
            ) from None
        for each in folder.written:
            rows = "" if each.rows is None else f"{each.rows:>10,} rows"
            self.stdout.write(f"{each.bytes:>14,} bytes {rows:<16} {place / each.name}")


def usual(design: Design) -> list[What]:
    """Return what a design has, the joined table apart: it repeats the others."""
    return [table.what for table in streams.tables(design) if table.what != "joined"]


def _design(name: str) -> Design:
    """Return a design by its id, which may hold a slash itself."""
    found: list[Design] = list(Design.objects.filter(code=name).select_related("lab", "project"))
    lab, _, code = name.partition("/")
    named = Design.objects.filter(lab__slug=lab, code=code).select_related("lab", "project")
    found = found or list(named)
    if len(found) > 1:
        labs = ", ".join(f"{one.lab.slug}/{one.code}" for one in found)
        raise CommandError(f"Several labs have a design “{name}”. Write one of: {labs}.")
    if not found:
        raise CommandError(f"There is no design “{name}”. Write its id, or LAB/ID.")
    return found[0]
