"""Carry a set from one store to another as a stream, checked on arrival.

`send` writes a tar archive: the manifest first, then the files, then the uploads that the other
side lacks. `receive` takes only names and contents that the manifest announces.
"""

import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from backup import files, manifests
from backup.errors import Damaged
from backup.files import Digest
from backup.manifests import Manifest
from backup.store import Store

LONGEST_MANIFEST = 64 * 1024 * 1024


def send(store: Store, identity: str, present: Iterable[str], out: IO[bytes]) -> None:
    """Write the set to the stream, without the objects that are present over there."""
    manifest, there = store.manifest(identity), set(present)
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT) as stream:
        for name in (manifests.NAME, *manifest.files):
            stream.add(store.set(identity) / name, name, recursive=False)
        for name in manifest.objects:
            if name not in there:
                stream.add(store.object(name), name, recursive=False)


def present(store: Store) -> list[str]:
    """Return the objects that are here."""
    return [place.name for place in store.objects.glob("??/*") if len(place.name) == 64]  # noqa: PLR2004  SHA-256


def receive(store: Store, source: IO[bytes]) -> Manifest:
    """Take a set from the stream, whole and checked, or nothing of it."""
    store.prepare()
    try:
        with tarfile.open(fileobj=source, mode="r|") as stream:
            content = _first(stream)
            manifest = manifests.parse(content, "the set that arrives")
            if manifest.id in store.ids():
                files.remove(store.set(manifest.id))
            _take(store, manifest, content, stream)
    except (tarfile.TarError, EOFError) as error:
        raise Damaged(f"The stream was cut off: {error}.") from None
    return store.check(manifest.id)


def _first(stream: tarfile.TarFile) -> bytes:
    member = stream.next()
    file = stream.extractfile(member) if member else None
    if member is None or file is None or member.name != manifests.NAME:
        raise Damaged("The stream does not begin with a manifest.")
    if member.size > LONGEST_MANIFEST:
        raise Damaged(f"{member.size} bytes are no manifest.")
    return file.read()


def _take(store: Store, manifest: Manifest, content: bytes, stream: tarfile.TarFile) -> None:
    known = manifest.files | {name: Digest(name, size) for name, size in manifest.objects.items()}
    with store.new_set(manifest.id) as folder:
        while member := stream.next():
            file = stream.extractfile(member) if member.isreg() else None
            if file is None or member.name not in known:
                raise Damaged(f"{member.name!r} was not announced.")
            target = folder / member.name
            if member.name in manifest.objects:
                target = store.object(member.name)
            _write(target, file, known[member.name])
        files.write(folder / manifests.NAME, content)


def _write(target: Path, file: IO[bytes], known: Digest) -> None:
    files.private_folder(target.parent)
    with files.draft(target) as draft, draft.open("wb") as place:
        if files.copied(file, place) != known:
            raise Damaged(f"{target.name} arrived with another checksum.")
