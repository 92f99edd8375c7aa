"""Install the worked experiments, and print a link to each."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from accounts.models import Lab, Project, User
from accounts.services.labs import create_lab
from accounts.services.projects import create_project
from common.errors import StudiumError
from experiments.management.commands.protocol import person, project_of
from experiments.services import examples

NAME = "Examples"


class Command(BaseCommand):
    help = (
        "Install two worked experiments: melodies that are rated, drawn by a Python function, and "
        "a Stroop task with questionnaires. Prints an open link to each."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", default="", help="LAB/PROJECT; else one called Examples")
        parser.add_argument("--by", default="", help="whoever does this; else an operator")

    def handle(self, *_: Any, project: str, by: str, **__: Any) -> None:
        try:
            who = person(by) if by else _operator()
            where = project_of(project) if project else _own_project(who)
            installed = examples.install(project=where, by=who)
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None
        for each in installed:
            path = reverse("experiments:welcome", args=[each.token])
            self.stdout.write(f"{each.revision}: {settings.SITE_URL.rstrip('/')}{path}")


def _operator() -> User:
    found: User | None = User.objects.filter(is_superuser=True, is_active=True).first()
    if found is None:
        raise CommandError(
            "Nobody looks after this site yet: run `manage.py welcome`, or say --by."
        )
    return found


def _own_project(by: User) -> Project:
    """Return the examples' own project, in a lab of its own; made when it is not there."""
    lab = Lab.objects.filter(slug=NAME.lower()).first() or create_lab(by=by, name=NAME)
    found: Project | None = Project.objects.filter(lab=lab, slug=NAME.lower()).first()
    return found or create_project(lab=lab, by=by, name=NAME)
