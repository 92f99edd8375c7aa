"""Maps from the web: only from named hosts, only by https, never from inside our own network.

A host's name is looked up once and its address is connected to as it was found, so that a name
that changes between the check and the connection leads nowhere. Each redirect is checked anew.
"""

import http.client
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings as site

from planning.errors import AddressSilent, NotAMap

LARGEST = 500_000_000  # bytes
LARGEST_WORDS = 1_000_000
REDIRECTS = 4
WAIT_S, WHOLE_S = 20, 600
PIECE = 1 << 16
HTTPS = 443
OK, MOVED = 200, {301, 302, 303, 307, 308}
TUNNELS = [ipaddress.ip_network(each) for each in ("64:ff9b::/96", "2002::/16", "2001::/32")]
KINDS = {"Z map": "z", "T map": "t"}


def found_at(host: str, port: int) -> list[str]:
    """Return the addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def is_public(address: str) -> bool:
    """Say whether an address is somebody else's: not this machine, not this network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    if mapped:
        return is_public(str(mapped))
    if found.is_multicast or any(
        found in each for each in TUNNELS if each.version == found.version
    ):
        return False
    return found.is_global


@dataclass(frozen=True)
class Fetcher:
    """What may be fetched. ``local`` names servers of tests, by plain http on this machine."""

    hosts: frozenset[str]
    local: frozenset[str] = frozenset()
    most: int = LARGEST
    look_up: Callable[[str, int], list[str]] = found_at
    may_connect: Callable[[str], bool] = is_public
    port: int = HTTPS
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    @property
    def reaches(self) -> list[str]:
        """Return the hosts from which something may be fetched."""
        return sorted(self.hosts | self.local)

    def need_allowed(self, address: str) -> SplitResult:
        """Return the parts of an address that may be fetched.

        Raises
        ------
        NotAMap
            It may not; the hosts that may are named.
        """
        parts = _split(address)
        if parts.netloc in self.local:
            return parts
        if parts.scheme != "https" or "@" in parts.netloc or _port(parts) not in {None, HTTPS}:
            raise NotAMap("Maps are fetched from addresses that begin with https:// alone.")
        if not self._knows(parts.hostname or ""):
            raise NotAMap(
                f"Nothing is fetched from “{parts.hostname or ''}”. "
                f"This site fetches from: {', '.join(sorted(self.hosts)) or 'nowhere'}."
            )
        return parts

    def _knows(self, host: str) -> bool:
        return any(
            host.endswith(each) if each.startswith(".") else host == each for each in self.hosts
        )

    def pieces(self, address: str) -> Iterator[bytes]:
        """Yield what an address gives, piece by piece.

        Raises
        ------
        NotAMap
            The address, or one that it leads to, may not be fetched, or gives too much.
        AddressSilent
            Its server cannot be reached now.
        """
        ends = time.monotonic() + WHOLE_S
        for _ in range(REDIRECTS + 1):
            parts = self.need_allowed(address)
            try:
                with self._asked(parts) as answer:
                    if answer.status not in MOVED:
                        yield from self._read(answer, ends)
                        return
                    address = urljoin(address, answer.headers.get("Location", ""))
            except (OSError, http.client.HTTPException) as error:
                raise AddressSilent(f"{parts.hostname} could not be read from: {error}.") from error
        raise NotAMap("The address leads on and on to others. Use the one that it ends at.")

    def _asked(self, parts: SplitResult) -> "_Open":
        connection = self._connection(parts)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"Accept-Encoding": "identity"})
        return _Open(connection)

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        host = parts.hostname or ""
        if parts.netloc in self.local:
            return http.client.HTTPConnection(host, _port(parts) or 80, timeout=WAIT_S)
        found = self.look_up(host, self.port)
        if not found or not all(self.may_connect(each) for each in found):
            raise NotAMap(f"“{host}” leads into a private network; nothing is fetched from there.")
        return _Pinned(host, self.port, found[0], self.trust)

    def _read(self, answer: http.client.HTTPResponse, ends: float) -> Iterator[bytes]:
        if answer.status != OK:
            raise NotAMap(f"The address answered {answer.status} {answer.reason}, not a map.")
        promised, came = answer.length or 0, 0
        while piece := answer.read(PIECE):
            came += len(piece)
            if max(promised, came) > self.most:
                raise NotAMap(f"The file is larger than {self.most / 10**6:,.0f} MB.")
            if time.monotonic() > ends:
                raise AddressSilent("The file came too slowly.")
            yield piece
        if came < promised:
            raise AddressSilent("The file broke off before its end.")


class _Pinned(http.client.HTTPSConnection):
    """A connection to an address that was looked up before, as the host of that name."""

    def __init__(self, host: str, port: int, address: str, trust: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=WAIT_S, context=trust)
        self._address, self._trust = address, trust

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), WAIT_S)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)


class _Open:
    """An answer that is closed with its connection."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def __enter__(self) -> http.client.HTTPResponse:
        return self._connection.getresponse()

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _port(parts)
    except ValueError:
        raise NotAMap("This is no address of the web.") from None
    return parts


def _port(parts: SplitResult) -> int | None:
    return parts.port


def fetcher(*, most: int = LARGEST) -> Fetcher:
    """Return what this site may fetch; of nothing where it names no hosts."""
    hosts = set(site.PLANNING_HOSTS)
    if site.NEUROVAULT:
        hosts.add(urlsplit(site.NEUROVAULT).hostname or "")
    return Fetcher(frozenset(hosts), frozenset(site.PLANNING_LOCAL_HOSTS), most)


@dataclass(frozen=True)
class Image:
    """What NeuroVault says of one of its images."""

    name: str
    kind: str
    participants: int | None
    address: str


def image(number: int) -> Image:
    """Ask NeuroVault about an image.

    Raises
    ------
    NotAMap
        It is no group's map of Z or T values, or there is none.
    """
    address = f"{site.NEUROVAULT.rstrip('/')}/images/{number}/?format=json"
    content = b"".join(fetcher(most=LARGEST_WORDS).pieces(address))
    try:
        told = json.loads(content)
        return _image(told)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NotAMap("NeuroVault answered with something that is no image.") from None


def _image(told: dict[str, Any]) -> Image:
    kind = KINDS.get(str(told.get("map_type")))
    if kind is None or told.get("analysis_level") not in {"group", None}:
        what = f"{told.get('map_type')} of level {told.get('analysis_level')}"
        raise NotAMap(f"This image is “{what}”; an analysis needs a group's Z or T map.")
    people = told.get("number_of_subjects")
    count = int(people) if people else None
    return Image(str(told["name"])[:200], kind, count, str(told["file"]))
