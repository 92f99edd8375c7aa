"""Bring a protocol in, freeze and publish it, make links to it, write it out."""

import json
import sys
import zipfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from accounts.models import Project, User
from common.errors import StudiumError
from experiments.definition import parameters
from experiments.definition.advice import advice
from experiments.definition.protocol import read_protocol, steps_of
from experiments.definition.schema import schema
from experiments.errors import NotAProtocol
from experiments.models import Link, Protocol, Revision
from experiments.services import banks, bundles, links, protocols

IN_PROJECT = "LAB/PROJECT, by their short names"
OF_FILE = ("check", "import")


class Command(BaseCommand):
    help = "Bring a protocol in, publish it, make links to it, write it out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("schema", help="write the format as JSON Schema, for editors")
        for verb, says in (
            ("check", "say all that is wrong with a protocol's file, and what is worth a look"),
            ("import", "read a protocol's file as a draft, and freeze it"),
            ("export", "write the latest frozen revision"),
            ("link", "make a link, and print it this once"),
        ):
            one = verbs.add_parser(verb, help=says)
            what = "the file, - for what is piped in" if verb in OF_FILE else "its name"
            one.add_argument("what", help=what)
            one.add_argument("--project", required=verb != "check", help=IN_PROJECT)
            if verb in {"import", "link"}:
                one.add_argument("--by", required=True, help="the user name of whoever does this")
            if verb == "export":
                one.add_argument("--to", help="the file; needed where code or stimuli go along")
            if verb == "import":
                one.add_argument("--publish", action="store_true", help="let links lead to it")
            if verb == "link":
                one.add_argument("--kind", choices=Link.Kind.values, default=Link.Kind.OPEN)

    def handle(
        self, *_: Any, verb: str, what: str = "", project: str | None = None, **given: Any
    ) -> None:
        found = project_of(project) if project else None
        by = person(given["by"]) if "by" in given else None
        try:
            getattr(self, f"_{verb}")(what, found, by, given)
        except StudiumError as error:
            raise CommandError(f"{error.message} {error.remedy}") from None

    def _schema(self, *_: Any) -> None:
        self.stdout.write(json.dumps(schema(), indent=1, ensure_ascii=False))

    def _check(self, what: str, project: Project | None, *_: Any) -> None:
        """Say it all; a fault makes the command fail, so that a script can ask."""
        words = words_in(what)
        try:
            read = read_protocol(banks.readable(project, words) if project else words)
            protocols.check(read) if project else parameters.check(read)
        except NotAProtocol as error:
            number = len(error.faults)
            raise CommandError("\n".join([*error.faults, f"{number} to correct."])) from None
        looks = list(advice(read))
        for look in looks:
            self.stdout.write(f"worth a look: {look}")
        steps = sum(1 for _ in steps_of(read.flow))
        self.stdout.write(f"{read.name} can be read: {len(read.asked)} items, {steps} steps.")

    def _import(self, what: str, project: Project, by: User, given: dict[str, Any]) -> None:
        protocol = protocols.write(project=project, by=by, words=words_in(what))
        revision = protocols.freeze(protocol=protocol, by=by)
        if given["publish"]:
            protocols.publish(revision=revision, by=by)
        said = "frozen and published" if given["publish"] else "frozen"
        self.stdout.write(f"{protocol.name} {revision.number} is {said}: {revision.digest}")

    def _export(self, what: str, project: Project, _: Any, given: dict[str, Any]) -> None:
        revision = protocol_of(what, project).revisions.first()
        if revision is None:
            raise CommandError(f"{what} was never frozen. Import it to freeze it.")
        if any(bundles.files_of(revision.read)):
            self._bundle(revision, given["to"])
        elif given["to"]:
            Path(given["to"]).write_text(_printed(revision), encoding="utf-8")
        else:
            self.stdout.write(_printed(revision))

    def _bundle(self, revision: Revision, to: str | None) -> None:
        """Write code and stimuli along, to a file that is there whole or not at all."""
        if not to:
            raise CommandError("Code or stimuli go along with it: say --to FILE.zip.")
        part = Path(f"{to}.part")
        with part.open("wb") as file:
            bundles.write(revision, file)
        part.replace(to)

    def _link(self, what: str, project: Project, by: User, given: dict[str, Any]) -> None:
        made = links.make(protocol=protocol_of(what, project), by=by, kind=given["kind"])
        path = reverse("experiments:welcome", args=[made.token])
        self.stdout.write(f"{settings.SITE_URL.rstrip('/')}{path}")


def _printed(revision: Revision) -> str:
    return json.dumps(revision.words, indent=1, ensure_ascii=False)


def words_in(what: str) -> Any:
    if what != "-" and zipfile.is_zipfile(what):
        with Path(what).open("rb") as file:
            return bundles.read(file)
    try:
        text = sys.stdin.read() if what == "-" else Path(what).read_text(encoding="utf-8")
        return _with_modules(json.loads(text), Path(what).parent)
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{what} cannot be read as JSON: {error}") from None


def _with_modules(words: Any, folder: Path) -> Any:
    """Put the code of modules that name a file beside the protocol's own in its place."""
    modules = words.get("modules") if isinstance(words, dict) else None
    for module in modules.values() if isinstance(modules, dict) else ():
        if isinstance(module, dict) and isinstance(module.get("file"), str):
            module["text"] = (folder / module.pop("file")).read_text(encoding="utf-8")
    return words


def project_of(text: str) -> Project:
    lab, _, slug = text.partition("/")
    found = Project.objects.filter(lab__slug=lab, slug=slug).first()
    if found is None:
        raise CommandError(f"There is no project {text!r}. Write LAB/PROJECT by their short names.")
    return found


def person(name: str) -> User:
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None:
        raise CommandError(f"There is nobody called {name!r} here.")
    return found


def protocol_of(name: str, project: Project) -> Protocol:
    found: Protocol | None = Protocol.objects.filter(project=project, name=name).first()
    if found is None:
        raise CommandError(f"The project has no protocol {name!r}.")
    return found
