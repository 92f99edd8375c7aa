"""The releases of a site: one read-only folder each, and what a process of one is given."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pipeline.site import Site

FACTS = ".release.json"


def new_id(commit: str, now: datetime) -> str:
    """Return ``<utc>-<sha12>``; microseconds keep a quick retry of the same commit apart."""
    return f"{now:%Y%m%dT%H%M%S%fZ}-{commit[:12]}"


@dataclass(frozen=True)
class Release:
    """One release, as its folder records it."""

    id: str
    commit: str
    folder: Path
    environment: Path  # its virtual environment, shared by lock file
    libraries: Path  # its browser libraries, shared by lock file

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    @property
    def manage(self) -> Path:
        return self.folder / "app" / "manage.py"

    def variables(self, site: Site) -> dict[str, str]:
        """Return what a process of this release gets on top of its user's environment."""
        return site.variables() | {
            "STUDIUM_RELEASE": self.id,
            "STUDIUM_COMMIT": self.commit,
            "STUDIUM_BROWSER_LIBRARIES": str(self.libraries),
            "STUDIUM_STATIC_MANIFEST": str(self.folder / "staticfiles"),
            "STUDIUM_RELEASE_LOCK": str(lock_file(site, self.id)),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def save(self) -> None:
        facts = {name: str(value) for name, value in asdict(self).items()}
        (self.folder / FACTS).write_text(json.dumps(facts, indent=1))


def lock_file(site: Site, release_id: str) -> Path:
    return site.run / "alive" / release_id


def read(folder: Path) -> Release:
    facts = json.loads((folder / FACTS).read_text())
    paths = {name: Path(facts[name]) for name in ("folder", "environment", "libraries")}
    return Release(id=facts["id"], commit=facts["commit"], **paths)


def kept(site: Site) -> list[Release]:
    """Return the finished releases, the newest first."""
    folders = sorted(site.releases.glob("*Z-*"), reverse=True) if site.releases.is_dir() else []
    return [read(folder) for folder in folders if (folder / FACTS).is_file()]


def live(site: Site) -> Release | None:
    return read(site.live.resolve()) if (site.live / FACTS).is_file() else None
