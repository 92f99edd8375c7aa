"""Ask a release itself, on its own socket, by the uwsgi protocol, whether it is well."""

import json
import socket as sockets
import struct
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import Unhealthy
from pipeline.releases import Release
from pipeline.runner import last_lines
from pipeline.site import Site

SERVER_ERROR = 500
OK = 200


@dataclass(frozen=True)
class Answer:
    status: int
    body: str


def ask(socket: Path, site: Site, path: str, timeout_s: float) -> Answer:
    """Return the answer to GET ``path``; raise Unhealthy when there is none."""
    try:
        with sockets.socket(sockets.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(socket))
            connection.sendall(_packet(_variables(site, path)))
            content = b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError as error:
        raise Unhealthy(f"{path}: no answer on the release's socket ({error}).") from None
    return _answer(path, content)


def _answer(path: str, content: bytes) -> Answer:
    head, _, body = content.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    if len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004  "HTTP/1.1 200"
        raise Unhealthy(f"{path}: an empty answer; the release does not load its addresses.")
    return Answer(int(words[1]), body.decode(errors="replace"))


def _variables(site: Site, path: str) -> dict[str, str]:
    url = urlsplit(site.url)
    return {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": path,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": url.hostname or "localhost",
        "SERVER_PORT": str(url.port or (443 if url.scheme == "https" else 80)),
        "HTTP_HOST": url.netloc,
        "HTTP_X_FORWARDED_PROTO": url.scheme,
        "HTTP_USER_AGENT": "studium-pipeline",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": url.scheme,
        "UWSGI_SCHEME": url.scheme,
        "STUDIUM_PROBE": "1",  # maintenance lets it through; no visitor's header arrives so named
    }


def _packet(variables: dict[str, str]) -> bytes:
    """Return one request of the uwsgi protocol: lengths of two bytes, little end first."""
    body = b"".join(
        struct.pack("<H", len(part)) + part
        for pair in variables.items()
        for part in (pair[0].encode(), pair[1].encode())
    )
    return struct.pack("<BHB", 0, len(body), 0) + body


def probe(socket: Path, site: Site, release: Release, pages: list[str]) -> None:
    """Raise Unhealthy unless the release answers as itself, is ready, and shows its pages."""
    limit_s = float(site.facts["release"]["probe_s"])
    check_ready(ask(socket, site, "/health/ready/", limit_s), release)
    for path in pages:
        answer = ask(socket, site, path, limit_s)
        if answer.status >= SERVER_ERROR:
            raise Unhealthy(f"{path} answers {answer.status}:\n{last_lines(answer.body, 5)}")


def check_ready(answer: Answer, release: Release) -> None:
    try:
        report = json.loads(answer.body)
    except ValueError:
        raise Unhealthy(
            f"/health/ready/ answers {answer.status} without a report:\n"
            f"{last_lines(answer.body, 5)}"
        ) from None
    if report.get("release") != release.id:
        raise Unhealthy(f"The release {report.get('release')} answers instead of {release.id}.")
    if answer.status != OK:
        checks = report.get("checks", {})
        bad = [
            f"{name}: {check.get('detail')}" for name, check in checks.items() if not check["ok"]
        ]
        raise Unhealthy(f"The release is not ready. {'; '.join(bad)}")
