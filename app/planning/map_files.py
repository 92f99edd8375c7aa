"""Where the files of pilot maps lie: below the media folder, by their SHA-256.

A file is there whole or not at all; the same map twice takes its room once.
"""

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from planning.errors import MapGone, NotAMap

LARGEST = 1_000_000_000  # bytes


def keep(pieces: Iterable[bytes]) -> tuple[str, int]:
    """Store a file that comes in pieces; return its SHA-256 and its size in bytes.

    Raises
    ------
    NotAMap
        It is empty, or larger than `LARGEST`; nothing is kept.
    """
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        digest, size = _written(handle, pieces)
        target = place(digest)
        target.parent.mkdir(exist_ok=True)
        Path(name).chmod(0o640)
        Path(name).replace(target)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
    return digest, size


def _written(handle: int, pieces: Iterable[bytes]) -> tuple[str, int]:
    found, size = sha256(), 0
    with os.fdopen(handle, "wb") as file:
        for piece in pieces:
            size += len(piece)
            if size > LARGEST:
                raise NotAMap(f"The file is larger than {LARGEST // 10**6:,} MB.")
            found.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    if not size:
        raise NotAMap("The file is empty.")
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
    handle, new = tempfile.mkstemp(dir=_folder(), prefix=".new-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(new).chmod(0o640)
    Path(new).replace(_beside(digest, name))


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
