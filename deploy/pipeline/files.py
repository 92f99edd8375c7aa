"""Files that are either whole or absent, whatever happens while they are written."""

import ctypes
import json
import os
import re
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
DRAFT = re.compile(r"\..+\.(\d+)")  # .NAME.PID, see below


def write_whole(path: Path, content: str, mode: int = 0o640) -> None:
    """Replace ``path`` by ``content``, on disk before the name points to it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_disks(*folders: Path) -> None:
    """Write everything to the disks that hold these folders: they stay whole if power is cut."""
    disks = {folder.stat().st_dev: folder for folder in folders if folder.exists()}
    for folder in disks.values():
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            if LIBC.syncfs(descriptor):
                raise OSError(ctypes.get_errno(), f"{folder} could not be written to its disk")
        finally:
            os.close(descriptor)


def read_json(path: Path) -> Any | None:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def point(link: Path, target: Path | str) -> None:
    """Let the symbolic link name ``target`` from one instant to the next."""
    draft = link.with_name(f".{link.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)
    sync_folder(link.parent)


def remove_drafts(folder: Path) -> None:
    """Remove what writers that were killed have left."""
    for draft in folder.glob(".*"):
        found = DRAFT.fullmatch(draft.name)
        if found and not Path("/proc", found[1]).exists():
            draft.unlink(missing_ok=True)
