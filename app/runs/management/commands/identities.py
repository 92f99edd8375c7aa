"""Who may read who participants are, and the key under which it is sealed."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Project, User
from common.errors import StudiumError
from runs.models import IdentityAccess
from runs.services import identities, keys


class Command(BaseCommand):
    help = "Permit people to read identities, and change the key that seals them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("check", help="say whether all that is sealed opens with the site's keys")
        verbs.add_parser("reseal", help="seal with the site's key what the old one has sealed")
        for verb, says in (
            ("permit", "let a person read the identities of a project"),
            ("forbid", "take that away"),
            ("permitted", "list who may"),
        ):
            one = verbs.add_parser(verb, help=says)
            one.add_argument("project", help="LAB/PROJECT, by their short names")
            if verb != "permitted":
                one.add_argument("person", help="the user name of whom it is about")
                one.add_argument("--by", required=True, help="the user name of whoever does this")

    def handle(self, *_: Any, verb: str, **given: Any) -> None:
        try:
            getattr(self, f"_{verb}")(**given)
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None

    def _check(self, **_: Any) -> None:
        told = keys.check()
        self.stdout.write(f"{told.resealed} sealed by another key, {told.closed} that do not open")
        if told.closed:
            raise CommandError("The key that sealed them is missing from the site's secrets.")

    def _reseal(self, **_: Any) -> None:
        told = keys.reseal()
        self.stdout.write(f"{told.resealed} sealed anew")
        if told.closed:
            raise CommandError(f"{told.closed} do not open: keep STUDIUM_IDENTITY_OLD_KEY.")

    def _permit(self, *, project: str, person: str, by: str, **_: Any) -> None:
        identities.permit(project=project_of(project), user=person_of(person), by=person_of(by))
        self.stdout.write(f"{person} may read the identities of {project}")

    def _forbid(self, *, project: str, person: str, by: str, **_: Any) -> None:
        identities.forbid(project=project_of(project), user=person_of(person), by=person_of(by))
        self.stdout.write(f"{person} may not read the identities of {project}")

    def _permitted(self, *, project: str, **_: Any) -> None:
        for row in IdentityAccess.objects.filter(project=project_of(project)).select_related(
            "user"
        ):
            self.stdout.write(f"{row.user.username}, since {row.given_at:%Y-%m-%d}")


def project_of(text: str) -> Project:
    lab, _, slug = text.partition("/")
    found = Project.objects.filter(lab__slug=lab, slug=slug).first()
    if found is None:
        raise CommandError(f"There is no project {text!r}. Write LAB/PROJECT by their short names.")
    return found


def person_of(name: str) -> User:
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None:
        raise CommandError(f"There is nobody called {name!r} here.")
    return found
