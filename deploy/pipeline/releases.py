"""The releases of a site: one read-only folder each, and what a process of one is given."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline import lock
from pipeline.errors import Refused
from pipeline.files import write_whole
from pipeline.site import Site

FACTS = ".release.json"
STAMP = "%Y%m%dT%H%M%S%fZ"


def new_id(commit: str, now: datetime) -> str:
    """Return ``<utc>-<sha12>``; microseconds keep a quick retry of the same commit apart."""
    return f"{now.strftime(STAMP)}-{commit[:12]}"


def next_id(site: Site, commit: str, now: datetime) -> str:
    """Return an id that sorts after all others of the site, also when the clock was set back."""
    names = [*site.releases.glob("*Z-*"), *site.logs.glob("attempts/*Z-*")]
    stamps = [stamp for name in names if (stamp := _stamp(name.name))]
    return new_id(commit, max([now, *(stamp + timedelta(microseconds=1) for stamp in stamps)]))


def _stamp(name: str) -> datetime | None:
    try:
        return datetime.strptime(name.partition("-")[0], STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


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
        write_whole(self.folder / FACTS, json.dumps(facts, indent=1))


def lock_file(site: Site, release_id: str) -> Path:
    return site.run / "alive" / release_id


def alive(site: Site) -> list[str]:
    """Return the releases, other than the live one, of which a process is alive."""
    locks = (site.run / "alive").glob("*Z-*")
    present = site.live_release()
    return [one.name for one in locks if one.name != present and not lock.is_free(one)]


def read(folder: Path) -> Release:
    try:
        facts = json.loads((folder / FACTS).read_text())
    except (OSError, ValueError) as error:
        raise Refused(f"{folder.name} is no whole release any more: {error}") from None
    paths = {name: Path(facts[name]) for name in ("folder", "environment", "libraries")}
    return Release(id=facts["id"], commit=facts["commit"], **paths)


def kept(site: Site) -> list[Release]:
    """Return the finished releases, the newest first."""
    found: list[Release] = []
    for folder in sorted(site.releases.glob("*Z-*"), reverse=True):
        with suppress(Refused):  # half built, or half removed
            found.append(read(folder))
    return found


def live(site: Site) -> Release | None:
    return read(site.live.resolve()) if (site.live / FACTS).is_file() else None
