"""What the one cron line calls: run the scheduled jobs that are due.

The name and the arguments are django-cron's. Unlike its own command, this one tells the truth in
its exit code: 1 when a job failed, ran over its limit, was slow, was missed, or does not exist.
"""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ops import cron

MARKS = {"finished": "✔", "not due": " ", "due": "→", "held": "·"}


class Command(BaseCommand):
    help = "Run the scheduled jobs that are due; exit with 1 when one failed, was slow or missed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cron_classes", nargs="*", help="codes or classes; none means all")
        parser.add_argument("--force", action="store_true", help="run them even when not due")
        parser.add_argument("--silent", action="store_true", help="print only what went wrong")
        parser.add_argument("--dry-run", action="store_true", help="only say what is due")

    def handle(self, *_: Any, **options: Any) -> None:
        lines = cron.tick(
            options["cron_classes"], force=options["force"], dry_run=options["dry_run"]
        )
        bad = [line for line in lines if line.is_bad]
        for line in bad if options["silent"] else lines:
            detail = line.detail.partition("\n")[0]
            print(
                f"{MARKS.get(line.outcome, '✘')} {line.job:22} {line.outcome:10} {detail}".rstrip()
            )
        if bad:
            sys.exit(1)
