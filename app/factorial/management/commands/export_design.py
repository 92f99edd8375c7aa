"""Write out what was recorded of designs, each into a folder that is there whole or not at all."""

from argparse import ArgumentParser
from collections.abc import Sequence
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
        parser.add_argument("names", nargs="*", metavar="name",
                            help="a design's id, or LAB/ID where several labs have it")  # fmt: skip
        parser.add_argument("--all", action="store_true", help="every design of the site")
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

    def handle(self, *_: Any, to: Path, form: str, **given: Any) -> None:
        found = _designs(given["names"], everything=given["all"])
        wish = Wish(given["pilots"], given["excluded"], given["superseded"], given["completed"],
                    given["run"])  # fmt: skip
        if not found:
            self.stdout.write("There is no design yet.")
        for design in found:
            self._write(Folder(design, _place(design, to), wish, form), given["what"])

    def _write(self, folder: Folder, what: list[What] | None) -> None:
        try:
            place = folder.write(what or usual(folder.design))
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None
        except OSError as error:
            raise CommandError(
                f"Nothing was written: {error}. What was there before is there still."
            ) from None
        for each in folder.written:
            rows = "" if each.rows is None else f"{each.rows:>10,} rows"
            self.stdout.write(f"{each.bytes:>14,} bytes {rows:<16} {place / each.name}")


def _designs(names: Sequence[str], *, everything: bool) -> list[Design]:
    if everything == bool(names):
        raise CommandError("Name designs by their ids, or ask for --all of them.")
    if names:
        return [_design(name) for name in names]
    return list(Design.objects.select_related("lab", "project").order_by("lab__slug", "code"))


def _place(design: Design, to: Path) -> Path:
    """Return where a design's folder is; labs that call theirs the same have one each."""
    namesakes = Design.objects.filter(code=design.code).exclude(pk=design.pk)
    return to / design.lab.slug if namesakes.exists() else to


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
