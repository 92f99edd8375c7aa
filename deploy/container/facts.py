"""What differs from site to site, in a folder of the clone: `.studium/containers`."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from container.errors import ContainerError
from pipeline import site as sites
from pipeline.files import write_whole
from pipeline.site import Site

SEARCHABLE = 0o755
READABLE = 0o644  # other users read these files: the containers'. They hold no secret
TEMPLATE = """\
# The facts of this site; deploy/site.example.toml explains each key.
# `deploy/container/studium restart` takes a change over.
name = "{name}"
environment = "production"
url = "{url}"
hosts = ["{host}"]
time_zone = "UTC"

[folders]
run = "/run/studium"
secrets = "keys/secrets.env"

[web]
socket_owner = "studium:www-data"

[release]
import_s = 60   # the release before goes on answering meanwhile
probe_s = 30    # a name server that cannot be reached takes its time
"""
NETWORKS = """\
# Who may ask for pages, such as `allow 10.0.0.0/8;` and then `deny all;`
allow all;
"""
BESIDE = 363  # 8443 and 8080
STANDARD = {"http": "80", "https": "443"}


@dataclass(frozen=True)
class Facts:
    """The folder of one site's facts."""

    folder: Path

    @property
    def site_file(self) -> Path:
        return self.folder / "site.toml"

    @property
    def env_file(self) -> Path:
        return self.folder / "compose.env"

    def site(self) -> Site:
        return sites.load(self.site_file, is_here=False)

    @contextmanager
    def turn(self, *, is_needed: bool) -> Iterator[None]:
        """Hold the site for one command that changes it; refuse while another one does."""
        if not is_needed:
            yield
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ContainerError(
                    "Another command changes this site just now. Wait for it, then try again."
                ) from None
            yield

    def prepare(self, url: str) -> None:
        """Write what is missing, and what follows from the site's facts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.site_file.exists():
            host = urlsplit(url).hostname
            if not url.startswith(("https://", "http://")) or not host:
                raise ContainerError(
                    f"{url!r} is no address of a site. Give one like https://studium.lab.example"
                )
            text = TEMPLATE.format(name="studium", url=url.rstrip("/"), host=host)
            _write(self.site_file, text)
        site = self.site()
        self._prepare_front(site)
        self.keep(_ports(site.url) | self.values())

    def _prepare_front(self, site: Site) -> None:
        """Write what nginx is given; who may reach the site is for people to change."""
        front = self.folder / "front"
        front.mkdir(exist_ok=True)
        front.chmod(SEARCHABLE)
        names = " ".join(site.facts["hosts"])
        profile = "tls" if site.url.startswith("https://") else "lan"
        _write(front / "host.conf", f'server_name {names};\nset $studium_site "{site.name}";\n')
        _write(front / "profile.conf", f"include studium/{profile}.conf;\n")
        if not (front / "networks.conf").exists():
            _write(front / "networks.conf", NETWORKS)

    def values(self) -> dict[str, str]:
        """Return what compose.yml is given."""
        if not self.env_file.exists():
            return {}
        lines = self.env_file.read_text().splitlines()
        pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
        return {name: value for name, _, value in pairs}

    def keep(self, changes: Mapping[str, str]) -> None:
        values = self.values() | dict(changes)
        lines = [f"{name}={value}" for name, value in values.items()]
        _write(self.env_file, "\n".join([*lines, ""]))


def _write(file: Path, text: str) -> None:
    write_whole(file, text, mode=READABLE)
    file.chmod(READABLE)  # whatever the umask of the person is


def _ports(url: str) -> dict[str, str]:
    """Return where the front listens: where the address says, and beside it for the other kind."""
    parts = urlsplit(url)
    if parts.port is None or parts.port == int(STANDARD[parts.scheme]):
        ports = STANDARD
    elif parts.scheme == "https":
        ports = {"https": str(parts.port), "http": str(parts.port - BESIDE)}
    else:
        ports = {"http": str(parts.port), "https": str(parts.port + BESIDE)}
    return {"STUDIUM_HTTPS_PORT": ports["https"], "STUDIUM_HTTP_PORT": ports["http"]}


def of(root: Path) -> Facts:
    given = os.environ.get("STUDIUM_FACTS")
    return Facts(Path(given) if given else root / ".studium" / "containers")
