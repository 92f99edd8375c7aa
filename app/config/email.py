"""Turn ``EMAIL_URL`` into Django's settings: a folder, the console, SMTP, or Mailgun."""

from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from django.core.exceptions import ImproperlyConfigured

from config import addresses

BACKENDS = "django.core.mail.backends"
WAIT_S = 20
REMEDY = (
    "Use smtp://user:password@host:587?tls=1, smtps://…, mailgun://domain, file:///folder or "
    "console://; "
    "docs/operations/environment.md has examples."
)


MAILGUN = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}


def address(given: str, key: str, *, sender: str, state: Path) -> str:
    """Return where mail goes: what was said, else Mailgun if its key was, else a folder."""
    if given or not key:
        return given or f"file://{state / 'mail'}"
    domain = parseaddr(sender)[1].rpartition("@")[2]
    if "." not in domain:
        raise ImproperlyConfigured(
            "MAILGUN_KEY is set, but not which domain sends: set STUDIUM_MAIL_FROM to an address "
            "of it, or EMAIL_URL to mailgun://domain."
        )
    return f"mailgun://{domain}"


def from_url(url: str, *, key: str = "") -> dict[str, Any]:
    """Return the ``EMAIL_…`` settings for ``url``; ``key`` is Mailgun's."""
    parts = addresses.read("EMAIL_URL", url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": f"{BACKENDS}.console.EmailBackend"}
    if parts.scheme == "file" and parts.path:
        folder = unquote(parts.path)
        return {"EMAIL_BACKEND": f"{BACKENDS}.filebased.EmailBackend", "EMAIL_FILE_PATH": folder}
    if parts.scheme in {"smtp", "smtps"} and parts.hostname:
        return _smtp(url)
    if parts.scheme == "mailgun" and parts.hostname:
        return _mailgun(url, key)
    raise ImproperlyConfigured(f"EMAIL_URL has the form {parts.scheme or '?'}://…. {REMEDY}")


def _mailgun(url: str, key: str) -> dict[str, Any]:
    parts = addresses.read("EMAIL_URL", url)
    more = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    region = more.get("region", "us")
    if not key or region not in MAILGUN:
        lacks = f"region={region!r}; write us or eu" if key else "MAILGUN_KEY is not set"
        raise ImproperlyConfigured(f"Mail by Mailgun: {lacks}. docs/operations/environment.md")
    base = more.get("api", MAILGUN[region])
    if not base.startswith(("https://", "http://127.0.0.1:")):
        raise ImproperlyConfigured("Mailgun is reached by https:// alone: its key goes along.")
    return {
        "EMAIL_BACKEND": "common.mailgun.EmailBackend",
        "MAILGUN": {
            "address": f"{base}/v3/{parts.hostname}/messages.mime",
            "key": key,
            "wait_s": WAIT_S,
        },
    }


def _smtp(url: str) -> dict[str, Any]:
    parts = addresses.read("EMAIL_URL", url)
    tls = parse_qs(parts.query).get("tls", ["0"])[-1] == "1"
    return {
        "EMAIL_BACKEND": f"{BACKENDS}.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": tls and parts.scheme == "smtp",
        "EMAIL_TIMEOUT": WAIT_S,
    }
