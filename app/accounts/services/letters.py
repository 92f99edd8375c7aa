"""Mail of this area; sent after the change that it tells of was committed."""

import logging
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string

from accounts.models import User

logger = logging.getLogger(__name__)


def post(*, to: User, letter: str, **facts: Any) -> None:
    """Send a letter of accounts/letters after commit; its first line is the subject."""
    if to.email:
        transaction.on_commit(lambda: _send(to, letter, facts))


def _send(to: User, letter: str, facts: dict[str, Any]) -> None:
    context = {"person": to, "site": settings.SITE_URL, **facts}
    text = render_to_string(f"accounts/letters/{letter}.txt", context)
    subject, _, body = text.strip().partition("\n")
    try:
        send_mail(subject, body.strip() + "\n", None, [to.email])
    except OSError:  # the change stands; whoever made it can pass the news on
        logger.exception("The letter %s could not be sent", letter)
