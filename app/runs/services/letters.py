"""Mail to participants, by jobs: what a job holds is the number of a sealed letter."""

from collections.abc import Mapping
from datetime import timedelta
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.timezone import now

import jobs
from runs import vault
from runs.models import Letter, Participant

KEPT_UNSENT = timedelta(days=7)


class LetterUnsent(Exception):
    """The mail server did not take it; no refusal, so that the job tries again."""


def _about(letter: Letter) -> str:
    return f"letter {letter.pk}"


@transaction.atomic
def post(*, to: str, participant: Participant, kind: str, facts: Mapping[str, Any]) -> Letter:
    """Have a letter of runs/letters sent after commit; its first line is the subject."""
    letter = Letter(participant=participant, kind=kind)
    letter.sealed = vault.seal({"to": to, "facts": dict(facts)}, _about(letter))
    letter.save(force_insert=True)
    jobs.enqueue("runs.send_letter", arguments={"letter": str(letter.pk)},
                 project=participant.project,
                 key=str(letter.pk))  # fmt: skip
    return letter


def send(*, letter: str) -> bool:
    """Send a letter and forget what stood in it; erased or sent already, nothing happens.

    Raises
    ------
    LetterUnsent
        It is worth another try. The words name nobody: a job's error is read by the whole lab.
    """
    found = Letter.objects.filter(pk=letter, sent_at=None).exclude(sealed="").first()
    if found is None:
        return False
    inside = vault.opened(found.sealed, _about(found))
    _deliver(_message(found.kind, inside["to"], inside["facts"]))
    Letter.objects.filter(pk=found.pk).update(sealed="", sent_at=now())
    return True


def _message(kind: str, to: str, facts: Mapping[str, Any]) -> EmailMessage:
    context = {"site": settings.SITE_URL, **facts}
    text = render_to_string(f"runs/letters/{kind}.txt", context)
    subject, _, body = text.strip().partition("\n")
    headers = {"Auto-Submitted": "auto-generated"}
    return EmailMessage(" ".join(subject.split()), body.strip() + "\n", to=[to], headers=headers)


def _deliver(message: EmailMessage) -> None:
    try:
        message.send()
    except (OSError, SMTPException) as error:
        code = getattr(error, "smtp_code", "")
        said = f"{type(error).__name__} {code}".strip()
        raise LetterUnsent(f"The mail server did not take it: {said}.") from None


def prune() -> int:
    """Forget letters that could not be sent for a week, and delete what was sent long ago."""
    old = now() - KEPT_UNSENT
    return Letter.objects.filter(created_at__lt=old).delete()[0]
