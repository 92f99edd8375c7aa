"""Let what reads a changed file read it again; nothing else is touched."""

import http.client
import ssl
import time
import tomllib
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from drift import units
from drift.machine import Machine
from drift.running import EMPEROR, SITE
from drift.store import Declared

READERS = (
    ("/etc/nginx/", "nginx.service"),
    ("/etc/studium/tls/", "nginx.service"),
    ("/etc/ssh/sshd_config", "ssh.service"),
    ("/etc/nftables.conf", "nftables.service"),
    ("/etc/studium/networks.nft", "nftables.service"),
    ("/etc/postgresql/", "postgresql.service"),
)
UNIT_FILES = ("/etc/systemd/", "/run/systemd/", "/usr/local/lib/systemd/")
STARTED_AGAIN = (".timer", ".path", ".socket")
PATIENCE_S = 10.0


def readers(paths: Iterable[str]) -> list[str]:
    """Return the services that read these files."""
    found = {unit for path in paths for head, unit in READERS if path.startswith(head)}
    return sorted(found)


def read_again(
    machine: Machine, declared: Declared, paths: set[str], units_: set[str]
) -> list[str]:
    """Reload what reads the paths, and bring units to what is declared; return what went wrong."""
    wrong: list[str] = []
    if any(path.startswith(UNIT_FILES) for path in paths) or units_:
        wrong += call(machine, "daemon-reload")
    for name in sorted(_own_units(paths)):
        wrong += _restart(machine, name, declared)
    for name in readers(paths) + sorted(units_ & {unit for _, unit in READERS}):
        wrong += call(machine, "reload-or-restart", name)  # what is stopped is started
    for name in sorted(units_):
        wrong += _bring(machine, name, declared)
    return wrong


def _own_units(paths: Iterable[str]) -> set[str]:
    """Return the units whose file or drop-in changed."""
    parts = (path.partition("/systemd/system/")[2].split("/")[0] for path in paths
             if path.startswith(UNIT_FILES))  # fmt: skip
    names = {part.removesuffix(".d") for part in parts}
    return {name for name in names if name.startswith("studium-") and "@" not in name}


def _restart(machine: Machine, name: str, declared: Declared) -> Iterator[str]:
    """Restart what waits for something; a oneshot reads its file the next time anyway."""
    wanted = declared.units.get(name, {}).get("active", False)
    if name.endswith(STARTED_AGAIN) and wanted:
        yield from call(machine, "restart", name)
    elif name == "studium-worker.service":
        yield from call(machine, "try-restart", name)


def _bring(machine: Machine, name: str, declared: Declared) -> Iterator[str]:
    facts = units.show(machine, [name]).get(name, {})
    if facts.get("LoadState") == "masked":
        yield from call(machine, "unmask", name)
        yield from call(machine, "unmask", "--runtime", name)
    wanted = declared.units.get(name, {})
    if "enabled" in wanted:
        yield from call(machine, "enable" if wanted["enabled"] else "disable", name)
    if "active" in wanted and name != EMPEROR:
        yield from call(machine, "start" if wanted["active"] else "stop", name)


def call(machine: Machine, *words: str) -> Iterator[str]:
    done = machine.run("systemctl", *words)
    if done.code:
        yield f"systemctl {' '.join(words)}: {done.said}"


# --- does the site answer? ------------------------------------------------------------------------
def answers(machine: Machine, *, patience_s: float = 0.0) -> bool | None:
    """Say whether the site's own pages come through the front; None where there is no site."""
    facts = tomllib.loads(machine.text(f"{SITE}/site.toml"))
    if "url" not in facts:
        return None
    deadline = time.monotonic() + patience_s
    while not (good := _asked(str(facts["url"]))) and time.monotonic() < deadline:
        time.sleep(0.3)
    return good


def _asked(url: str) -> bool:
    """Ask this host itself; an answer that refuses (a network that is not allowed) is one too."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    try:
        connection = _connection(parts.scheme, host, parts.port)
        connection.request("GET", "/health/", headers={"Host": host})
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection("127.0.0.1", port or 80, timeout=10)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # this host asks itself; a certificate may be of its own
    connection = _Named("127.0.0.1", port or 443, timeout=10, context=context)
    connection.named = host
    return connection


class _Named(http.client.HTTPSConnection):
    """Connects to this host by the site's name."""

    named = ""

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]
        self.sock = context.wrap_socket(self.sock, server_hostname=self.named)
