"""Write out what participants did."""

import sys
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Project
from runs.models import Run
from runs.queries.tables import TABLES, Which
from runs.services import exports, files

WHAT = (*TABLES, "codebook")


class Command(BaseCommand):
    help = "Write out what participants did, as CSV or NDJSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        out = verbs.add_parser("export", help="write a table of one project's runs")
        out.add_argument("--project", required=True, help="LAB/PROJECT, by their short names")
        out.add_argument("--what", choices=WHAT, default="answers")
        out.add_argument("--format", choices=exports.FORMATS, default="csv")
        out.add_argument("--experiment", default="", help="its title, or the start of a hash")
        out.add_argument("--run", default="", help="the id of a single run")
        out.add_argument("--with-excluded", action="store_true", help="also runs that are left out")
        out.add_argument("--with-pilots", action="store_true", help="also those of preview links")
        out.add_argument("--to", default="-", help="the file; what is printed otherwise")

    def handle(self, *_: Any, project: str, to: str, **given: Any) -> None:
        which = Which(given["experiment"], _id(given["run"]), given["with_excluded"],
                      given["with_pilots"])  # fmt: skip
        runs = which.among(Run.objects.filter(project=_project(project)))
        lines = exports.lines(given["what"], runs, given["format"])
        if to == "-":
            for line in lines:
                self.stdout.write(line, ending="")
        else:
            number = _write(Path(to), lines)
            sys.stderr.write(f"{to} has {number - (given['format'] == 'csv')} rows.\n")


def _id(text: str) -> str:
    try:
        return str(uuid.UUID(text)) if text else ""
    except ValueError:
        raise CommandError(f"{text!r} is no id of a run.") from None


def _project(text: str) -> Project:
    lab, _, slug = text.partition("/")
    found = Project.objects.filter(lab__slug=lab, slug=slug).first()
    if found is None:
        raise CommandError(f"There is no project {text!r}. Write LAB/PROJECT by their short names.")
    return found


def _write(to: Path, lines: Iterator[str]) -> int:
    """Write a file that is there whole or not at all; return how many lines it has."""
    number = 0
    try:
        with files.whole(to) as file:
            for line in lines:
                file.write(line.encode())
                number += 1
    except OSError as error:
        raise CommandError(f"{to} cannot be written: {error}") from None
    return number
