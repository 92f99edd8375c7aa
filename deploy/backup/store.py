"""A folder of backup sets: `sets/ID/…` with a manifest each, and `objects/ab/SHA256`.

Sets share the objects, so that an uploaded file is kept once however often it was backed up.

A set whose folder has no dot in front is finished. An object is named by the checksum of what lies
in it, sealed or not, so that anybody can check it without a key.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from backup import files, manifests
from backup.errors import BackupError, Damaged
from backup.files import Digest
from backup.manifests import ID, OBJECT, Manifest

SHOWN = 3
EVIDENCE = timedelta(days=30)  # for so long somebody may look at a damaged set
Keeps = Callable[[Iterable[datetime]], set[datetime]]


@dataclass(frozen=True)
class Store:
    """The sets of one site in one folder, which its owner alone reads."""

    folder: Path

    @property
    def sets(self) -> Path:
        return self.folder / "sets"

    @property
    def objects(self) -> Path:
        return self.folder / "objects"

    def prepare(self) -> None:
        for place in (self.sets, self.objects):
            files.private_folder(place)
        left_over = (self.objects.glob(pattern) for pattern in ("??/.*.part", ".*.*"))
        for left in [*self.sets.glob(".draft-*"), *(one for found in left_over for one in found)]:
            files.remove(left) if left.is_dir() else left.unlink()

    def ids(self) -> list[str]:
        """Return the finished sets, the newest first."""
        found = self.sets.iterdir() if self.sets.is_dir() else iter(())
        return sorted((one.name for one in found if ID.fullmatch(one.name)), reverse=True)

    def set(self, identity: str) -> Path:
        return self.sets / identity

    def object(self, name: str) -> Path:
        return self.objects / name[:2] / name

    def manifest(self, identity: str) -> Manifest:
        return manifests.read(self.set(identity))

    @contextmanager
    def new_set(self, identity: str) -> Iterator[Path]:
        """Give a folder that becomes the set when the work has succeeded; else it is gone."""
        folder = self.sets / f".draft-{identity}"
        if self.set(identity).exists():
            raise BackupError(f"{identity} exists already: a backup was made in this very second.")
        files.remove(folder)
        folder.mkdir(mode=0o700)
        try:
            yield folder
            files.sync(folder)
            folder.rename(self.set(identity))
            files.sync(self.sets)
        except BaseException:
            files.remove(folder)
            raise

    def add_object(self, draft: Path, found: Digest) -> None:
        place = self.object(found.sha256)
        files.private_folder(place.parent)
        draft.replace(place)

    def has(self, name: str, size: int) -> bool:
        try:
            return self.object(name).stat().st_size == size
        except OSError:
            return False

    # --- checks --------------------------------------------------------------------------------
    def check(self, identity: str) -> Manifest:
        """Read everything of a set again; raise Damaged with what differs."""
        manifest = self.manifest(identity)
        wrong = [name for name, _ in self.bad_files(manifest)]
        known = manifest.objects.items()
        wrong += [f"upload {name[:12]}" for name, size in known if self._is_bad(name, size)]
        if wrong:
            raise Damaged(f"{identity} is not what was written: {_first(wrong)}.")
        return manifest

    def damages(self) -> dict[str, str]:
        """Return what is wrong with which set; bad objects were set aside before."""
        return {one: said for one in self.ids() if (said := self._said(one))}

    def _said(self, identity: str) -> str:
        try:
            manifest = self.manifest(identity)
        except Damaged as error:
            return str(error)
        wrong = [name for name, _ in self.bad_files(manifest)]
        missing = len(self.missing_objects(manifest))
        wrong += [f"{missing} uploaded files"] if missing else []
        return f"not what was written: {_first(wrong)}" if wrong else ""

    def bad_files(self, manifest: Manifest) -> list[tuple[str, Digest]]:
        place = self.set(manifest.id)
        known = manifest.files.items()
        return [(name, one) for name, one in known if _digest_or_none(place / name) != one]

    def missing_objects(self, manifest: Manifest) -> list[Digest]:
        known = manifest.objects.items()
        return [Digest(name, size) for name, size in known if not self.has(name, size)]

    def set_bad_objects_aside(self) -> list[str]:
        """Read every object; a bad one gets another name, so that it is stored or fetched anew."""
        bad = [
            place
            for place in self.objects.glob("??/*")
            if OBJECT.fullmatch(place.name) and self._is_bad(place.name, place.stat().st_size)
        ]
        for place in bad:
            place.replace(place.with_name(f"damaged-{place.name}"))
        return [place.name for place in bad]

    def _is_bad(self, name: str, size: int) -> bool:
        return _digest_or_none(self.object(name)) != Digest(name, size)

    # --- age -----------------------------------------------------------------------------------
    def prune(self, keeps: Keeps, damaged: Iterable[str], now: datetime) -> list[str]:
        """Remove what the rule does not keep; a damaged set never stands in for a whole one."""
        broken = {one for one in damaged if now - manifests.made(one) <= EVIDENCE}
        whole = {manifests.made(one): one for one in self.ids() if one not in set(damaged)}
        stay = {whole[at] for at in keeps(whole)} | broken | set(list(whole.values())[:1])
        gone = [one for one in self.ids() if one not in stay]
        for one in gone:
            files.remove(self.set(one))
        self._forget_objects()
        return gone

    def _forget_objects(self) -> None:
        """Remove the objects that no set names; as long as one cannot say, all of them stay."""
        try:
            named = {name for one in self.ids() for name in self.manifest(one).objects}
        except Damaged:
            return
        for place in self.objects.glob("??/*"):
            if OBJECT.fullmatch(place.name) and place.name not in named:
                place.unlink()


def _first(wrong: list[str]) -> str:
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return ", ".join(wrong[:SHOWN]) + more


def _digest_or_none(path: Path) -> Digest | None:
    try:
        return files.digest(path)
    except OSError:
        return None
