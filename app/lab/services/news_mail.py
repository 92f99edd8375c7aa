"""Mail of what was told: one for each person and batch, three tries, and what failed is kept."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.timezone import now

from accounts.models import User
from lab.models import Notification
from lab.services import told_lately

logger = logging.getLogger(__name__)

TRIES = 3
HELD = timedelta(minutes=5)  # how long nobody else sends what one job is sending
Status = Notification.Status
ENDING = """
--
Studium {site}. You hear of this because it concerns your animals, or because you asked to.
"""


class MailUnsent(Exception):
    """Some mail is worth another try; no refusal, so that the job makes one."""


@dataclass(frozen=True)
class Sent:
    """What came of sending a batch."""

    sent: int = 0
    given_up: int = 0
    again: int = 0


def send(*, notifications: Sequence[str]) -> Sent:
    """Send what is still to be sent of these.

    Raises
    ------
    MailUnsent
        Some of it is worth another try.
    """
    keys = {f"mail {key}": key for key in notifications}
    won = told_lately.claim(list(keys), within=HELD, moment=now())
    mine = [keys[key] for key in won]
    try:
        rows = list(
            Notification.objects.filter(pk__in=mine, status=Status.TO_SEND)
            .select_related("subject__lab").prefetch_related("users").order_by("title")
        )  # fmt: skip
        _deliver(rows)
        outcome = _settle(rows)
    finally:
        told_lately.let_go(list(won))
    held = Notification.objects.filter(pk__in=notifications, status=Status.TO_SEND).count()
    if held:
        raise MailUnsent(f"{held} messages are still to be sent.")
    return outcome


def _deliver(rows: Sequence[Notification]) -> None:
    """Send each person one mail; write down in the rows who has it, and what failed."""
    batches: dict[User, list[Notification]] = defaultdict(list)
    for row in rows:
        row.json = {"sent_to": [], "failed_attempts": [], **(row.json or {})}
        for user in row.users.all():
            if user.is_active and user.email and user.username not in row.json["sent_to"]:
                batches[user].append(row)
    for user, some in batches.items():
        error = _mail(user, some)
        for row in some:
            _note(row.json, user, error)


def _note(book: Any, user: User, error: str) -> None:
    if error:
        book["failed_attempts"].append({
            "at": now().isoformat(), "to": user.username, "error": error,
        })  # fmt: skip
    else:
        book["sent_to"].append(user.username)


def _mail(user: User, rows: Sequence[Notification]) -> str:
    """Send one mail; return what went wrong, or nothing."""
    first = rows[0].title
    title = first if len(rows) == 1 else f"{first}, and {len(rows) - 1} more"
    body = "\n\n".join(f"{row.title}\n{row.message}".strip() for row in rows)
    message = EmailMessage(
        f"[{settings.SITE_NAME}] {title}".replace("\n", " "),
        body + "\n" + ENDING.format(site=settings.SITE_NAME),
        to=[user.email],
        connection=get_connection(),
    )
    try:
        message.send()
    except (SMTPException, OSError, ValueError) as error:
        logger.warning("Mail to %s failed: %s", user.username, error)
        return f"{type(error).__name__}: {error}"[:500]
    return ""


def _settle(rows: Sequence[Notification]) -> Sent:
    """Write down what came of each: sent, given up after three tries, or worth another."""
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        row.status = _status(row)
        row.sent_at = now() if row.status == Status.SENT else None
        counts[row.status] += 1
    # The row keeps its own record of every try; the audit trail need not repeat it.
    Notification._base_manager.bulk_update(rows, ["json", "status", "sent_at"])  # noqa: SLF001
    return Sent(counts[Status.SENT], counts[Status.FAILED], counts[Status.TO_SEND])


def _status(row: Notification) -> str:
    book: Any = row.json
    reached = set(book["sent_to"])
    wanted = {user.username for user in row.users.all() if user.is_active and user.email}
    if not wanted:
        return Status.NOT_TO_SEND
    if wanted <= reached:
        return Status.SENT
    tries: dict[str, int] = defaultdict(int)
    for attempt in book["failed_attempts"]:
        tries[attempt["to"]] += 1
    left = wanted - reached
    return Status.FAILED if all(tries[name] >= TRIES for name in left) else Status.TO_SEND
