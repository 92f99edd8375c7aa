"""Say who is a host of the client protocol of 2025, and of which project."""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Project
from factorial.models import Host
from factorial.services import log_hosts

FROM = "LIGHTMILL_HOST_PASSWORD"
SHORTEST = 10


class Command(BaseCommand):
    help = "Say who is a host of the client protocol of 2025, and of which project."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="show all hosts")
        keep = verbs.add_parser(
            "set", help=f"make a host, or change its password: asked for, or from {FROM}"
        )
        keep.add_argument("user")
        keep.add_argument("--project", required=True, help="LAB/PROJECT, by their short names")
        remove = verbs.add_parser("remove", help="take a host away; its experiments stay")
        remove.add_argument("user")

    def handle(self, *_: Any, verb: str, **given: Any) -> None:
        if verb == "set":
            self._set(given["user"], given["project"])
        elif verb == "remove":
            self._remove(given["user"])
        else:
            self._list()

    def _list(self) -> None:
        for host in Host.objects.select_related("project__lab").order_by("user"):
            kind = "a password" if host.password else "API tokens of the project's people"
            place = f"{host.project.lab.slug}/{host.project.slug}"
            self.stdout.write(f"{host.user}  {place}  by {kind}")

    def _set(self, user: str, project: str) -> None:
        lab, _, slug = project.partition("/")
        found = Project.objects.filter(lab__slug=lab, slug=slug).select_related("lab").first()
        if found is None:
            raise CommandError(f"There is no project {project!r}. Write LAB/PROJECT.")
        if "/" in user or ":" in user:
            raise CommandError("A host's name has no slash and no colon.")
        password = os.environ.get(FROM) or getpass.getpass("Password: ")
        if len(password) < SHORTEST:
            raise CommandError(f"Take a password of at least {SHORTEST} characters.")
        host = log_hosts.keep_host(project=found, user=user, password=password)
        self.stdout.write(f"{host.user} is a host of {project}")

    def _remove(self, user: str) -> None:
        host = Host.objects.filter(user=user).select_related("project__lab").first()
        if host is None:
            raise CommandError(f"There is no host {user!r}. See `lightmill_host list`.")
        log_hosts.remove_host(host=host)
        self.stdout.write(f"{user} is no host any more")
