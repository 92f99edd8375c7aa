"""Letters about searches: one when it has begun and one when it has ended, each sent once.

A letter is a row, written in the transaction that it tells of, so it exists if and only if that
happened; the database keeps a second one of a kind away. A job brings it to the mail server.
"""

from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.timezone import now

import jobs
from accounts.models import User
from planning.models import Habit, Search, SearchLetter

HELD = timedelta(minutes=3)  # how long nobody else sends what one job is sending


class LetterUnsent(Exception):
    """The mail server did not take it; no refusal, so that the job tries again."""


def wants_mail(person: User) -> bool:
    """Return whether somebody is told by mail unless a search says otherwise."""
    return Habit.objects.filter(person=person, tells_by_mail=True).exists()


def keep_habit(*, by: User, tells_by_mail: bool) -> None:
    Habit.objects.update_or_create(person=by, defaults={"tells_by_mail": tells_by_mail})


def post(search: Search, kind: str) -> None:
    """Have a letter sent after commit, if somebody wants it and it was not posted before."""
    person = search.created_by
    if not search.tells_by_mail or person is None or not (person.is_active and person.email):
        return
    letter, is_new = SearchLetter.objects.get_or_create(search=search, kind=kind)
    if is_new:
        jobs.enqueue(
            "planning.send_letter",
            arguments={"letter": letter.pk},
            project=search.plan.project,
            key=str(letter.pk),
            label=f"Mail about {search.plan}",
        )


def send(*, letter: int) -> bool:
    """Send a letter; sent already, or with nobody to get it, nothing happens.

    Whoever sends it holds it meanwhile. The name of the message is the letter's own, so that even
    a machine that fails between the mail server's word and our record brings no second message
    to a mailbox that knows the first.

    Raises
    ------
    LetterUnsent
        It is worth another try. The words name nobody: a job's error is read by the whole lab.
    """
    free = Q(held_until=None) | Q(held_until__lt=now())
    waiting = SearchLetter.objects.filter(pk=letter, sent_at=None)
    if not waiting.exists():
        return False
    if not waiting.filter(free).update(held_until=now() + HELD):
        raise LetterUnsent("Another attempt is sending it.")
    found = SearchLetter.objects.select_related("search__plan__project__lab", "search__created_by")
    try:
        is_sent = _deliver(found.get(pk=letter))
    except LetterUnsent:
        waiting.update(held_until=None)
        raise
    waiting.update(sent_at=now(), held_until=None)
    return is_sent


def _deliver(letter: SearchLetter) -> bool:
    person = letter.search.created_by
    if person is None or not (person.is_active and person.email):
        return False
    try:
        _message(letter, person.email).send()
    except (OSError, SMTPException) as error:
        code = getattr(error, "smtp_code", "")
        said = f"{type(error).__name__} {code}".strip()
        raise LetterUnsent(f"The mail server did not take it: {said}.") from None
    return True


def _message(letter: SearchLetter, to: str) -> EmailMessage:
    search = letter.search
    facts = {
        "search": search,
        "person": search.created_by,
        "site": settings.SITE_NAME,
        "address": settings.SITE_URL.rstrip("/") + reverse("planning:search", args=[search.pk]),
        "best": search.designs.order_by("-worth").first(),
        "count": search.designs.count(),
    }
    text = render_to_string(f"planning/letters/{letter.kind}.txt", facts)
    subject, _, body = text.strip().partition("\n")
    host = settings.SITE_URL.partition("//")[2].partition("/")[0].partition(":")[0] or "studium"
    headers = {
        "Auto-Submitted": "auto-generated",
        "Message-ID": f"<search-{search.pk}-{letter.kind}@{host}>",
    }
    return EmailMessage(" ".join(subject.split()), body.strip() + "\n", to=[to], headers=headers)
