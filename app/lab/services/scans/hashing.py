"""Whether a file's content is what its dataset's hash says."""

import hashlib
import os
from collections.abc import Callable
from enum import Enum
from pathlib import Path

PIECE = 4 * 1024 * 1024
BY_LENGTH = {32: "md5", 40: "sha1", 64: "sha256"}


class Verdict(Enum):
    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"  # a hash of another sort, or a file that changed while it was read
    UNREADABLE = "unreadable"


def verdict(path: Path, expected: str, *, still: Callable[[int], None]) -> Verdict:
    """Read a file and compare; ``still`` is called with the bytes of each piece, and may raise."""
    kind = BY_LENGTH.get(len(expected))
    if kind is None:
        return Verdict.UNKNOWN
    made = hashlib.new(kind, usedforsecurity=False)
    try:
        with path.open("rb") as stream:
            before = os.fstat(stream.fileno())
            while piece := stream.read(PIECE):
                made.update(piece)
                still(len(piece))
            after = os.fstat(stream.fileno())
    except OSError:
        return Verdict.UNREADABLE
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return Verdict.UNKNOWN
    return Verdict.SAME if made.hexdigest() == expected.lower() else Verdict.OTHER
