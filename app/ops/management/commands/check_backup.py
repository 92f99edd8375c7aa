"""Prove that a backup restores: into a scratch database, and count its rows."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ops import services
from ops.management.backup_argument import named_backup


class Command(BaseCommand):
    help = "Restore a backup (the newest one, unless named) into a scratch database and count."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", default="", help="a name or path of a backup")

    def handle(self, *_: Any, **options: Any) -> None:
        file = named_backup(options["file"])
        proof = services.check_backup(file)
        print(f"{'✔' if proof.ok else '✘'} {file.path.name}: {proof.message}")
        if not proof.ok:
            sys.exit(1)
