"""Series of experiments: write one down, enrol people, see who is where."""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse

from accounts.models import Project
from common.errors import StudiumError
from experiments.management.commands.links import plain
from experiments.management.commands.protocol import person, project_of
from experiments.models import Appointment, Enrolment, Series
from experiments.services import series
from runs.models import Participant
from runs.services import identities

GIVEN = {"participant", "time_zone", "e-mail"}
MOST = 10_000


class Command(BaseCommand):
    help = "Series of experiments: write one down, enrol people, see who is where."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, says, what in (
            ("write", "keep a series, as its file says", "a JSON file"),
            ("enrol", "enrol people, and write their addresses as CSV, this once", "its name"),
            ("list", "write who is where, as CSV", "its name"),
            ("stop", "let somebody's series end", "its name"),
        ):
            one = verbs.add_parser(verb, help=says)
            one.add_argument("what", help=what)
            one.add_argument("--project", required=True, help="LAB/PROJECT, by their short names")
            if verb != "list":
                one.add_argument("--by", required=True, help="the user name of whoever does this")
        enrol = verbs.choices["enrol"]
        many = enrol.add_mutually_exclusive_group()
        many.add_argument("--count", type=int, default=1, help="so many new participants")
        many.add_argument("--file", help=f"CSV, a person a row: {', '.join(sorted(GIVEN))}")
        enrol.add_argument("--zone", help="where no row says another; else that of the lab")
        verbs.choices["stop"].add_argument("--participant", required=True, help="a pseudonym")
        verbs.choices["stop"].add_argument("--reason", required=True)

    def handle(self, *_: Any, verb: str, what: str, project: str, **given: Any) -> None:
        try:
            getattr(self, f"_{verb}")(what, project_of(project), given)
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None

    def _write(self, what: str, project: Project, given: dict[str, Any]) -> None:
        try:
            words = json.loads(Path(what).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise CommandError(f"{what} cannot be read as JSON: {error}") from None
        made = series.write(project=project, by=person(given["by"]), words=words)
        self.stdout.write(f"{made.name} has {len(made.read.waves)} waves")

    @transaction.atomic
    def _enrol(self, what: str, project: Project, given: dict[str, Any]) -> None:
        found, by = _series(what, project), person(given["by"])
        writer = csv.writer(self.stdout)
        writer.writerow(["participant", "time_zone", "address"])
        for row in _rows(given):
            who = _participant(row.get("participant", ""), project)
            if row.get("e-mail"):
                identities.know(participant=who, facts={identities.ADDRESS: row["e-mail"]})
            zone = row.get("time_zone") or given["zone"] or project.lab.time_zone
            made = series.enrol(series=found, participant=who, by=by, time_zone=zone)
            path = reverse("experiments:series", args=[made.token])
            address = f"{settings.SITE_URL.rstrip('/')}{path}"
            writer.writerow([who.pseudonym, made.enrolment.time_zone, address])

    def _list(self, what: str, project: Project, _given: dict[str, Any]) -> None:
        rows = Appointment.objects.filter(enrolment__series=_series(what, project))
        writer = csv.writer(self.stdout)
        writer.writerow(["participant", "wave", "state", "opens_at", "closes_at", "run"])
        for row in rows.select_related("enrolment__participant").order_by("enrolment", "number"):
            times = (at.isoformat() if at else "" for at in (row.opens_at, row.closes_at))
            cells = [row.enrolment.participant, row.wave, row.state, *times, row.run_id or ""]
            writer.writerow([plain(cell) for cell in cells])

    def _stop(self, what: str, project: Project, given: dict[str, Any]) -> None:
        rows = Enrolment.objects.filter(series=_series(what, project))
        found = rows.filter(participant__pseudonym=given["participant"]).first()
        if found is None:
            raise CommandError(f"{given['participant']!r} is not enrolled in {what}.")
        series.stop(enrolment=found, by=person(given["by"]), reason=given["reason"])


def _series(name: str, project: Project) -> Series:
    found: Series | None = Series.objects.filter(project=project, name=name).first()
    if found is None:
        raise CommandError(f"The project has no series {name!r}: see `series write`.")
    return found


def _participant(pseudonym: str, project: Project) -> Participant:
    if not pseudonym:
        made: Participant = Participant.objects.create(project=project)
        return made
    rows = Participant.objects.filter(project=project, pseudonym=pseudonym)
    found: Participant | None = rows.first()
    if found is None:
        raise CommandError(f"Nobody is called {pseudonym!r}. Leave it blank for a new one.")
    return found


def _rows(given: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    if not given["file"]:
        if not 1 <= given["count"] <= MOST:
            raise CommandError(f"--count is from 1 to {MOST:,}.")
        yield from ({} for _ in range(given["count"]))
        return
    try:
        with Path(given["file"]).open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            if not table.fieldnames or set(table.fieldnames) - GIVEN:
                known = ", ".join(sorted(GIVEN))
                raise CommandError(f"The first row names the columns; known are {known}.")
            yield from ({name: (text or "").strip() for name, text in row.items()} for row in table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{given['file']} cannot be read as CSV: {error}") from None
