"""Look at every animal on measured water, and tell whoever has to know."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Lab
from lab.services import welfare


class Command(BaseCommand):
    help = (
        "Look at every animal on measured water, and tell what has to be done; a job does it daily."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say it, and tell nobody")
        parser.add_argument("--date", help="look at another day than today, as 2026-05-31")
        parser.add_argument("--lab", help="the short name of one lab")

    def handle(self, *_: Any, **options: Any) -> None:
        day = _day(options["date"]) if options["date"] else None
        looked_at, told = 0, 0
        for lab in _labs(options["lab"]):
            moment = welfare.end_of(day, lab) if day else None
            found = welfare.check(labs=[lab], moment=moment, is_dry=options["dry_run"])
            for story in found.stories:
                self.stdout.write(f"{story.title}. {story.message}")
            looked_at, told = looked_at + found.looked_at, told + len(found.told)
        ending = "Nobody was told: this was a dry run." if options["dry_run"] else f"{told} told."
        self.stdout.write(f"{looked_at} animals on measured water. {ending}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no day. Write it as 2026-05-31.") from None


def _labs(slug: str | None) -> list[Lab]:
    labs = list(Lab.objects.filter(slug=slug) if slug else Lab.objects.order_by("name"))
    if slug and not labs:
        known = ", ".join(Lab.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no lab {slug}. Known: {known}.")
    return labs
