"""Where the files of pilot maps lie: below the media folder, by their SHA-256.

A file is there whole or not at all; the same map twice takes its room once.
"""

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from planning.errors import MapGone, NoRoom, NotAMap

LARGEST = 1_000_000_000  # bytes
FULL = {errno.ENOSPC, errno.EDQUOT}


def keep(pieces: Iterable[bytes]) -> tuple[str, int]:
    """Store a file that comes in pieces; return its SHA-256 and its size in bytes.

    Raises
    ------
    NotAMap
        It is empty, or larger than `LARGEST`; nothing is kept.
    NoRoom
        The disk is full; nothing is kept.
    """
    with _new() as (file, new):
        digest, size = _written(file, pieces)
        target = place(digest)
        target.parent.mkdir(exist_ok=True)
        new.replace(target)
    return digest, size


@contextmanager
def _new() -> Iterator[tuple[BinaryIO, Path]]:
    """Open a file that nobody looks for, and that is gone afterwards unless it was moved."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
    new = Path(name)
    try:
        new.chmod(0o640)
        with os.fdopen(handle, "wb") as file:
            yield file, new
    except OSError as error:
        if error.errno in FULL:
            raise NoRoom from None
        raise
    finally:
        with suppress(FileNotFoundError):
            new.unlink()


def _written(file: BinaryIO, pieces: Iterable[bytes]) -> tuple[str, int]:
    found, size = sha256(), 0
    for piece in pieces:
        size += len(piece)
        if size > LARGEST:
            raise NotAMap(f"The file is larger than {LARGEST // 10**6:,} MB.")
        found.update(piece)
        file.write(piece)
    if not size:
        raise NotAMap("The file is empty.")
    file.flush()
    os.fsync(file.fileno())
    return found.hexdigest(), size


def read(digest: str) -> bytes:
    """Return a stored file.

    Raises
    ------
    MapGone
        It was deleted.
    """
    try:
        return place(digest).read_bytes()
    except FileNotFoundError:
        raise MapGone from None


def keep_beside(digest: str, name: str, content: bytes) -> None:
    """Store something that was made of a file, to be there as long as it is wanted."""
    with _new() as (file, new):
        file.write(content)
        file.flush()
        new.replace(_beside(digest, name))


def read_beside(digest: str, name: str) -> bytes | None:
    """Return what was made of a file; nothing where it is not there."""
    try:
        return _beside(digest, name).read_bytes()
    except FileNotFoundError:
        return None


def _beside(digest: str, name: str) -> Path:
    return place(digest).with_name(f"{digest}.{name}")


def remove(digest: str) -> None:
    """Delete a file that no map needs any more, with all that was made of it."""
    for path in (place(digest), *place(digest).parent.glob(f"{digest}.*")):
        with suppress(FileNotFoundError):
            path.unlink()


def place(digest: str) -> Path:
    """Return where the file with this digest lies, if it does."""
    return _folder() / digest[:2] / digest


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "planning"
