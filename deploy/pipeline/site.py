"""The one file of facts per site, checked against its annotated example."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline import hosts
from pipeline.errors import SiteInvalid
from pipeline.hosts import Host

EXAMPLE = Path(__file__).resolve().parents[1] / "site.example.toml"
SOCKET_PATH_LIMIT = 107  # bytes, by the kernel's sockaddr_un
LONGEST_SOCKET = len("20261121T093000123456Z-0123456789ab.sock")


def load(file: Path, *, is_here: bool = True, example: Path = EXAMPLE) -> "Site":
    """Read and check ``file``; raise SiteInvalid with the key and the remedy."""
    try:
        given = tomllib.loads(file.read_text())
    except FileNotFoundError:
        raise SiteInvalid(f"There is no site file {file}. `make up` writes one.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SiteInvalid(f"{file}: {error}. {EXAMPLE.name} shows the form.") from None
    facts = _merged(tomllib.loads(example.read_text()), given, where=str(file))
    site = Site(file.resolve(), facts)
    if is_here:  # paths of another host are for that host to check
        _check_socket_paths(site)
        _check_hosts(site)
    return site


def _merged(example: Mapping[str, Any], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise SiteInvalid(f"{where} must be a table with {', '.join(example)}, not {given!r}.")
    unknown = sorted(set(given) - set(example))
    if unknown:
        raise SiteInvalid(
            f"{where}: unknown key {unknown[0]!r}. Known: {', '.join(example)}. Correct it, or "
            f"take it out: this release's deploy/{EXAMPLE.name} does not have it."
        )
    return {key: _value(example[key], given.get(key), f"{where}: {key}") for key in example}


def _value(example: Any, given: Any, where: str) -> Any:
    if isinstance(example, dict):
        return _merged(example, {} if given is None else given, where)
    if given is None:
        return example
    wanted = (int, float) if isinstance(example, float) else type(example)
    if not isinstance(given, wanted) or isinstance(given, bool) != isinstance(example, bool):
        raise SiteInvalid(f"{where} must be like {example!r}, not {given!r}.")
    return given


def _check_socket_paths(site: "Site") -> None:
    length = len(str(site.run).encode()) + 1 + LONGEST_SOCKET
    if length > SOCKET_PATH_LIMIT:
        raise SiteInvalid(
            f"{site.file}: the folder {site.run} is too long for sockets ({length} of at most "
            f"{SOCKET_PATH_LIMIT} bytes). Set folders.run to a shorter path."
        )


def _check_hosts(site: "Site") -> None:
    try:
        hosts.check(site.facts["rolling"], site.root)
    except SiteInvalid as error:
        raise SiteInvalid(f"{site.file}: rolling: {error}.") from None


@dataclass(frozen=True)
class Site:
    """One site: its file, its facts, and where everything of it lies."""

    file: Path
    facts: Mapping[str, Any]

    @property
    def root(self) -> Path:
        return self.file.parent

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def branch(self) -> str:
        return str(self.facts["branch"])

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"

    @property
    def url(self) -> str:
        return str(self.facts["url"])

    @property
    def role(self) -> str:
        return str(self.facts["rolling"]["role"])

    @property
    def is_main(self) -> bool:
        """Say whether people push to this host and its pipeline migrates."""
        return self.role == hosts.MAIN

    @property
    def has_pages(self) -> bool:
        """Say whether this host answers visitors; a worker does not."""
        return self.role != hosts.WORKER

    @cached_property
    def others(self) -> tuple[Host, ...]:
        """The further hosts, in the order of a release; nobody's but the main host's."""
        return hosts.others(self.facts["rolling"], self.root) if self.is_main else ()

    @cached_property
    def main_host(self) -> Host | None:
        """The host that says what should be live here; the main host has none."""
        return None if self.is_main else hosts.main(self.facts["rolling"], self.root)

    def folder(self, name: str) -> Path:
        return self.root / str(self.facts["folders"][name])

    @cached_property
    def repository(self) -> Path:
        return self.folder("repository")

    @cached_property
    def releases(self) -> Path:
        return self.folder("releases")

    @cached_property
    def cache(self) -> Path:
        return self.folder("cache").resolve()

    @cached_property
    def run(self) -> Path:
        return self.folder("run")

    @cached_property
    def vassals(self) -> Path:
        return self.folder("vassals")

    @cached_property
    def logs(self) -> Path:
        return self.folder("logs")

    @property
    def live(self) -> Path:
        """Link to the folder of the live release; survives a reboot, unlike the socket."""
        return self.root / "live"

    @property
    def live_socket(self) -> Path:
        return self.run / "live.sock"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.jsonl"

    @property
    def journal(self) -> Path:
        return self.root / "journal.json"

    @property
    def lock(self) -> Path:
        return self.root / "deploy.lock"

    @property
    def maintenance(self) -> Path:
        return self.root / "maintenance.json"

    @property
    def emperor_pid(self) -> Path:
        return self.run / "emperor.pid"

    @property
    def emperor_log(self) -> Path:
        return self.logs / "emperor.log"

    def live_release(self) -> str | None:
        """Return the id of the live release, or None before the first one."""
        return self.live.readlink().name if self.live.is_symlink() else None

    def variables(self) -> dict[str, str]:
        """Return the site's variables for its processes; none of them is a secret."""
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings.deployed",
            "STUDIUM_SITE": self.name,
            "STUDIUM_SITE_FILE": str(self.file),
            "STUDIUM_ENVIRONMENT": str(self.facts["environment"]),
            "STUDIUM_URL": self.url,
            "STUDIUM_HOSTS": " ".join(self.facts["hosts"]),
            "STUDIUM_TIME_ZONE": str(self.facts["time_zone"]),
            "STUDIUM_STATE": str(self.folder("data")),
            "STUDIUM_STATIC": str(self.folder("static")),
            "STUDIUM_MEDIA": str(self.folder("media")),
            "STUDIUM_MOUNTS": str(self.folder("mounts")),
            "STUDIUM_BACKUPS": str(self.folder("backups")),
            "STUDIUM_JOB_FILES": str(self.folder("jobs")),
            "STUDIUM_SECRETS": str(self.folder("secrets")),
            "STUDIUM_LIVE": str(self.live),
            "STUDIUM_LEDGER": str(self.ledger),
            "STUDIUM_MAINTENANCE": str(self.maintenance),
            "STUDIUM_BACKUP_REPORT": str(self.facts["backup"]["report"]),
            "STUDIUM_STALE_BACKUP_H": str(self.facts["release"]["stale_backup_h"]),
        }
