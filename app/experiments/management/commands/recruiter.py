"""Agree with a recruiter; see what was agreed, and what became of those it sent."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count

from common.errors import StudiumError
from experiments.management.commands.protocol import person, project_of, protocol_of
from experiments.models import Arrival, Protocol, Recruiter
from experiments.services import recruiting


class Command(BaseCommand):
    help = "Agree with a recruiter; see what was agreed, and what became of those it sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, says in (
            ("agree", "keep what was agreed under a name; links are given it by that name"),
            ("list", "show what was agreed, and how many came and how it went"),
        ):
            one = verbs.add_parser(verb, help=says)
            one.add_argument("protocol", help="its name")
            one.add_argument("--project", required=True, help="LAB/PROJECT, by their short names")
        agree = verbs.choices["agree"]
        agree.add_argument("--by", required=True, help="the user name of whoever does this")
        agree.add_argument("--name", required=True)
        agree.add_argument("--kind", choices=Recruiter.Kind.values, required=True)
        agree.add_argument("--terms", help="a JSON file; docs/experiments/recruiters.md")
        agree.add_argument("--account", default="", help="whose key the site's secrets hold")

    def handle(self, *_: Any, verb: str, protocol: str, project: str, **given: Any) -> None:
        found = protocol_of(protocol, project_of(project))
        try:
            getattr(self, f"_{verb}")(found, given)
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None

    def _agree(self, protocol: Protocol, given: dict[str, Any]) -> None:
        made = recruiting.agree(
            protocol=protocol,
            by=person(given["by"]),
            name=given["name"],
            kind=given["kind"],
            words=_words(given["terms"]),
            account=given["account"],
        )
        self.stdout.write(f"{made}: give it to links by --recruiter {made.name}")

    def _list(self, protocol: Protocol, _given: dict[str, Any]) -> None:
        for recruiter in Recruiter.objects.filter(protocol=protocol):
            account = recruiter.account or "nothing is confirmed"
            self.stdout.write(f"{recruiter.name}  {recruiter.get_kind_display()}  {account}")
            rows = Arrival.objects.filter(recruiter=recruiter).order_by("outcome", "state")
            for row in rows.values("outcome", "state").annotate(count=Count("pk")):
                self.stdout.write(
                    f"  {row['count']} {row['outcome'] or 'going on'}: {row['state']}"
                )


def _words(file: str | None) -> Any:
    if not file:
        return {}
    try:
        return json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{file} cannot be read as JSON: {error}") from None
