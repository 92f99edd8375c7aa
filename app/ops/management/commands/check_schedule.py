"""Look for missed jobs from outside of cron: for a timer of its own, or a person."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from ops import cron, rhythms


class Command(BaseCommand):
    help = "Exit with 1 when a scheduled job was missed or cron has stopped calling."

    def handle(self, *_: Any, **options: Any) -> None:  # noqa: ARG002  Django's signature
        problems = [f"{miss.code} {miss.reason}" for miss in cron.misses()]
        if silence := rhythms.silence():
            problems.insert(0, silence)
        for problem in problems:
            print(problem)
        if problems:
            sys.exit(1)
        print("Every scheduled job succeeded when it should have.")
