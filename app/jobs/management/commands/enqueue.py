"""``manage.py enqueue``: ask for background work by hand."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import registry
from jobs.services import enqueue


class Command(BaseCommand):
    help = "Ask for background work by name and print the number of the job."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="a registered task, such as jobs.self_test")
        parser.add_argument("--arguments", default="{}", help="JSON, such as '{\"seconds\": 20}'")
        parser.add_argument("--key", default="", help="the same key gives the same job")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["name"] not in registry.names():
            known = ", ".join(sorted(registry.names()))
            raise CommandError(f"There is no task {options['name']!r}. There are: {known}.")
        print(
            enqueue(options["name"], arguments=_object(options["arguments"]), key=options["key"]).pk
        )


def _object(text: str) -> dict[str, Any]:
    try:
        arguments = json.loads(text)
    except json.JSONDecodeError as error:
        raise CommandError(f"--arguments is no JSON: {error}.") from None
    if not isinstance(arguments, dict):
        raise CommandError("--arguments must be a JSON object.")
    return arguments
