"""Where files that never change lie, by their SHA-256: in a folder of the site."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from experiments.errors import FileGone

CHUNK = 2**20


def keep(content: BinaryIO) -> tuple[str, int]:
    """Store a file; return its SHA-256 and its size. What is there already stays as it is."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            digest, size = _copied(content, file)
        path = place(digest)
        path.parent.mkdir(exist_ok=True)
        Path(name).chmod(0o640)
        Path(name).replace(path)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
    return digest, size


def _copied(source: BinaryIO, target: BinaryIO) -> tuple[str, int]:
    found, size = sha256(), 0
    for chunk in _chunks(source):
        found.update(chunk)
        size += target.write(chunk)
    target.flush()
    os.fsync(target.fileno())
    return found.hexdigest(), size


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def here(digest: str) -> Path:
    """Return the path of a stored file.

    Raises
    ------
    FileGone
        It is not there.
    """
    path = place(digest)
    if not path.is_file():
        raise FileGone
    return path


def below_media(digest: str) -> str:
    """Return the path of a stored file below the media folder, for a web server that sends it."""
    return str(here(digest).relative_to(settings.MEDIA_ROOT))


def place(digest: str) -> Path:
    return _folder() / digest[:2] / digest


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "assets"
