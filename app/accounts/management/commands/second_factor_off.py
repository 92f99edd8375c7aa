"""Let somebody sign in with the password alone again, from the server itself."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import NotSet
from accounts.models import User
from accounts.services import second_factor


class Command(BaseCommand):
    help = (
        "Turn two-step sign-in off for somebody who lost both phone and recovery codes. For the "
        "only operator; everybody else is helped on their page, where it is said who did it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", default="from the command line of the server")

    def handle(self, *_: Any, **options: Any) -> None:
        person = User.objects.named(options["username"]).first()
        if person is None:
            raise CommandError(f"Nobody has the user name {options['username']}.")
        try:
            second_factor.turn_off(user=person, by=None, reason=options["reason"])
        except NotSet as error:
            raise CommandError(f"{person.username}: {error.message}") from None
        self.stdout.write(f"{person.username} signs in with the password alone now.")
