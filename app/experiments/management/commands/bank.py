"""Keep a bank of items and pages, write it out, list what there is."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Project
from common.errors import StudiumError
from experiments.management.commands.protocol import person, project_of, words_in
from experiments.models import BankRevision
from experiments.services import banks


class Command(BaseCommand):
    help = "Keep a bank of items and pages that protocols share, write it out, list what there is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("import", help="keep a bank's file as its next revision")
        add.add_argument("what", help="the file, - for what is piped in")
        add.add_argument("--by", required=True, help="the user name of whoever does this")
        out = verbs.add_parser("export", help="write a revision, the latest unless one is named")
        out.add_argument("what", help="its name")
        out.add_argument("--revision", type=int)
        listed = verbs.add_parser("list", help="say which banks there are, and who uses them")
        for verb in (add, out, listed):
            verb.add_argument("--project", required=True, help="LAB/PROJECT, by their short names")

    def handle(self, *_: Any, verb: str, project: str, **given: Any) -> None:
        try:
            getattr(self, f"_{verb}")(project_of(project), given)
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None

    def _import(self, project: Project, given: dict[str, Any]) -> None:
        by, words = person(given["by"]), words_in(given["what"])
        kept = banks.write(project=project, by=by, words=words)
        self.stdout.write(f"{kept.bank.name} {kept.number} is kept: {kept.digest}")

    def _export(self, project: Project, given: dict[str, Any]) -> None:
        rows = BankRevision.objects.filter(bank__project=project, bank__name=given["what"])
        if given["revision"] is not None:
            rows = rows.filter(number=given["revision"])
        found = rows.order_by("-number").first()
        if found is None:
            raise CommandError(f"The project has no bank {given['what']!r} of this revision.")
        self.stdout.write(json.dumps(found.words, indent=1, ensure_ascii=False))

    def _list(self, project: Project, _given: dict[str, Any]) -> None:
        rows = BankRevision.objects.filter(bank__project=project).select_related("bank")
        for each in rows.order_by("bank__name", "number").prefetch_related("used_by__protocol"):
            users = ", ".join(
                sorted(f"{one.protocol.name} {one.number}" for one in each.used_by.all())
            )
            self.stdout.write(
                f"{each.bank.name} {each.number} {each.digest[:12]} {users or 'unused'}"
            )
