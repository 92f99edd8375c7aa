"""Files: written whole or not at all, by their checksums, and removed without a trace of a path."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

CHUNK = 1024 * 1024
PRIVATE = 0o600


@dataclass(frozen=True)
class Digest:
    """What a file's content is known by."""

    sha256: str
    size: int


def digest(path: Path) -> Digest:
    with path.open("rb") as file:
        return copied(file, None)


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


def copied(source: Readable, target: IO[bytes] | None, limit: int | None = None) -> Digest:
    """Read to the end, or so many bytes; write them on when there is a target."""
    found, size = hashlib.sha256(), 0
    while limit is None or size < limit:
        chunk = source.read(CHUNK if limit is None else min(CHUNK, limit - size))
        if not chunk:
            break
        found.update(chunk)
        size += len(chunk)
        if target:
            target.write(chunk)
    return Digest(found.hexdigest(), size)


@contextmanager
def draft(target: Path) -> Iterator[Path]:
    """Give a path beside the target; it becomes the target when the work has succeeded."""
    path = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, PRIVATE))
        yield path
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.replace(target)
    except BaseException:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def write(path: Path, content: str | bytes, mode: int = PRIVATE) -> None:
    with draft(path) as place:
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        place.chmod(mode)


def write_json(path: Path, content: Any, mode: int = PRIVATE) -> None:
    write(path, json.dumps(content, indent=1, sort_keys=True) + "\n", mode)


def read_json(path: Path) -> dict[str, Any]:
    """Return what stands in the file; nothing when it is not there or is no JSON."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def private_folder(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def sync(folder: Path) -> None:
    """See that the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
