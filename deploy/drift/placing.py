"""Put files in place, take them away, and put back what was there: each one whole or not at all."""

import contextlib
import grp
import os
import pwd
import stat
from dataclasses import dataclass

from drift.machine import LARGEST, Machine
from drift.store import Wanted

DRAFT = ".studium-drift"  # what reads a folder of rules leaves out names that begin with a point


@dataclass(frozen=True)
class Saved:
    """What was at a path before; its content lies in the backup under `copy`."""

    path: str
    kind: str  # file | folder | link | missing
    uid: int = 0
    gid: int = 0
    mode: int = 0
    target: str = ""
    copy: str = ""

    @property
    def attributes(self) -> "Attributes":
        return Attributes(self.uid, self.gid, self.mode)


@dataclass(frozen=True)
class Attributes:
    """Owner, group and mode as numbers; -1 and None leave them as they are."""

    uid: int
    gid: int
    mode: int | None


def save(machine: Machine, path: str, copy: str) -> tuple[Saved, bytes]:
    """Return what is there now, and its content."""
    seen = machine.look(path)
    if seen.kind == "missing":
        return Saved(path, "missing"), b""
    if seen.kind == "other" or seen.size > LARGEST:
        raise OSError(f"{path} cannot be kept in a backup ({seen}); move it away by hand")
    with machine.place(path) as (here, name):
        facts = os.stat(name, dir_fd=here, follow_symlinks=False)
    content = machine.read(path) if seen.kind == "file" else b""
    return Saved(path, seen.kind, facts.st_uid, facts.st_gid, seen.mode, seen.target, copy), content


def install(machine: Machine, wanted: Wanted, content: bytes | None) -> None:
    """Make a path as declared; without a content only owner, group and mode."""
    to = Attributes(_owner(wanted.owner), _group(wanted.group), wanted.mode)
    with machine.place(wanted.path) as (here, name):
        if wanted.kind == "link":
            _link(here, name, wanted.target)
        elif wanted.kind == "folder":
            _folder(here, name, to)
        elif content is not None:
            _file(here, name, content, to)
        else:
            _attributes(here, name, to)


def remove(machine: Machine, path: str) -> None:
    """Take a file away, and the folder of drop-ins that it leaves empty."""
    with machine.place(path) as (here, name):
        os.unlink(name, dir_fd=here)
    parent = path.rpartition("/")[0]
    if parent.endswith(".d") and "/systemd/" in parent and not machine.names(parent):
        with machine.place(parent) as (here, name):
            os.rmdir(name, dir_fd=here)


def put_back(machine: Machine, saved: Saved, content: bytes) -> None:
    """Make a path as it was before."""
    if saved.kind != "folder":
        _make_way(machine, saved.path)
    with machine.place(saved.path) as (here, name):
        _clear(here, f".{name}{DRAFT}")
        if saved.kind == "missing":
            _clear(here, name)
        elif saved.kind == "link":
            _link(here, name, saved.target)
        elif saved.kind == "folder":
            _folder(here, name, saved.attributes)
        else:
            _file(here, name, content, saved.attributes)


def _make_way(machine: Machine, path: str) -> None:
    parent = path.rpartition("/")[0]
    if machine.look(parent).kind == "missing":
        with machine.place(parent) as (here, name):
            _folder(here, name, Attributes(0, 0, 0o755))


def _owner(name: str) -> int:
    return pwd.getpwnam(name).pw_uid if name else -1


def _group(name: str) -> int:
    return grp.getgrnam(name).gr_gid if name else -1


def _file(here: int, name: str, content: bytes, to: Attributes) -> None:
    draft = f".{name}{DRAFT}"
    _clear(here, draft)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(draft, flags, 0o600, dir_fd=here)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchown(descriptor, to.uid, to.gid)
        os.fchmod(descriptor, 0o600 if to.mode is None else to.mode)
        os.fsync(descriptor)
    os.rename(draft, name, src_dir_fd=here, dst_dir_fd=here)
    os.fsync(here)


def _link(here: int, name: str, target: str) -> None:
    draft = f".{name}{DRAFT}"
    _clear(here, draft)
    os.symlink(target, draft, dir_fd=here)
    os.rename(draft, name, src_dir_fd=here, dst_dir_fd=here)


def _folder(here: int, name: str, to: Attributes) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=here)
    _attributes(here, name, to)


def _attributes(here: int, name: str, to: Attributes) -> None:
    """Change what the name is now, never what a link leads to."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(name, flags, dir_fd=here)
    try:
        os.fchown(descriptor, to.uid, to.gid)
        if to.mode is not None and stat.S_IMODE(os.fstat(descriptor).st_mode) != to.mode:
            os.fchmod(descriptor, to.mode)
    finally:
        os.close(descriptor)


def _clear(here: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=here)
    except FileNotFoundError:
        pass
    except IsADirectoryError:
        os.rmdir(name, dir_fd=here)
