"""Remove the static files that no kept release asks for any more."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

MANIFEST = "staticfiles.json"
GRACE_MIN = 60


class Command(BaseCommand):
    help = "Remove files of the static folder that none of the given manifests names."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--manifests",
            nargs="+",
            type=Path,
            required=True,
            metavar="DIR",
            help="the folders of the kept releases' manifests",
        )
        parser.add_argument(
            "--grace",
            type=int,
            default=GRACE_MIN,
            metavar="MINUTES",
            help="leave what a release under way may have just collected (default: %(default)s)",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")

    def handle(self, *_: Any, **options: Any) -> None:
        kept = set().union(*(named_by(folder) for folder in options["manifests"]))
        before = time.time() - 60 * options["grace"]
        stale = list(unnamed(Path(settings.STATIC_ROOT), kept, before))
        for file in stale:
            if not options["dry_run"]:
                file.unlink(missing_ok=True)
        outcome = "would go" if options["dry_run"] else "removed"
        self.stdout.write(f"{len(stale)} static files {outcome}, {len(kept)} stay")


def named_by(folder: Path) -> set[str]:
    """Return the hashed names of a release; who cannot see what is needed removes nothing."""
    try:
        return set(json.loads((folder / MANIFEST).read_text())["paths"].values())
    except (OSError, ValueError, KeyError) as problem:
        raise CommandError(
            f"The manifest in {folder} cannot be read ({problem}). Nothing was removed."
        ) from problem


def unnamed(root: Path, kept: set[str], before: float) -> Iterator[Path]:
    for file in root.rglob("*"):
        named = str(file.relative_to(root)).removesuffix(".gz") in kept or file.name == MANIFEST
        if file.is_file() and not named and file.stat().st_mtime < before:
            yield file
