"""Back the site's database up, at once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ops import services
from ops.errors import OperationFailed


class Command(BaseCommand):
    help = "Write a backup of the database with its checksum and the list of uploaded files."

    def handle(self, *_: Any, **options: Any) -> None:  # noqa: ARG002  Django's signature
        try:
            record = services.back_up()
        except OperationFailed as error:
            raise CommandError(str(error)) from None
        removed = services.prune_backups()
        print(f"{record.file}: {record.size} bytes, sha256 {record.sha256[:12]}…")
        print(f"{record.media_files} uploaded files are listed beside it; copy them on their own.")
        if removed:
            print(f"{removed} older backups were removed by age.")
