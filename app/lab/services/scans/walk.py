"""All files below a folder, in the order of their paths' bytes, so that records can run beside it.

Paths are bytes: a file's name need not be text. Links are not followed, so no loop is entered.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

# What file servers, their snapshots and desktops leave in every folder.
NOBODYS = {b"thumbs.db", b"desktop.ini", b"@eadir", b"#recycle", b"$recycle.bin",
           b"system volume information", b"lost+found"}  # fmt: skip


@dataclass(frozen=True)
class File:
    path: bytes
    size: int
    changed_at: float


@dataclass(frozen=True)
class Closed:
    """A folder, or file, that cannot be looked at: nothing is known of what lies below."""

    path: bytes
    why: str


def files(root: bytes) -> Iterator[File | Closed]:
    """Yield what lies below ``root``; a closed root is said to be so by an empty path."""
    stack = [_inside(root, b"")]
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
        elif isinstance(item, bytes):
            stack.append(_inside(root, item))
        else:
            yield item


def _inside(root: bytes, folder: bytes) -> Iterator[File | Closed | bytes]:
    """Yield the files of one folder, and the folders in it as bytes."""
    try:
        with os.scandir(os.path.join(root, folder)) as found:  # noqa: PTH118  bytes are no Path
            entries = sorted((_key(entry), entry) for entry in found if not _is_nobodys(entry.name))
    except OSError as error:
        yield Closed(folder, error.strerror or str(error))
        return
    for key, entry in entries:
        path = b"/".join(filter(None, [folder, entry.name]))
        if key.endswith(b"/"):
            yield path
        elif not entry.is_symlink():
            yield _looked_at(entry, path)


def _key(entry: "os.DirEntry[bytes]") -> bytes:
    """Return what a folder's files sort by among its siblings: its name and a slash."""
    return entry.name + b"/" if _is_folder(entry) else entry.name


def _is_folder(entry: "os.DirEntry[bytes]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _looked_at(entry: "os.DirEntry[bytes]", path: bytes) -> File | Closed:
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Closed(path, error.strerror or str(error))
    return File(path, about.st_size, about.st_mtime)


def _is_nobodys(name: bytes) -> bool:
    return name.startswith((b".", b"~$")) or name.lower() in NOBODYS
