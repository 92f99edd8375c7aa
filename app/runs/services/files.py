"""Files that are there whole or not at all, whatever ends the process that writes them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Write beside ``path``, and take its place once every byte is on the disk."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            on_disk(file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    settle(path.parent)


def on_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def settle(folder: Path) -> None:
    """Let the names in a folder reach the disk, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
