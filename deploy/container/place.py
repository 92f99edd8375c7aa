"""Where everything lies inside a container: where it lies on a server."""

from pathlib import Path

from pipeline import releases
from pipeline import site as sites
from pipeline.errors import Refused
from pipeline.releases import Release
from pipeline.site import Site

ROOT = Path("/srv/studium")
SITE = ROOT / "site.toml"
BUILT_STATIC = ROOT / "built" / "static"
KEYS = ROOT / "keys"
SOCKETS = Path("/run/studium")
UWSGI = Path("/opt/studium/uwsgi/bin/uwsgi")
SLOTS = ("web", "next")  # two web containers, so that one can take over from the other


def site() -> Site:
    return sites.load(SITE)


def release(of: Site) -> Release:
    found = releases.live(of)
    if found is None:
        raise Refused("This image holds no release; build it by the repository's Dockerfile.")
    return found


def socket(slot: str) -> Path:
    return SOCKETS / f"{slot}.sock"
