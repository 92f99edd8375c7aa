"""Keep secrets out of what is shown and written: by their value, wherever it appears."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

SHORTEST = 6  # shorter values would blot out ordinary words


@dataclass(frozen=True)
class Redaction:
    """Replaces each known secret by its name."""

    names: tuple[tuple[str, str], ...] = ()  # (value, what stands for it), the longest first

    def __call__(self, text: str) -> str:
        for value, name in self.names:
            text = text.replace(value, name)
        return text


def of_file(path: Path) -> Redaction:
    """Return the redaction of a secrets file, passwords inside addresses included."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return Redaction()
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name and not name.startswith("#"):
            found |= dict.fromkeys(_parts(value.strip().strip("'\"")), f"[{name}]")
    return Redaction(tuple(sorted(found.items(), key=lambda pair: -len(pair[0]))))


def _parts(value: str) -> set[str]:
    parts = {value}
    with suppress(ValueError):  # an address that cannot be read is a secret as a whole
        password = urlsplit(value).password or ""
        parts |= {password, unquote(password), quote(password, safe="")}
    return {part for part in parts if len(part) >= SHORTEST}
