"""Uploaded files: each content is stored once, sealed once, and found again by its checksum.

The index remembers, by size and time of change, which object a file has become, so that a night's
work is only what is new. It stays on the host, where the files themselves lie in the clear.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backup import files
from backup.files import Digest
from backup.sealing import Seal
from backup.store import Store

Entry = dict[str, Any]


@dataclass
class Uploads:
    """Takes the files of some folders into the store's objects."""

    store: Store
    seal: Seal
    entries: dict[str, Entry] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    _known: Mapping[str, Entry] = field(default_factory=dict)
    _by_content: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def _index(self) -> Path:
        return self.store.folder / "index.json"

    def remember(self) -> None:
        """Read what an earlier backup for the same recipient has stored."""
        index = files.read_json(self._index)
        if index.get("recipient") == self.seal.recipient:
            self._known = index.get("entries", {})
        for one in self._known.values():
            self._by_content[one["sha256"]] = (one["object"], one["stored"])

    def take(self, name: str, folder: Path) -> None:
        """Take in every file below the folder; what vanishes meanwhile is left out."""
        for path, state in _files(folder):
            try:
                entry = self._entry(f"{name}/{path.relative_to(folder)}", path, state)
            except FileNotFoundError:
                continue
            self.entries[f"{name}/{path.relative_to(folder)}"] = entry
            self.objects[entry["object"]] = entry["stored"]

    def write_index(self) -> None:
        content = {"recipient": self.seal.recipient, "entries": self.entries}
        files.write_json(self._index, content)

    @property
    def size(self) -> int:
        return sum(one["size"] for one in self.entries.values())

    def _entry(self, name: str, path: Path, state: os.stat_result) -> Entry:
        known = self._known.get(name)
        marks = [state.st_size, state.st_mtime_ns, state.st_ctime_ns]
        if known and known["marks"] == marks and self.store.has(known["object"], known["stored"]):
            return dict(known)
        plain, stored = self._stored(path)
        return {
            "size": plain.size,
            "sha256": plain.sha256,
            "object": stored.sha256,
            "stored": stored.size,
            "modified": state.st_mtime_ns,
            "marks": marks,
        }

    def _stored(self, path: Path) -> tuple[Digest, Digest]:
        """Copy first, since a file may change while it is read; then seal what was copied."""
        files.private_folder(self.store.objects)
        draft = self.store.objects / f".{os.getpid()}.plain"
        try:
            with _opened(path) as source, draft.open("wb") as target:
                plain = files.copied(source, target)
            return plain, self._add(draft, plain)
        finally:
            draft.unlink(missing_ok=True)

    def _add(self, draft: Path, plain: Digest) -> Digest:
        name, size = self._by_content.get(plain.sha256, ("", 0))
        if name and self.store.has(name, size):
            return Digest(name, size)
        sealed = draft.with_suffix(".sealed")
        try:
            stored = self.seal.close(draft, sealed)
            with sealed.open("rb") as file:
                os.fsync(file.fileno())
            self.store.add_object(sealed, stored)
        finally:
            sealed.unlink(missing_ok=True)
        self._by_content[plain.sha256] = (stored.sha256, stored.size)
        return stored


def _opened(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield regular files; links are never followed out of the folder."""
    for place, names, found in os.walk(folder, onerror=_raise):
        names.sort()
        for name in sorted(found):
            path = Path(place, name)
            state = path.lstat()
            if stat.S_ISREG(state.st_mode):
                yield path, state


def _raise(error: OSError) -> None:
    """Refuse to leave a folder out in silence because it cannot be read."""
    if not isinstance(error, FileNotFoundError):
        raise error
