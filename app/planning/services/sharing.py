"""Links by which somebody without an account sees a result: made, revoked, and opened."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from accounts import audit
from accounts.keys import digest, new_link
from accounts.models import Project, User
from common.errors import NotThere
from planning.errors import LinkGone, NotALink, QuotaUsed
from planning.models import Plan, PowerAnalysis, SharedLink
from planning.services.access import need_editable

LONGEST_DAYS, LONGEST_NOTE = 366, 200
MOST_AT_ONCE = 50  # links to one thing that lead there


@dataclass(frozen=True)
class Made:
    """A new link, and its token, which is shown this once."""

    link: SharedLink
    token: str


@transaction.atomic
def share(*, of: Plan | PowerAnalysis, by: User, days: int, note: str = "") -> Made:
    """Make a link to a plan or an analysis.

    Raises
    ------
    NotThere
        ``by`` may not work in its project.
    NotALink
        It would last too long, or not at all.
    QuotaUsed
        There are many already.
    """
    project = of.project if isinstance(of, Plan) else of.pilot.project
    need_editable(project.pk, by)
    if not 1 <= days <= LONGEST_DAYS:
        raise NotALink(f"A link leads there for 1 to {LONGEST_DAYS} days.")
    if len(note) > LONGEST_NOTE:
        raise NotALink(f"A note has at most {LONGEST_NOTE} letters.")
    where: dict[str, Any] = {"plan": of} if isinstance(of, Plan) else {"analysis": of}
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if open_ones().filter(**where).count() >= MOST_AT_ONCE:
        raise QuotaUsed(
            f"There are {MOST_AT_ONCE} links to it that work, which is the most.",
            remedy="Take back those that nobody needs any more.",
        )
    token = new_link()
    link = SharedLink.objects.create(
        token_digest=digest(token), project=project, note=note.strip(), created_by=by,
        expires_at=now() + timedelta(days=days), **where,
    )  # fmt: skip
    audit.record(action="link.shared", user=by, on=link)
    return Made(link, token)


def open_ones() -> Any:
    """Return links that lead somewhere still."""
    return SharedLink.objects.filter(revoked_at=None, expires_at__gt=now())


@transaction.atomic
def revoke(*, link: SharedLink, by: User) -> None:
    """Take a link back: from this moment it leads nowhere. Done twice, it stays as it is."""
    need_editable(link.project_id, by)
    if SharedLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now()):
        audit.record(action="link.revoked", user=by, on=link)


def opened(token: str) -> SharedLink:
    """Return the link of a token and count that it was opened, in one statement.

    Raises
    ------
    NotThere
        Nobody ever had it.
    LinkGone
        It was taken back, or its time is over.
    """
    rows = SharedLink.objects.filter(token_digest=digest(token))
    at = now()
    is_open = rows.filter(revoked_at=None, expires_at__gt=at)
    if not is_open.update(opened=F("opened") + 1, opened_at=at):
        raise LinkGone if rows.exists() else NotThere
    found: SharedLink = rows.select_related("plan", "analysis__pilot").get()
    return found
