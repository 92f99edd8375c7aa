"""The facts of a host that is backed up: /etc/studium/backup.toml, written by Ansible."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from backup.errors import Refused

FILE = Path("/etc/studium/backup.toml")


@dataclass(frozen=True)
class Facts:
    """Where everything lies on this host, for whom backups are sealed, how long they stay."""

    recipient: str = ""
    keep_days: int = 30
    copies: tuple[str, ...] = ()
    database: str = "studium"
    root: Path = Path("/srv/studium")
    folder: Path = Path("/var/backups/studium")
    report: Path = Path("/var/lib/studium-backup/report.json")
    folders: tuple[str, ...] = field(default=("media", "jobs"))

    @property
    def copied(self) -> Path:
        """Return the file in which the gate notes what another host holds."""
        return self.report.with_name("copies.json")


def load(file: Path = FILE) -> Facts:
    try:
        given = tomllib.loads(file.read_text())
        return Facts(
            recipient=str(given.get("recipient", "")),
            keep_days=int(given.get("keep_days", Facts.keep_days)),
            copies=tuple(map(str, given.get("copies", ()))),
        )
    except (OSError, ValueError, TypeError) as error:
        raise Refused(f"{file} cannot be read ({error}). Provision the host again.") from None


def of_site(root: Path) -> dict[str, object]:
    """Return the facts of the site itself, as Ansible wrote them."""
    return tomllib.loads((root / "site.toml").read_text())
