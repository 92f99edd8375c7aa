"""Bring a factorial design in, or the runs that it has got since."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Project, User
from common.errors import StudiumError
from factorial.models import Design
from factorial.services import designs, starting
from touchstone.formats import format_of

FORMATS = {".xml": "xml", ".tsl": "tsl", ".csv": "csv"}


class Command(BaseCommand):
    help = "Bring a TouchStone design in (- for what is piped in), or extend one by its new runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("file")
        add("--project", help="LAB/PROJECT, by their short names, where there are several")
        add("--by", help="the user name of whoever does this")
        add("--format", choices=sorted(FORMATS.values()), help="else by the file's name")
        add("--extend", action="store_true", help="add runs to the design of its id")
        add("--absent", action="store_true", help="do nothing where it is there")
        add("--at-start", action="store_true", help="as --absent; makes a site's first project")
        add("--fixed-measures", action="store_true", help="flag what it does not declare")
        add("--pilot", action="store_true", help="anybody may take its runs; they can be purged")

    def handle(self, *_: Any, **given: Any) -> None:
        document = contents(given["file"])
        format_ = given["format"] or _format(given["file"], document)
        absent = given["absent"] or given["at_start"]
        try:
            if given["at_start"] and not given["project"] and (code := begun(document, format_)):
                return self.stdout.write(f"{code} is there already.")
            project, by = project_of(given["project"]), person(given["by"])
            if given["extend"] or absent:
                found = self._there(project, document, format_)
                if found and absent:
                    return self.stdout.write(f"{found.code} is there already.")
                if given["extend"]:
                    return self._extend(found, document, by, format_)
            made = designs.import_design(
                project=project,
                document=document,
                by=by,
                format=format_,
                has_fixed_measures=given["fixed_measures"],
                is_pilot=given["pilot"],
            )
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None
        for warning in made.warnings:
            self.stdout.write(f"worth a look: {warning}")
        return self.stdout.write(f"{made.code} is there: {made.planned_runs.count()} runs.")

    def _there(self, project: Project, document: bytes, format_: str) -> Design | None:
        code = designs.read_plan(document, format_).id
        found: Design | None = Design.objects.filter(lab=project.lab_id, code=code).first()
        return found

    def _extend(
        self, design: Design | None, document: bytes, by: User | None, format_: str
    ) -> None:  # fmt: skip
        if design is None:
            raise CommandError("There is no design of its id. Leave --extend out to bring it in.")
        new = designs.extend_design(design=design, document=document, by=by, format=format_)
        self.stdout.write(f"{design.code} has {new} more runs.")


def begun(document: bytes, format_: str) -> str:
    """Return the id of a design that the site has, in whichever lab; else see to a project."""
    code = designs.read_plan(document, format_).id
    if Design.objects.filter(code=code).exists():
        return code
    if not Project.objects.exists():
        starting.first_project()
    return ""


def contents(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None


def _format(file: str, document: bytes) -> str:
    """Return what a file is by its name, or by how it begins."""
    return FORMATS.get(Path(file).suffix.lower()) or format_of(document)


def project_of(named: str | None) -> Project:
    """Return the project that LAB/PROJECT names, or the only one that there is."""
    rows = Project.objects.filter(archived_at=None).select_related("lab")
    if named:
        lab, _, slug = named.partition("/")
        rows = rows.filter(lab__slug=lab, slug=slug)
    found = list(rows[:2])
    if len(found) != 1:
        names = ", ".join(f"{each.lab.slug}/{each.slug}" for each in Project.objects.all()[:20])
        raise CommandError(f"Name one project by --project LAB/PROJECT. There are: {names}.")
    return found[0]


def person(named: str | None) -> User | None:
    if not named:
        return None
    try:
        return User.objects.get_by_natural_key(named)
    except User.DoesNotExist:
        raise CommandError(f"Nobody is called {named} here.") from None
