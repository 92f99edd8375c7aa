"""Turn ``EMAIL_URL`` into Django's settings: a folder of messages, the console, or SMTP."""

from typing import Any
from urllib.parse import parse_qs, unquote

from django.core.exceptions import ImproperlyConfigured

from config import addresses

BACKENDS = "django.core.mail.backends"
WAIT_S = 20
REMEDY = (
    "Use smtp://user:password@host:587?tls=1, smtps://…, file:///folder or console://; "
    "docs/operations/environment.md has examples."
)


def from_url(url: str) -> dict[str, Any]:
    """Return the ``EMAIL_…`` settings for ``url``."""
    parts = addresses.read("EMAIL_URL", url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": f"{BACKENDS}.console.EmailBackend"}
    if parts.scheme == "file" and parts.path:
        folder = unquote(parts.path)
        return {"EMAIL_BACKEND": f"{BACKENDS}.filebased.EmailBackend", "EMAIL_FILE_PATH": folder}
    if parts.scheme in {"smtp", "smtps"} and parts.hostname:
        return _smtp(url)
    raise ImproperlyConfigured(f"EMAIL_URL has the form {parts.scheme or '?'}://…. {REMEDY}")


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
