"""Make links, many at once; list and revoke them. Addresses are written this once."""

import csv
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import get_current_timezone, is_naive, make_aware

from common.errors import StudiumError
from experiments.management.commands.protocol import person, project_of, protocol_of
from experiments.models import Link, Protocol, Recruiter
from experiments.services import links
from experiments.services.links import Made, Wish

COLUMNS = ("id", "kind", "label", "participant", "group", "opens_at", "closes_at", "uses")
MOST = 1_000_000
GIVEN = {"participant", "label", "group", "opens_at", "closes_at"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute what begins so


class Command(BaseCommand):
    help = "Make links, many at once; list and revoke them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, says in (
            ("make", "make links, and write them as CSV with their addresses, this once"),
            ("list", "write the links as CSV, without addresses"),
            ("revoke", "let links lead nowhere from now on"),
        ):
            one = verbs.add_parser(verb, help=says)
            one.add_argument("protocol", help="its name")
            one.add_argument("--project", required=True, help="LAB/PROJECT, by their short names")
            if verb != "list":
                one.add_argument("--by", required=True, help="the user name of whoever does this")
        _wishes(verbs.choices["make"])
        which = verbs.choices["revoke"].add_mutually_exclusive_group(required=True)
        which.add_argument("--id", type=int, nargs="+", help="as `links list` writes them")
        which.add_argument("--label", help="all that have it")

    def handle(self, *_: Any, verb: str, protocol: str, project: str, **given: Any) -> None:
        found = protocol_of(protocol, project_of(project))
        try:
            getattr(self, f"_{verb}")(found, given)
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None

    def _make(self, protocol: Protocol, given: dict[str, Any]) -> None:
        shared = _shared(protocol, given)
        file = given["file"]
        wishes = _read(file, shared) if file else [Wish(values=shared)] * given["count"]
        made = links.make_many(
            protocol=protocol, by=person(given["by"]), kind=given["kind"], wishes=wishes
        )
        self._write((*COLUMNS, "address"), ((*_row(one.link), _address(one)) for one in made))

    def _list(self, protocol: Protocol, _given: dict[str, Any]) -> None:
        rows = Link.objects.filter(protocol=protocol).select_related("participant")
        known = (
            (*_row(link), "revoked" if link.revoked_at else "") for link in rows.order_by("pk")
        )
        self._write((*COLUMNS, "revoked"), known)

    def _revoke(self, protocol: Protocol, given: dict[str, Any]) -> None:
        rows = Link.objects.filter(protocol=protocol, revoked_at=None)
        which = {"pk__in": given["id"]} if given["id"] else {"label": given["label"]}
        found = list(rows.filter(**which))
        by = person(given["by"])
        for link in found:
            links.revoke(link=link, by=by)
        self.stdout.write(f"{len(found)} revoked")

    def _write(self, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
        writer = csv.writer(self.stdout)
        writer.writerow(header)
        writer.writerows([plain(cell) for cell in row] for row in rows)


def _wishes(make: ArgumentParser) -> None:
    make.add_argument("--kind", choices=Link.Kind.values, default=Link.Kind.SINGLE)
    how_many = make.add_mutually_exclusive_group()
    how_many.add_argument("--count", type=int, default=1)
    how_many.add_argument(
        "--file", help=f"CSV, a link a row, - for what is piped in: {', '.join(sorted(GIVEN))}"
    )
    make.add_argument("--label", default="")
    make.add_argument("--group", default="", help="who is put together")
    make.add_argument("--opens", type=_moment, help="2026-03-01T08:00, in the site's time zone")
    make.add_argument("--closes", type=_moment)
    make.add_argument("--uses", type=int, help="how many runs may begin by one")
    make.add_argument("--resume", choices=[each for each in Link.Resume.values if each])
    make.add_argument("--quiet-h", type=int, help="after how many quiet hours a run times out")
    make.add_argument("--recruiter", help="its name: see `recruiter agree`")


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None:
        raise ValueError(text)
    return make_aware(found, get_current_timezone()) if is_naive(found) else found


def _shared(protocol: Protocol, given: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("count", "uses", "quiet_h"):
        if given[name] is not None and not 1 <= given[name] <= MOST:
            raise CommandError(f"--{name.replace('_', '-')} is from 1 to {MOST:,}.")
    return {
        "label": given["label"],
        "group": given["group"],
        "opens_at": given["opens"],
        "closes_at": given["closes"],
        "most_uses": given["uses"],
        "resume": given["resume"] or "",
        "quiet_h": given["quiet_h"],
        "recruiter": _recruiter(protocol, given["recruiter"]),
    }


def _recruiter(protocol: Protocol, name: str | None) -> Recruiter | None:
    if not name:
        return None
    found: Recruiter | None = Recruiter.objects.filter(protocol=protocol, name=name).first()
    if found is None:
        raise CommandError(f"Nothing was agreed with a recruiter {name!r}: see `recruiter agree`.")
    return found


def _read(file: str, shared: Mapping[str, Any]) -> list[Wish]:
    try:
        if file == "-":
            return list(_rows(sys.stdin, shared))
        with Path(file).open(encoding="utf-8-sig", newline="") as lines:
            return list(_rows(lines, shared))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{file} cannot be read as CSV: {error}") from None


def _rows(lines: TextIO, shared: Mapping[str, Any]) -> Iterator[Wish]:
    table = csv.DictReader(lines)
    unknown = set(table.fieldnames or ()) - GIVEN
    if unknown or not table.fieldnames:
        known = ", ".join(sorted(GIVEN))
        raise CommandError(f"The first row names the columns; known are {known}.")
    for row in table:
        said = {name: text.strip() for name, text in row.items() if text and text.strip()}
        who = said.pop("participant", "")
        yield Wish(who, dict(shared) | {name: _value(name, text, table.line_num)
                                        for name, text in said.items()})  # fmt: skip


def _value(name: str, text: str, line: int) -> Any:
    if not name.endswith("_at"):
        return text
    try:
        return _moment(text)
    except ValueError:
        raise CommandError(f"Line {line}: {text!r} is no time, such as 2026-03-01T08:00.") from None


def _row(link: Link) -> list[Any]:
    who = link.participant.pseudonym if link.participant else ""
    times = (at.isoformat() if at else "" for at in (link.opens_at, link.closes_at))
    return [link.pk, link.kind, link.label, who, link.group, *times, link.uses]


def _address(made: Made) -> str:
    path = reverse("experiments:welcome", args=[made.token])
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def plain(cell: Any) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA) else text
