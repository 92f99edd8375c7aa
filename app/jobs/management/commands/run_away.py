"""``manage.py run_away``: do the work of one job whose input lies in S3; containers start it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import container


class Command(BaseCommand):
    help = "Do the work of one job away from the site. Containers of AWS Batch start this."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="s3://bucket/folder")
        parser.add_argument("--region", required=True)

    def handle(self, *_args: Any, **options: Any) -> None:
        container.run(options["address"], region=options["region"])
