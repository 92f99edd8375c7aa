"""When the certificate that visitors are shown ends: asked of the front, as a visitor would."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from threading import Thread
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache

ALARM = timedelta(days=14)
LIMIT_S = 2.0
ASKED_EVERY_S = 600
SEQUENCE, UTC_TIME, LONG = 0x30, 0x17, 0x80


def ends() -> datetime | None:
    """Return when it ends; None for a site without one. Raise OSError when nobody answers."""
    address = urlsplit(settings.SITE_URL)
    if address.scheme != "https" or not address.hostname:
        return None
    key = f"ops.certificate.{address.netloc}"
    known: datetime | str | None = cache.get(key)
    if known is None:
        known = _end_or_reason(address.hostname, address.port or 443)
        cache.set(key, known, ASKED_EVERY_S)
    if isinstance(known, str):
        raise ConnectionError(known)
    return known


def _end_or_reason(host: str, port: int) -> datetime | str:
    """Return why nobody was reached as well: whoever asks next shall not wait for it again.

    It is asked in a thread, since no limit ends the search for a name that no resolver answers.
    """
    found: list[datetime | str] = []
    asking = Thread(target=lambda: found.append(_asked(host, port)), daemon=True)
    asking.start()
    asking.join(2 * LIMIT_S)
    return found[0] if found else TimeoutError.__name__


def _asked(host: str, port: int) -> datetime | str:
    try:
        return end_of(_shown_by(host, port))
    except (OSError, ValueError, IndexError) as error:  # also what is no certificate
        return type(error).__name__


def _shown_by(host: str, port: int) -> bytes:
    """Return the certificate as it is; whether it is trusted is for browsers to say."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), LIMIT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        return connection.getpeercert(binary_form=True) or b""


def end_of(certificate: bytes) -> datetime:
    """Read the end of validity: Certificate > tbsCertificate > … > validity > notAfter."""
    body = _parts(_parts(certificate)[0][1])[0][1]
    fields = [content for kind, content in _parts(body) if kind == SEQUENCE]
    kind, text = _parts(fields[2])[1]  # after the algorithm and the issuer
    form = "%y%m%d%H%M%SZ" if kind == UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(text.decode("ascii"), form).replace(tzinfo=UTC)


def _parts(der: bytes) -> list[tuple[int, bytes]]:
    """Part DER into its elements: kind and content of each."""
    found, at = [], 0
    while at < len(der):
        kind, length, at = der[at], der[at + 1], at + 2
        if length & LONG:
            size = length & ~LONG
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        found.append((kind, der[at : at + length]))
        at += length
    return found
