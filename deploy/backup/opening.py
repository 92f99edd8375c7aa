"""Open a set: decrypted where it was sealed, and everything compared with what was backed up."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backup import database, files, manifests, sealing
from backup.errors import Damaged, Refused
from backup.files import Digest
from backup.manifests import Manifest
from backup.store import Store


@dataclass(frozen=True)
class Opened:
    """The plain content of a set in a folder that root alone reads."""

    folder: Path
    manifest: Manifest
    contents: Mapping[str, Any]

    @property
    def tables(self) -> dict[str, database.Table]:
        found = self.contents["tables"].items()
        return {name: (int(rows), str(total)) for name, (rows, total) in found}

    @property
    def uploads(self) -> dict[str, dict[str, Any]]:
        """Return the uploads by their path, which begins with the name of their folder."""
        return dict(self.contents["uploads"])

    def file(self, name: str) -> Path | None:
        path = self.folder / name
        return path if path.exists() else None


def open_set(store: Store, manifest: Manifest, key: Path | None, folder: Path) -> Opened:
    """Decrypt the set's own files into the folder; the uploads follow one by one."""
    if manifest.recipient and key is None:
        raise Refused(
            f"{manifest.id} is encrypted to {manifest.recipient}. Bring the key that belongs to it."
        )
    place = store.set(manifest.id)
    for name in manifest.files:
        sealing.opened(place / name, folder / name.removesuffix(sealing.ENDING), key)
    contents = json.loads((folder / manifests.CONTENTS).read_bytes())
    for name, known in contents["files"].items():
        if files.digest(folder / name) != Digest(known["sha256"], known["size"]):
            raise Damaged(f"{name} of {manifest.id} is not what was backed up.")
    return Opened(folder, manifest, contents)


def bring_upload(store: Store, one: Mapping[str, Any], target: Path, key: Path | None) -> None:
    """Write an upload's plain content to its place, compared with what was backed up."""
    found = sealing.opened(store.object(str(one["object"])), target, key)
    if found != Digest(str(one["sha256"]), int(one["size"])):
        raise Damaged(f"{target.name} is not what was backed up.")


def checked_path(root: Path, name: str) -> Path:
    """Return where an upload belongs; a name that leads out of the folder is refused."""
    parts = Path(name).parts
    if Path(name).is_absolute() or ".." in parts or len(parts) < 2:  # noqa: PLR2004  folder and name
        raise Damaged(f"{name!r} is no place for an upload.")
    return root / name
