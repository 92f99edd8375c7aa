"""The commit that an image is built of: exported, so that nothing else of the clone enters it."""

import hashlib
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from container.errors import ContainerError
from pipeline import releases

# What the images of PostgreSQL and nginx are made of: built anew when one of these changes.
PARTS = (
    "Dockerfile",
    "deploy/container",
    "deploy/server/etc/nginx",
    "deploy/server/etc/postgresql",
    "deploy/server/usr/local/share/studium",
)


@dataclass(frozen=True)
class Source:
    """One commit, and the folder that it was exported to."""

    commit: str
    folder: Path

    @property
    def release(self) -> str:
        return releases.new_id(self.commit, datetime.now(UTC))

    @property
    def parts(self) -> str:
        """Return a name for the content that PostgreSQL's and nginx's images are made of."""
        found = hashlib.sha256()
        for part in PARTS:
            place = self.folder / part
            for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
                if file.is_file():
                    found.update(str(file.relative_to(self.folder)).encode() + file.read_bytes())
        return found.hexdigest()[:12]


@contextmanager
def exported(root: Path, revision: str = "HEAD") -> Iterator[Source]:
    commit = _git(root, "rev-parse", "--verify", f"{revision}^{{commit}}").decode().strip()
    with tempfile.TemporaryDirectory(prefix="studium-source-") as folder:
        content = _git(root, "archive", "--format=tar", commit)
        subprocess.run(["tar", "-x", "-C", folder], input=content, check=True)
        yield Source(commit, Path(folder))


def _git(root: Path, *words: str) -> bytes:
    done = subprocess.run(["git", "-C", str(root), *words], check=False, capture_output=True)
    if done.returncode:
        raise ContainerError(
            f"git {words[0]} failed: {done.stderr.decode().strip()} Images are built of a commit, "
            "so the commands are typed in a clone of the repository."
        )
    return done.stdout
