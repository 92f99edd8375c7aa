"""What a host of a site is like just now: for plans, and to compare two hosts before a move."""

import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backup import database, programs
from backup.errors import BackupError
from backup.facts import Facts, of_site

POSTGRES = "postgres"


@dataclass(frozen=True)
class Holds:
    """What a host holds that a restore would write over."""

    tables: int
    uploads: int
    live: str
    branch: str
    ledger: int

    @property
    def said(self) -> list[str]:
        told = {
            f"{self.tables} tables": self.tables,
            f"{self.uploads} uploaded files": self.uploads,
            f"the live release {self.live}": self.live,
            f"a branch at {self.branch[:12]}": self.branch,
            f"{self.ledger} rows of a ledger": self.ledger,
        }
        return [words for words, number in told.items() if number]


def holds(facts: Facts) -> Holds:
    site, live = of_site(facts.root), facts.root / "live"
    ledger = facts.root / "ledger.jsonl"
    return Holds(
        tables=len(database.tables(facts.database, POSTGRES)),
        uploads=sum(_count(facts.root / name) for name in facts.folders),
        live=live.readlink().name if live.is_symlink() else "",
        branch=commit_of(facts.root, str(site["branch"])),
        ledger=ledger.read_bytes().count(b"\n") if ledger.exists() else 0,
    )


def commit_of(root: Path, branch: str) -> str:
    words = ["git", f"--git-dir={root}/repository.git", "rev-parse", "--verify", "--quiet"]
    try:
        return programs.run([*words, f"refs/heads/{branch}"]).strip()
    except BackupError:
        return ""


def _count(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file())


def described(facts: Facts) -> dict[str, Any]:
    """Return everything that two hosts are compared by."""
    site, here = of_site(facts.root), holds(facts)
    networks = Path("/etc/studium/networks.nft")
    return {
        "host": socket.gethostname(),
        "site": site["name"],
        "branch": site["branch"],
        "names": site["hosts"],
        "url": site["url"],
        "time": time.time(),
        "postgresql": database.version(facts.database, POSTGRES),
        "database": database.size(facts.database, POSTGRES),
        "uploads": sum(_size(facts.root / name) for name in facts.folders),
        "free": shutil.disk_usage(facts.root).free,
        "free_for_backups": shutil.disk_usage(facts.folder).free,
        "networks": networks.read_text() if networks.exists() else "",
        "holds": here.said,
        "live": here.live,
        "commit": here.branch,
        "certificate": _certificate(),
    }


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _certificate() -> str:
    """Return the end of the certificate's life and its names; empty when it cannot be read."""
    flags = ("-noout", "-enddate", "-ext", "subjectAltName")
    try:
        return programs.run(["openssl", "x509", "-in", "/etc/studium/tls/site.pem", *flags])
    except BackupError:
        return ""
