"""Tell how the first operator of a site signs in."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services import people


class Command(BaseCommand):
    help = (
        "Make sure that somebody can look after this site. Creates the first operator when there "
        "is none, and prints a one-time link by which they choose a password; once they have, "
        "it changes nothing and says who they are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", default="operator")
        parser.add_argument("--email", default="", help="where to write to the operator")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        username, email = options["username"], options["email"]
        stranger = User.objects.named(username).filter(is_superuser=False).exists()
        if stranger and not User.objects.filter(is_superuser=True, is_active=True).exists():
            raise CommandError(f"{username} exists and is no operator. Name another user name.")
        facts = people.welcome_operator(username=username, email=email)
        self.stdout.write(json.dumps(facts) if options["json"] else self._spoken(facts))

    def _spoken(self, facts: dict[str, Any]) -> str:
        if facts["link"] is None:
            return f"{facts['username']} looks after this site and has a password already."
        return f"Sign in as {facts['username']} by this link, once, within 7 days:\n{facts['link']}"
