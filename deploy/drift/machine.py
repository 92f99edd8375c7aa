"""The host as it is: files, looked at without following a link, and what commands say.

Root looks into folders that others write. So each path is walked folder by folder, and a link on
the way is an error: nobody can make root read or write another file than the one that is named.
"""

import contextlib
import grp
import os
import pwd
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 60
LARGEST = 16 * 1024 * 1024
WAY = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_RDONLY
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


@dataclass(frozen=True)
class Seen:
    """What lies at a path."""

    kind: str = "missing"  # file | folder | link | other | missing
    owner: str = ""
    group: str = ""
    mode: int = 0
    size: int = 0
    changed: float = 0.0  # when its content was written
    target: str = ""

    def __str__(self) -> str:
        points = f" to {self.target}" if self.kind == "link" else ""
        return f"{self.kind}{points}, {self.owner}:{self.group} {self.mode:04o}"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Return the last lines for a person."""
        return "\n".join((self.out + self.err).strip().splitlines()[-6:])


@dataclass(frozen=True)
class Machine:
    """One host; a test has one in a folder of its own."""

    root: Path = Path("/")

    @contextlib.contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """Yield a descriptor of the folder, reached without any link."""
        here = os.open(self.root, os.O_DIRECTORY | os.O_CLOEXEC | os.O_RDONLY)
        try:
            for part in Path(path.strip("/")).parts:
                beyond = os.open(part, WAY, dir_fd=here)
                os.close(here)
                here = beyond
            yield here
        finally:
            os.close(here)

    @contextlib.contextmanager
    def place(self, path: str) -> Iterator[tuple[int, str]]:
        """Yield the folder of a path, and its name in there."""
        parent, _, name = path.rstrip("/").rpartition("/")
        with self.folder(parent) as here:
            yield here, name

    def look(self, path: str) -> Seen:
        try:
            with self.place(path) as (here, name):
                facts = os.stat(name, dir_fd=here, follow_symlinks=False)
                is_link = stat.S_ISLNK(facts.st_mode)
                target = os.readlink(name, dir_fd=here) if is_link else ""
        except (FileNotFoundError, NotADirectoryError):
            return Seen()
        return Seen(
            kind=_kind(facts.st_mode),
            owner=owner_name(facts.st_uid),
            group=group_name(facts.st_gid),
            mode=stat.S_IMODE(facts.st_mode),
            size=facts.st_size,
            changed=facts.st_mtime,
            target=target,
        )

    def read(self, path: str) -> bytes:
        """Return a file's content; a link, a pipe or a device is none."""
        with self.place(path) as (here, name):
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
            descriptor = os.open(name, flags, dir_fd=here)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(f"{path} is not a file")
            return file.read(LARGEST)

    def text(self, path: str) -> str:
        """Return a text; nothing when it is not there."""
        try:
            return self.read(path).decode(errors="replace")
        except OSError:
            return ""

    def names(self, folder: str) -> list[str]:
        try:
            with self.folder(folder) as here:
                return sorted(os.listdir(here))  # noqa: PTH208  a descriptor has no path
        except (FileNotFoundError, NotADirectoryError):
            return []

    def below(self, folder: str) -> Iterator[tuple[str, Seen]]:
        """Yield everything in a folder and its folders, the folders themselves left out."""
        for name in self.names(folder):
            path = f"{folder.rstrip('/')}/{name}"
            seen = self.look(path)
            if seen.kind == "folder":
                yield from self.below(path)
            elif seen.kind != "missing":
                yield path, seen

    def run(self, *words: str, feed: str | None = None) -> Done:
        """Run a command of this host; a command that is not there has failed."""
        try:
            done = subprocess.run(
                words,
                input=feed if feed is not None else "",
                capture_output=True,
                text=True,
                errors="replace",
                env=ENVIRONMENT,
                cwd="/",
                timeout=LIMIT_S,
                check=False,
            )
        except FileNotFoundError:
            return Done(127, "", f"{words[0]} is not installed")
        except subprocess.TimeoutExpired:
            return Done(124, "", f"{words[0]} did not end within {LIMIT_S} s")
        return Done(done.returncode, done.stdout, done.stderr)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
    return kinds.get(stat.S_IFMT(mode), "other")


def owner_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
