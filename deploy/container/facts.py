"""What differs from site to site, in a folder of the clone: `.studium/containers`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from container.errors import ContainerError
from pipeline import site as sites
from pipeline.files import write_whole
from pipeline.site import Site

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

    def prepare(self, url: str) -> None:
        """Write what is missing, and what follows from the site's facts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.site_file.exists():
            host = urlsplit(url).hostname
            if not url.startswith("https://") or not host:
                raise ContainerError(
                    f"{url} is no address of a site. Give one like https://studium.lab.example"
                )
            text = TEMPLATE.format(name="studium", url=url.rstrip("/"), host=host)
            write_whole(self.site_file, text, mode=READABLE)
        site = self.site()
        names = " ".join(site.facts["hosts"])
        front = f'server_name {names};\nset $studium_site "{site.name}";\n'
        write_whole(self.folder / "studium-host.conf", front, mode=READABLE)
        self.keep(_ports(site.url) | self.values())

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
        write_whole(self.env_file, "\n".join([*lines, ""]), mode=READABLE)


def _ports(url: str) -> dict[str, str]:
    """Return where the front listens: where the address says, and beside it for plain HTTP."""
    port = urlsplit(url).port
    if port is None or port == int(STANDARD["https"]):
        return {"STUDIUM_HTTPS_PORT": STANDARD["https"], "STUDIUM_HTTP_PORT": STANDARD["http"]}
    return {"STUDIUM_HTTPS_PORT": str(port), "STUDIUM_HTTP_PORT": str(port - BESIDE)}


def of(root: Path) -> Facts:
    given = os.environ.get("STUDIUM_FACTS")
    return Facts(Path(given) if given else root / ".studium" / "containers")
