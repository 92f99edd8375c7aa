"""What operators are told on the home page: is the site well, what is live, what waits."""

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from common import areas, maintenance
from common.home import Need, Panel, Share
from ops import health
from ops.health import Check, Health
from ops.queries import errors, releases
from ops.queries.releases import Attempt
from ops.services import take_in_errors

DETAIL = 160
FRESH = timedelta(days=7)  # an older refusal is history: nobody waits for it any more
ENDED = {"interrupted": "was interrupted", "pending": "is pending", "refused": "was refused"}
PLACES = {
    "backup": "ops:backups",
    "migrations": "ops:releases",
    "schedule": "ops:schedule",
    "worker": "jobs:list",
}


@dataclass(frozen=True)
class Facts:
    """What the panel shows."""

    health: Health
    live: Attempt | None

    @property
    def bad(self) -> int:
        return sum(not check.ok for check in self.health.checks.values())


def share(request: HttpRequest) -> Share:
    if not areas.operators(request.user):
        return Share()
    take_in_errors()
    found, state = releases.attempts(), health.examine()
    live = next((attempt for attempt in found if attempt.is_live), None)
    panel = Panel(template="ops/_home.html", facts=Facts(state, live), beside=True)
    needs = _closed() + _ill(state) + _tampered() + _pushed(found) + _broken()
    return Share(needs=needs, panels=[panel])


def place_of(check: str) -> str:
    """Return the page on which one sees to what a check found."""
    return reverse(PLACES.get(check, "ops:overview"))


def _closed() -> list[Need]:
    state = maintenance.current()
    if state is None:
        return []
    title = "The site is closed for maintenance" if state.mode == "on" else "Uploads are closed"
    return [
        Need(title=title, detail=state.message, url=reverse("ops:overview"), verb="See how to open")
    ]


def _ill(state: Health) -> list[Need]:
    return [_need_of(name, check) for name, check in state.checks.items() if not check.ok]


def _need_of(name: str, check: Check) -> Need:
    return Need(
        title=f"{name.capitalize()}: {check.detail}",
        url=place_of(name),
        verb="See to it",
        tone="harm" if check.fatal else "warning",
    )


def _tampered() -> list[Need]:
    if not releases.faults():
        return []
    title = "The ledger of releases was changed after it was written"
    return [Need(title=title, url=reverse("ops:releases"), verb="Look at it", tone="harm")]


def _pushed(found: list[Attempt]) -> list[Need]:
    """Name the newest attempt when it did not go live, while somebody may still wait for it."""
    last = found[0] if found else None
    if last is None or last.badge == "good" or last.outcome == "rolled back":
        return []
    if last.started is None or timezone.now() - last.started > FRESH:
        return []
    return [
        Need(
            title=f"The last {last.kind} {ENDED.get(last.outcome, last.outcome)}: "
            f"“{last.subject or last.after}”",
            detail=Truncator(last.gist).chars(DETAIL),
            url=reverse("ops:release", args=[last.number]),
            verb="Read why",
        )
    ]


def _broken() -> list[Need]:
    newest = errors.reports().first()
    if newest is None:
        return []
    count = errors.open_count()
    return [
        Need(
            title=f"{count} error{'s' * (count > 1)} that nobody resolved",
            detail=Truncator(f"Last: {newest.kind}: {newest.message}").chars(DETAIL),
            url=reverse("ops:errors"),
            verb="Look at the errors",
        )
    ]
