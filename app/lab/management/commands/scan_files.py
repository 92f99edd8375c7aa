"""``manage.py scan_files``: compare mounted repositories with their records, here and now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lab.models import FileScan, Repository
from lab.services import scans

GIGA = 10**9


class Command(BaseCommand):
    help = "Compare mounted repositories with what is recorded of them, and put the flags right."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repository", metavar="NAME", help="one alone; else all mounted ones")
        parser.add_argument("--dry-run", action="store_true", help="report, and change no flag")
        parser.add_argument(
            "--hash-gb", type=float, default=200, help="read so much for hashes (200)"
        )
        parser.add_argument("--hash-minutes", type=float, default=120, help="and for so long (120)")

    def handle(self, *_args: Any, **options: Any) -> None:
        budget = scans.Budget(int(options["hash_gb"] * GIGA), options["hash_minutes"] * 60)
        outcomes = [
            self._scan(repository, budget, dry_run=options["dry_run"])
            for repository in _wanted(options["repository"])
        ]
        if any(outcome != FileScan.Outcome.FINISHED for outcome in outcomes):
            raise CommandError("Not every repository could be looked through.")

    def _scan(self, repository: Repository, budget: scans.Budget, *, dry_run: bool) -> str:
        says = scans.Silent()
        found = scans.scan(repository=repository, says=says, budget=budget, dry_run=dry_run)
        print(f"{repository.name}: {found.get_outcome_display()}. {found.message}".rstrip())
        print(f"  {found.files} files, {found.records} records, {found.verified} hashes compared")
        for kind, count in sorted(found.counts.items()):
            print(f"  {count} {kind}")
            for each in found.findings.filter(kind=kind)[:10]:
                print(f"    {each.path}  {each.detail}".rstrip())
        print(f"  {found.fixed} flags put right" if not dry_run else "  nothing was changed")
        return str(found.outcome)


def _wanted(name: str | None) -> list[Repository]:
    found = scans.scannable()
    if name is None:
        return found
    chosen = [each for each in found if each.name == name]
    if not chosen:
        known = ", ".join(each.name for each in found) or "none"
        raise CommandError(f"There is no mounted repository {name!r}. There are: {known}.")
    return chosen
