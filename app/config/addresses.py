"""Read the addresses among the settings; what cannot be read is never repeated, it is a secret."""

from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

ESCAPES = (
    "Write / ? # @ : [ ] and % inside of a password as %2F %3F %23 %40 %3A %5B %5D and %25; "
    "docs/operations/environment.md has examples."
)


def read(name: str, url: str) -> SplitResult:
    """Return the parts of ``url``; refuse one whose password would be taken for something else."""
    try:
        parts = urlsplit(url)
        readable = parts.port is None or parts.port > 0
    except ValueError:  # its words hold a piece of the password
        readable = False
    if not readable or parts.fragment or "@" in f"{parts.path}{parts.query}":
        raise ImproperlyConfigured(f"{name} cannot be read as an address. {ESCAPES}")
    return parts
