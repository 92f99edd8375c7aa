"""Back up or delete what was recorded of one design; delete its pilots; put it away."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from common.errors import StudiumError
from factorial.management.commands.import_design import person
from factorial.models import Design
from factorial.services import backup, clearing


class Command(BaseCommand):
    help = "Back up or delete what was recorded of one design. Its id is typed twice: --type ID."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, says in (
            ("list", "say which designs there are"),
            ("backup", "write the design and all that was recorded of it into one file"),
            ("purge-pilots", "delete its pilot runs"),
            ("clear", "delete all that was recorded of it; what it plans stays"),
        ):
            one = verbs.add_parser(verb, help=says)
            if verb == "list":
                continue
            one.add_argument("design", help="its id, or LAB/ID where several labs have it")
            one.add_argument("--type", default="", help="its id once more: this cannot be undone")
            one.add_argument("--by", help="the user name of whoever does this")
            if verb == "backup":
                one.add_argument("--to", required=True, type=Path, help="the file to write, a ZIP")

    def handle(self, *_: Any, verb: str, **given: Any) -> None:
        if verb == "list":
            for each in Design.objects.select_related("lab").order_by("lab__slug", "code"):
                self.stdout.write(f"{each.lab.slug}/{each.code}")
            return
        design, by = design_of(given["design"]), person(given["by"])
        typed = given["type"] or _asked(design)
        try:
            self.stdout.write(self._done(verb, design, by, typed, given))
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None
        except OSError as error:
            raise CommandError(f"Nothing was written: {error}.") from None

    def _done(
        self, verb: str, design: Design, by: User | None, typed: str, given: dict[str, Any]
    ) -> str:  # fmt: skip
        if verb == "backup":
            count = backup.write(design=design, to=given["to"], by=by, typed=typed)
            return f"{given['to']} has {design.code} and {count} runs."
        if verb == "purge-pilots":
            count = clearing.purge_pilots(design=design, by=by, typed=typed)
            return f"{count} pilot runs of {design.code} are deleted."
        count = clearing.clear(design=design, by=by, typed=typed)
        return f"{count} runs of {design.code} are deleted."


def _asked(design: Design) -> str:
    try:
        return input(f"Type “{design.code}” to do this: ")
    except EOFError:
        return ""


def design_of(named: str) -> Design:
    rows = Design.objects.select_related("lab", "project")
    lab, _, code = named.partition("/")
    found = list(rows.filter(code=named)) or list(rows.filter(lab__slug=lab, code=code))
    if len(found) != 1:
        there = ", ".join(f"{each.lab.slug}/{each.code}" for each in rows[:20])
        raise CommandError(f"Name one design by LAB/ID. There are: {there or 'none'}.")
    design: Design = found[0]
    return design
