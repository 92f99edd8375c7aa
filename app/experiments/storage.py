"""Where files that never change lie, by their SHA-256: in a folder, and in a bucket if any.

With a bucket the folder holds copies: what a host does not have it fetches, and what is deleted
from the folder comes back when it is asked for.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from experiments import buckets
from experiments.errors import FileGone, StorageSilent

CHUNK = 2**20


def keep(content: BinaryIO) -> tuple[str, int]:
    """Store a file; return its SHA-256 and its size. What is there already stays as it is.

    Raises
    ------
    StorageSilent
        The bucket does not take it.
    """
    with _new() as (file, path):
        digest, size = _copied(content, file)
        _settle(path, digest)
    store = buckets.bucket()
    if store:
        buckets.put(store, _key(digest), place(digest))
    return digest, size


@contextmanager
def _new() -> Iterator[tuple[BinaryIO, Path]]:
    """Open a file that nobody looks for, and that is gone afterwards unless it was moved."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, Path(name)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _settle(new: Path, digest: str) -> None:
    path = place(digest)
    path.parent.mkdir(exist_ok=True)
    new.chmod(0o640)
    new.replace(path)


def _copied(source: BinaryIO, target: BinaryIO) -> tuple[str, int]:
    found, size = sha256(), 0
    while chunk := source.read(CHUNK):
        found.update(chunk)
        size += target.write(chunk)
    _down(target)
    return found.hexdigest(), size


def _down(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def here(digest: str) -> Path:
    """Return the path of a stored file; it is fetched when this host does not have it.

    Raises
    ------
    FileGone, StorageSilent
        It is not there, or its bucket does not answer.
    """
    path = place(digest)
    if path.is_file():
        return path
    store = buckets.bucket()
    if store is None:
        raise FileGone
    with _new() as (file, new):
        if not buckets.fetch(store, _key(digest), file):
            raise FileGone
        _down(file)
        _is_it(new, digest)
        _settle(new, digest)
    return path


def _is_it(new: Path, digest: str) -> None:
    """Hold what came against its name: a store may be cut off, or spoilt."""
    with new.open("rb") as file:
        found = sha256()
        while chunk := file.read(CHUNK):
            found.update(chunk)
    if found.hexdigest() != digest:
        raise StorageSilent(f"The store sent another file than {digest[:12]}.")


def below_media(digest: str) -> str:
    """Return the path of a stored file below the media folder, for a web server that sends it."""
    return str(here(digest).relative_to(settings.MEDIA_ROOT))


def place(digest: str) -> Path:
    return _folder() / digest[:2] / digest


def _key(digest: str) -> str:
    return f"assets/{digest}"


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "assets"
