"""Secrets that are shown once: made here, and kept only as their hash.

They have at least 80 bits of chance, so a plain SHA-256 cannot be guessed back and needs no salt.
"""

import secrets
from hashlib import sha256

from django.utils.crypto import salted_hmac

TOKEN_MARK = "studium"  # noqa: S105  lets secret scanners recognise a token that leaked
TOKEN_PREFIX = 12
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without letters that look like another
CODE_LETTERS, CODE_GROUP = 20, 5
FILE_PROOF = 40  # signs of four bits


def new_token() -> str:
    """Return a token: its mark, 12 letters to find it by, and 256 bits of secret."""
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(TOKEN_PREFIX))
    return f"{TOKEN_MARK}_{prefix}_{secrets.token_urlsafe(32)}"


def prefix_of(token: str) -> str:
    return token.removeprefix(f"{TOKEN_MARK}_").partition("_")[0]


def file_key(prefix: str, token_digest: str) -> str:
    """Return what stands in an address in a token's place: it opens files, and nothing else."""
    proof = salted_hmac("a key to files", token_digest, algorithm="sha256").hexdigest()
    return f"{TOKEN_MARK}_{prefix}_{proof[:FILE_PROOF]}"


def new_link() -> str:
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """Return a recovery code of about 99 bits, in groups that can be typed from paper."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    return "-".join(
        letters[start : start + CODE_GROUP] for start in range(0, CODE_LETTERS, CODE_GROUP)
    )


def as_typed(code: str) -> str:
    """Forgive what hands add to a code: spaces, dashes, capitals."""
    return "".join(letter for letter in code.lower() if letter.isalnum())


def digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
