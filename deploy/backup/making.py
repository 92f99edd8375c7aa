"""Make one backup set: the dump, what was uploaded, and what a new host needs besides.

Whole or not at all, and not before the dump has restored. The plain dump is there only while it is
proven; with a recipient nothing of a finished set but its manifest can be read without the key.
"""

import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backup import database, files, manifests, programs
from backup.errors import BackupError
from backup.facts import Facts, of_site
from backup.files import Digest
from backup.manifests import STAMP, Manifest
from backup.sealing import Seal
from backup.store import Store
from backup.uploads import Uploads

SPARE = 256 * 1024 * 1024
COPIES = 2  # the dump, and beside it the sealed one or the scratch database
Say = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What kind of set is wanted."""

    seal: Seal
    with_secrets: bool = False  # in the clear: only for a copy that goes straight to a new host
    is_proven: bool = True


def make(facts: Facts, store: Store, order: Order, say: Say) -> Manifest:
    """Make a set and return its manifest; raise BackupError and leave nothing."""
    store.prepare()
    ask_for_room(facts, store)
    identity = datetime.now(UTC).strftime(STAMP)
    try:
        with store.new_set(identity) as folder:
            content = _Making(facts, store, order, folder, say).make(identity)
            files.write_json(folder / manifests.NAME, manifests.signed(content))
    except OSError as error:
        raise BackupError(
            f"Nothing was kept of the backup: {error.strerror} ({error.filename})."
        ) from None
    return store.manifest(identity)


def ask_for_room(facts: Facts, store: Store) -> None:
    """Refuse before anything is written when it would not fit; the estimate is a generous one."""
    needed = COPIES * database.size(facts.database) + SPARE
    free = shutil.disk_usage(store.folder).free
    if free < needed:
        raise BackupError(
            f"There is no room for a backup in {store.folder}: {free >> 20} MiB are free, "
            f"{needed >> 20} MiB are wanted. Free some; the earlier backups are untouched."
        )


@dataclass
class _Making:
    facts: Facts
    store: Store
    order: Order
    folder: Path
    say: Say

    def make(self, identity: str) -> dict[str, Any]:
        plain = self.folder / "plain"
        plain.mkdir(mode=0o700)
        dump = plain / "database.dump"
        tables = database.dump(self.facts.database, dump)
        proof = self._prove(dump, tables)
        uploads = self._uploads()  # after the dump: what its rows name is there
        self._write_rest(plain)
        self._write_contents(plain, tables, uploads)
        sealed = {path.name: self._seal(path) for path in sorted(plain.iterdir())}
        files.remove(plain)
        return {
            **self._about(identity),
            "tables": {name: rows for name, (rows, _) in tables.items()},
            "proof": proof,
            "files": {f"{name}{self.order.seal.ending}": facts for name, facts in sealed.items()},
            "objects": uploads.objects,
            "uploads": {"files": len(uploads.entries), "size": uploads.size},
        }

    def _about(self, identity: str) -> dict[str, Any]:
        site = of_site(self.facts.root)
        release = (self.facts.root / "live").readlink().name
        return {
            "id": identity,
            "site": site["name"],
            "branch": site["branch"],
            "host": socket.gethostname(),
            "release": release,
            "commit": _commit(self.facts, str(site["branch"])),
            "postgresql": database.version(self.facts.database),
            "recipient": self.order.seal.recipient,
        }

    def _prove(self, dump: Path, tables: dict[str, database.Table]) -> dict[str, Any]:
        if not self.order.is_proven:
            return {}
        began = datetime.now(UTC)
        database.prove(self.facts.database, dump, tables)
        seconds = round((datetime.now(UTC) - began).total_seconds(), 1)
        rows = sum(count for count, _ in tables.values())
        self.say(f"the dump restores: {len(tables)} tables, {rows} rows, the same contents")
        return {"at": began.isoformat(timespec="seconds"), "seconds": seconds}

    def _uploads(self) -> Uploads:
        uploads = Uploads(self.store, self.order.seal)
        uploads.remember()
        for name in self.facts.folders:
            uploads.take(name, self.facts.root / name)
        uploads.write_index()
        self.say(f"{len(uploads.entries)} uploaded files, {uploads.size} bytes")
        return uploads

    def _write_rest(self, plain: Path) -> None:
        """Add what a new host needs besides; the secrets only where they are sealed."""
        root = self.facts.root
        names = ["ledger.jsonl", "site.toml"]
        names += ["secrets.env"] if self.order.seal.recipient or self.order.with_secrets else []
        for name in names:
            shutil.copyfile(root / name, plain / name)
        bundle = (
            "bundle",
            "create",
            "--quiet",
            plain / "repository.bundle",
            "--branches",
            "--tags",
        )
        programs.run(["git", f"--git-dir={root}/repository.git", *bundle])

    def _write_contents(
        self, plain: Path, tables: dict[str, database.Table], uploads: Uploads
    ) -> None:
        """Say what only the owner of the key shall know, and what a restore is compared with."""
        kept = ("size", "sha256", "object", "modified")
        content = {
            "tables": tables,
            "files": {path.name: _known(files.digest(path)) for path in plain.iterdir()},
            "uploads": {
                name: {key: one[key] for key in kept} for name, one in uploads.entries.items()
            },
        }
        files.write_json(plain / manifests.CONTENTS, content)

    def _seal(self, path: Path) -> dict[str, Any]:
        target = self.folder / f"{path.name}{self.order.seal.ending}"
        sealed = self.order.seal.close(path, target)
        target.chmod(files.PRIVATE)
        with target.open("rb") as file:
            os.fsync(file.fileno())
        return _known(sealed)


def _known(found: Digest) -> dict[str, Any]:
    return {"sha256": found.sha256, "size": found.size}


def _commit(facts: Facts, branch: str) -> str:
    repository = f"--git-dir={facts.root}/repository.git"
    return programs.run(["git", repository, "rev-parse", f"refs/heads/{branch}"]).strip()
