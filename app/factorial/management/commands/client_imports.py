"""Let clients of 2020 bring designs in by themselves, or let them not."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from factorial.management.commands.import_design import person, project_of
from factorial.services import designs


class Command(BaseCommand):
    help = "Let LightMill's clients bring designs into a project by themselves, or stop it (--off)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="LAB/PROJECT, by their short names")
        parser.add_argument("--off", action="store_true", help="let them not, in this lab")
        parser.add_argument("--by", help="the user name of whoever does this")

    def handle(self, *_: Any, project: str, off: bool, by: str | None, **__: Any) -> None:
        found = project_of(project)
        into = None if off else found
        designs.let_clients_import(lab=found.lab, project=into, by=person(by))
        where = "nowhere any more" if off else f"into {project}"
        self.stdout.write(f"Clients bring designs of {found.lab} {where}.")
