"""Make the design of the pointing task, and print where its task is."""

from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from accounts.models import Project, User
from common.errors import StudiumError
from factorial.errors import DesignExists
from factorial.examples import pointing
from factorial.models import Design
from factorial.services import designs


class Command(BaseCommand):
    help = (
        "Make a design of 12 runs for a pointing task (2 distances, 3 widths), and print the "
        "address at which the task is done. Asked again, it prints the address alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, help="LAB/PROJECT")
        parser.add_argument("--by", default="", help="whoever does this; else an operator")
        parser.add_argument("--code", default=pointing.CODE, help="the id of the design")
        parser.add_argument("--pilot", action="store_true", help="its runs do not count")

    def handle(self, *_: Any, project: str, by: str, code: str, pilot: bool, **__: Any) -> None:
        where = _project(project)
        try:
            self._make(where, _person(by), code, is_pilot=pilot)
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None
        query = urlencode({"lab": where.lab.slug, "design": code})
        self.stdout.write(f"{settings.SITE_URL.rstrip('/')}{reverse('factorial:pointing')}?{query}")

    def _make(self, where: Project, by: User, code: str, *, is_pilot: bool) -> None:
        try:
            designs.add_design(
                project=where,
                plan=pointing.design(code),
                by=by,
                format=Design.Format.GENERATED,
                is_pilot=is_pilot,
            )
        except DesignExists:
            if not Design.objects.filter(project=where, code=code, name=pointing.NAME).exists():
                raise


def _project(path: str) -> Project:
    lab, _, slug = path.partition("/")
    found = Project.objects.select_related("lab").filter(lab__slug=lab, slug=slug).first()
    if found is None:
        raise CommandError(f"There is no project {path}: say LAB/PROJECT as in its address.")
    return found


def _person(username: str) -> User:
    named = {"username": username} if username else {"is_superuser": True, "is_active": True}
    found: User | None = User.objects.filter(**named).first()
    if found is None:
        raise CommandError("Nobody is called so: say --by with the name of somebody of the lab.")
    return found
