"""Bring stimuli in from a table or an archive, look for them, put them away."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from common.errors import StudiumError
from experiments.management.commands.protocol import person, project_of
from experiments.queries.stimuli import found
from experiments.services import stimuli, stimulus_files


class Command(BaseCommand):
    help = "Bring stimuli in from a table (.csv) or an archive (.zip), or look for them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        bring = verbs.add_parser("import", help="keep what a table or an archive holds")
        bring.add_argument("file", type=Path)
        bring.add_argument("--project", required=True, help="LAB/PROJECT, by their short names")
        bring.add_argument("--collection", required=True, help="what protocols call them by")
        look = verbs.add_parser("list", help="one line of JSON for each that is found")
        look.add_argument("--search", default="", help="words; tempo>=120 and mode=minor ask tags")
        away = verbs.add_parser("archive", help="put away what a search finds")
        away.add_argument("--search", required=True)
        for one in (bring, look, away):
            one.add_argument("--by", required=True, help="the user name of whoever does this")

    def handle(self, *_: Any, verb: str, by: str, **given: Any) -> None:
        try:
            getattr(self, f"_{verb}")(person(by), given)
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None

    def _import(self, by: User, given: dict[str, Any]) -> None:
        file: Path = given["file"]
        project = project_of(given["project"])
        try:
            with file.open("rb") as opened:
                read = stimulus_files.read(opened, file.name)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error}") from None
        brought = stimuli.bring(
            project=project, collection=given["collection"], by=by, stimuli=read
        )
        self.stdout.write(
            f"{brought.new} new, {brought.changed} changed, {brought.same} as they were"
        )

    def _list(self, by: User, given: dict[str, Any]) -> None:
        for stimulus in found(by, given["search"]):
            facts = {"collection": stimulus.collection, "name": stimulus.name,
                     "file": stimulus.asset_id, "tags": stimuli.tags_of(stimulus)}  # fmt: skip
            self.stdout.write(json.dumps(facts, ensure_ascii=False))

    def _archive(self, by: User, given: dict[str, Any]) -> None:
        chosen = list(found(by, given["search"]))
        for stimulus in chosen:
            stimuli.put_away(stimulus=stimulus, by=by)
        self.stdout.write(f"{len(chosen)} put away")
