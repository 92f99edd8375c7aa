"""Read settings from the environment and from the site's secrets file.

The secrets file is read into a dictionary of our own and never into ``os.environ``, so that no
child process, process list or traceback of the environment shows a secret.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

SECRET = ("STUDIUM_SECRET_KEY", "DATABASE_URL", "CACHE_URL", "EMAIL_URL", "SENTRY_DSN",
          "BROKER_URL", "STUDIUM_S3_SECRET_KEY", "STUDIUM_IDENTITY_KEY",
          "STUDIUM_IDENTITY_OLD_KEY", "MAILGUN_KEY", "RDS_PASSWORD",
          "AWS_SECRET_ACCESS_KEY")  # fmt: skip
# The names that the description of neuropower-web gives the same things.
ALIASES = {
    "STUDIUM_S3_ACCESS_KEY": "AWS_ACCESS_KEY_ID",
    "STUDIUM_S3_SECRET_KEY": "AWS_SECRET_ACCESS_KEY",
    "STUDIUM_S3_REGION": "AWS_S3_REGION",
    "STUDIUM_BATCH_BUCKET": "AWS_STORAGE_BUCKET_NAME",
    "STUDIUM_BATCH_DEFINITION": "AWS_BATCH_JOB_DEFINITION",
    "STUDIUM_BATCH_REGION": "AWS_DEFAULT_REGION",
}
ACCOUNT = "STUDIUM_RECRUITER_"  # each: an address, and the key that opens it
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def parse(content: str) -> dict[str, str]:
    """Return the ``NAME=value`` pairs of a secrets file, without blank and ``#`` lines."""
    lines = (line.strip() for line in content.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): _unquoted(value.strip()) for name, _, value in pairs}


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _parts(account: str) -> list[str]:
    """Return what is secret of an account: its key, and the halves of a key that has two."""
    _, _, key = account.partition(" ")
    return [word for word in (key.strip(), key.strip().partition(":")[2]) if word]


class Environment:
    """The variables that a site was given: the process's own first, then its secrets file."""

    def __init__(self, process: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        self._process, self._secrets = process, secrets

    def text(self, name: str, default: str = "") -> str:
        """Return a variable, or the one that means the same by another name."""
        names = [name, ALIASES[name]] if name in ALIASES else [name]
        found = (each.get(name) for name in names for each in (self._process, self._secrets))
        return next((value for value in found if value), default)

    def secret_values(self) -> list[str]:
        """Return every secret that the site was given, for redaction by value."""
        given = [self.text(name) for name in SECRET]
        values = {value for value in [*given, *self._secrets.values()] if value}
        keys = {word for value in self.named(ACCOUNT).values() for word in _parts(value)}
        return sorted(values | keys)

    def named(self, beginning: str) -> dict[str, str]:
        """Return all variables whose names begin so, by what follows."""
        both = {**self._secrets, **self._process}
        found = {name: value for name, value in both.items() if name.startswith(beginning)}
        return {name.removeprefix(beginning): value for name, value in found.items() if value}

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise ImproperlyConfigured(
                f"{name} is not set. Add it to the site's secrets file or its environment; "
                "docs/operations/environment.md says what it is for."
            )
        return value

    def pair(self, public: str, secret: str) -> dict[str, str]:
        """Return both halves of a key by boto3's names for them; nothing when one is missing."""
        halves = {
            "aws_access_key_id": self.text(public),
            "aws_secret_access_key": self.text(secret),
        }
        return halves if all(halves.values()) else {}

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.text(name, "1" if default else "0").lower()
        if value not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{name} is {value!r}; write 1 or 0.")
        return value in TRUE

    def integer(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        try:
            return int(value)
        except ValueError:
            raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number.") from None

    def path(self, name: str, default: Path) -> Path:
        return Path(self.text(name, str(default)))

    def words(self, name: str, default: str = "") -> list[str]:
        return [word for word in self.text(name, default).replace(",", " ").split() if word]


def of_process() -> Environment:
    """Return the environment of this process, with the secrets file that it names."""
    file = os.environ.get("STUDIUM_SECRETS")
    return Environment(os.environ, _read(Path(file)) if file else {})


def _read(file: Path) -> dict[str, str]:
    try:
        return parse(file.read_text())
    except OSError as error:
        raise ImproperlyConfigured(
            f"STUDIUM_SECRETS names {file}, which cannot be read ({error.strerror}). "
            "`make configure` writes it; its owner must be the user that runs the site."
        ) from None
