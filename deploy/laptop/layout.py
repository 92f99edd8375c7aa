"""Where everything of this clone's sites lies."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from laptop.errors import LaptopError
from pipeline import site as facts
from pipeline.site import Site

CLONE = Path(__file__).resolve().parents[2]
SITES = ("staging", "production")


@dataclass(frozen=True)
class Clone:
    """One clone of Studium and the folder `.studium` of its own."""

    root: Path

    @property
    def studium(self) -> Path:
        return self.root / ".studium"

    @property
    def cache(self) -> Path:
        return self.studium / "cache"

    @property
    def wheels(self) -> Path:
        return self.cache / "wheels"

    @property
    def front(self) -> Path:
        return self.studium / "front"

    @property
    def log(self) -> Path:
        return self.studium / "logs" / "laptop.log"

    @property
    def state(self) -> Path:
        """What development and tests make; `make up` never touches it."""
        return self.root / ".state"

    def site_root(self, name: str) -> Path:
        return self.studium / name

    def site_file(self, name: str) -> Path:
        return self.site_root(name) / "site.toml"

    def site(self, name: str) -> Site:
        return facts.load(self.site_file(name))

    def sites(self) -> list[Site]:
        return [self.site(name) for name in SITES if self.site_file(name).is_file()]

    def run_folder(self, name: str) -> str:
        """Return ``run``, or a short absolute path when sockets would have too long a name."""
        length = len(os.fsencode(self.site_root(name) / "run")) + 1 + facts.LONGEST_SOCKET
        return "run" if length <= facts.SOCKET_PATH_LIMIT else str(self._short(name))

    def _short(self, name: str) -> Path:
        mark = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:10]
        return Path("/var/tmp") / f"studium-{mark}-{name}"  # noqa: S108  checked by own_folder()


def chosen(name: str) -> str:
    """Return the site's name, or raise with the names there are."""
    if name not in SITES:
        raise LaptopError(f"There is no site {name!r}. Sites: {', '.join(SITES)}.")
    return name


def own_folder(folder: Path, mode: int = 0o750) -> Path:
    """Make ``folder`` if need be; refuse one in a shared place that somebody else has made."""
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    facts = folder.lstat()
    if folder.is_symlink() or facts.st_uid != os.geteuid():
        raise LaptopError(
            f"{folder} belongs to somebody else. Remove it, or clone to a shorter path."
        )
    return folder


def scratch(clone: Clone) -> Path:
    own_folder(clone.studium)
    return Path(tempfile.mkdtemp(prefix="scratch-", dir=clone.studium))
