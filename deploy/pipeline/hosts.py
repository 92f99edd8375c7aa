"""The hosts of a site that runs on several: who they are, and where.

The main host takes people's pushes and has the database; the others are application hosts, which
answer visitors too, and workers, which only take jobs. Each has a site.toml of its own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.errors import SiteInvalid

MAIN, APPLICATION, WORKER = ROLES = ("main", "application", "worker")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ADDRESS = re.compile(
    r"(?P<login>\w[\w.-]*@([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]))"
    r"(:(?P<port>\d{1,5}))?(?P<folder>/[\w./+-]+)?"
)


@dataclass(frozen=True)
class Host:
    """Another host of the same site, as ssh reaches it."""

    name: str
    role: str
    login: str  # user@address
    port: str  # empty: ssh's own
    folder: PurePosixPath  # of its site.toml

    @property
    def address(self) -> str:
        return f"ssh://{self.login}:{self.port}" if self.port else f"ssh://{self.login}"

    @property
    def is_worker(self) -> bool:
        return self.role == WORKER


def others(facts: Mapping[str, Any], root: Path) -> tuple[Host, ...]:
    """Return the further hosts of the main host, in the order of a release."""
    given = [(APPLICATION, one) for one in facts["others"]]
    given += [(WORKER, one) for one in facts["workers"]]
    found = tuple(_named(entry, role, root) for role, entry in given)
    names = [host.name for host in found]
    double = next((name for name in names if names.count(name) > 1), None)
    if double:
        raise SiteInvalid(f"two hosts are called {double!r}; name each one once")
    return found


def main(facts: Mapping[str, Any], root: Path) -> Host | None:
    """Return the main host of a further host."""
    return _host("the main host", MAIN, str(facts["main"]), root) if facts["main"] else None


def check(facts: Mapping[str, Any], root: Path) -> None:
    """Raise SiteInvalid with the key and the remedy."""
    role = facts["role"]
    if role not in ROLES:
        raise SiteInvalid(f"role must be one of {', '.join(ROLES)}, not {role!r}")
    further = others(facts, root)
    if role == MAIN and facts["main"]:
        raise SiteInvalid("the main host names no other as main; leave `main` empty")
    if role != MAIN and further:
        raise SiteInvalid(f"only the main host releases others; this one is a host of role {role}")
    if role != MAIN and main(facts, root) is None:
        raise SiteInvalid(f'a host of role {role} needs `main`, such as "deploy@10.0.0.11"')
    if (further or role != MAIN) and not Path(facts["identity"]).is_absolute():
        raise SiteInvalid("`identity` must be the absolute path of the ssh key between the hosts")


def _named(entry: Any, role: str, root: Path) -> Host:
    name, _, address = str(entry).partition("=")
    if not NAME.fullmatch(name):
        raise SiteInvalid(f'{entry!r} names no host; the form is "app2=deploy@10.0.0.12"')
    return _host(name, role, address, root)


def _host(name: str, role: str, address: str, root: Path) -> Host:
    found = ADDRESS.fullmatch(address)
    if not found:
        raise SiteInvalid(
            f"{address!r} is no address; the form is deploy@10.0.0.12, or with port and folder "
            "deploy@10.0.0.12:2222/srv/studium"
        )
    folder = PurePosixPath(found["folder"] or root)
    return Host(name, role, found["login"], found["port"] or "", folder)


def named(hosts: Sequence[Host], name: str) -> Host | None:
    return next((host for host in hosts if host.name == name), None)
