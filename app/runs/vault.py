"""Sealing what tells who somebody is: AES-256-GCM under a key that only the site's secrets hold.

What is sealed says what it is about, and opens for that alone: moved to another row, it does not.
The form is ``1.NAME.TEXT``: the version, the name of the key (8 hexadecimal digits, made of it),
and nonce, ciphertext and tag in URL-safe Base64. See NIST SP 800-38D for AES-GCM.
"""

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from runs.errors import CannotOpen, NoIdentityKey

NONCE_BYTES = 12
VERSION = "1"


def _keys() -> list[str]:
    found = [key for key in settings.IDENTITY_KEYS if key]
    if not found:
        raise NoIdentityKey
    return found


def is_ready() -> bool:
    return any(settings.IDENTITY_KEYS)


def _made_of(key: str, purpose: str) -> bytes:
    return hmac.digest(key.encode(), f"studium identity {purpose}".encode(), "sha256")


def _name(key: str) -> str:
    return _made_of(key, "name").hex()[:8]


def key_name() -> str:
    """Return the name of the key that seals now."""
    return _name(_keys()[0])


def seal(facts: Mapping[str, Any], about: str) -> str:
    """Return facts as nobody without the key can read them, bound to what they are ``about``."""
    key, nonce = _keys()[0], secrets.token_bytes(NONCE_BYTES)
    plain = json.dumps(facts, ensure_ascii=False).encode()
    closed = nonce + AESGCM(_made_of(key, "seal")).encrypt(nonce, plain, about.encode())
    return f"{VERSION}.{_name(key)}.{urlsafe_b64encode(closed).decode()}"


def opened(sealed: str, about: str) -> dict[str, Any]:
    """Return the facts that were sealed.

    Raises
    ------
    CannotOpen
        The key is gone, or it was changed, or it is about something else.
    """
    _, name, text = sealed.split(".")
    for key in _keys():
        if _name(key) == name:
            closed = urlsafe_b64decode(text)
            nonce, rest = closed[:NONCE_BYTES], closed[NONCE_BYTES:]
            try:
                plain = AESGCM(_made_of(key, "seal")).decrypt(nonce, rest, about.encode())
            except InvalidTag:
                raise CannotOpen("It was changed, or moved here from elsewhere.") from None
            found: dict[str, Any] = json.loads(plain)
            return found
    raise CannotOpen(f"The key {name} is not among the site's secrets.")


def fingerprint(text: str, about: str) -> str:
    """Return what can be compared and not guessed back, which a plain hash of an address could."""
    return _fingerprint(_keys()[0], text, about)


def fingerprints(text: str, about: str) -> list[str]:
    """Return the fingerprint under each key: while keys change, either may be stored."""
    return [_fingerprint(key, text, about) for key in _keys()]


def _fingerprint(key: str, text: str, about: str) -> str:
    return hmac.digest(_made_of(key, f"compare {about}"), text.encode(), "sha256").hex()


def one_address(address: str) -> str:
    """Return an e-mail address in the one spelling that is compared."""
    return address.strip().casefold()
