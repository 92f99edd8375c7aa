"""Mail by Mailgun's HTTP interface, for sites that may not reach an SMTP server.

A message goes out as it is, at ``/v3/DOMAIN/messages.mime``. The key is in one header of one
request and nowhere else: no redirect is followed with it, and no error repeats what was sent.
"""

import base64
import http.client
import logging
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

TRIES, PAUSE_S = 3, 0.5
TOO_MANY, BROKEN = 429, 500
TAKEN = range(200, 300)
WRONG_KEY = {401, 403}
logger = logging.getLogger(__name__)


class MailNotTaken(OSError):
    """Mailgun did not take a message; an OSError, as failures of SMTP are."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Another address must not be shown the key."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)


class EmailBackend(BaseEmailBackend):
    """Sends each message by one request, and again while Mailgun says that it is busy."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return sum(self._is_sent(message) for message in email_messages if message.recipients())

    def _is_sent(self, message: EmailMessage) -> bool:
        try:
            _send(_request(message))
        except MailNotTaken:
            if not self.fail_silently:
                raise
            return False
        return True


def _request(message: EmailMessage) -> urllib.request.Request:
    boundary = secrets.token_hex(16)
    parts = [_part(boundary, 'name="to"', to.encode()) for to in message.recipients()]
    mime: Any = message.message()  # Django's own kind, whose line ends can be chosen
    parts.append(
        _part(boundary, 'name="message"; filename="message.mime"', mime.as_bytes(linesep="\r\n"))
    )
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    proof = base64.b64encode(f"api:{settings.MAILGUN['key']}".encode()).decode()
    headers = {
        "Authorization": f"Basic {proof}",
        "Content-Type": f"multipart/form-data; boundary={boundary}",
    }
    return urllib.request.Request(settings.MAILGUN["address"], body, headers)  # noqa: S310  of our settings


def _part(boundary: str, name: str, content: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {name}\r\n\r\n"
    return head.encode() + content + b"\r\n"


def _send(request: urllib.request.Request) -> None:
    """Send; try again after an answer that says so, never after none: it may have been taken."""
    for turn in range(1, TRIES + 1):
        status = _status(request)
        if status in TAKEN:
            return
        if turn == TRIES or (status != TOO_MANY and status < BROKEN):
            raise MailNotTaken(_said(status))
        logger.warning("Mailgun answered %s; trying again.", status)
        time.sleep(PAUSE_S * turn)


def _status(request: urllib.request.Request) -> int:
    try:
        with _opener.open(request, timeout=settings.MAILGUN["wait_s"]) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except (OSError, http.client.HTTPException) as error:
        raise MailNotTaken(f"Mailgun did not answer ({_kind(error)}).") from None


def _kind(error: BaseException) -> str:
    reason = getattr(error, "reason", error)
    return type(reason if isinstance(reason, BaseException) else error).__name__


def _said(status: int) -> str:
    if status in WRONG_KEY:
        return (
            f"Mailgun refused the key or the domain ({status}): look at MAILGUN_KEY and EMAIL_URL."
        )
    return f"Mailgun did not take the message ({status})."
