"""An S3-compatible store on this machine that looks at every signature, as the real ones do.

It reckons the signature anew by the recipe of the AWS documentation ("Authenticating Requests:
Using Query Parameters") and refuses another one, one that is over, one for another method, and a
request that brings a second way to sign in.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

MOST = timedelta(days=7)


class Store:
    """Buckets with objects, and the keys that open them."""

    def __init__(self, access_key: str, secret_key: str, region: str) -> None:
        self.access_key, self.secret_key, self.region = access_key, secret_key, region
        self.objects: dict[str, bytes] = {}  # by /bucket/key
        self.answers: list[tuple[str, str, int]] = []  # method, path, status
        self.clock = lambda: datetime.now(UTC)
        self.url = ""

    def given(self, method: str, target: str, headers: Any) -> tuple[int, bytes]:
        """Return the answer to somebody who asks for an object."""
        content = self.objects.get(_path(target))
        wrong = self.refusal(method, target, headers)
        if wrong is None and content is None:
            wrong = 404, "NoSuchKey"
        return self._noted(method, target, _told(*wrong) if wrong else (200, content or b""))

    def taken(self, method: str, target: str, headers: Any, content: bytes) -> tuple[int, bytes]:
        """Return the answer to somebody who brings an object."""
        wrong = self.refusal(method, target, headers)
        if wrong is None:
            self.objects[_path(target)] = content
        return self._noted(method, target, _told(*wrong) if wrong else (200, b""))

    def _noted(self, method: str, target: str, answer: tuple[int, bytes]) -> tuple[int, bytes]:
        self.answers.append((method, _path(target), answer[0]))
        return answer

    def refusal(self, method: str, target: str, headers: Any) -> tuple[int, str] | None:
        """Return what is wrong with a request: a status and the word for it."""
        address = urlsplit(target)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        if "Authorization" in headers:
            return 400, "InvalidArgument"
        if "X-Amz-Signature" not in query:
            return 403, "AccessDenied"
        return self._wrong(method, address.path, query, headers["Host"])

    def _wrong(
        self, method: str, path: str, query: dict[str, str], host: str
    ) -> tuple[int, str] | None:
        given = query.pop("X-Amz-Signature")
        key, day, region, service, _ = query["X-Amz-Credential"].split("/")
        began = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        lasts = timedelta(seconds=int(query["X-Amz-Expires"]))
        if key != self.access_key or region != self.region or service != "s3":
            return 403, "InvalidAccessKeyId"
        if lasts > MOST or not began <= self.clock() + timedelta(minutes=15) or (
            self.clock() > began + lasts
        ):  # fmt: skip
            return 403, "AccessDenied"
        said = "&".join(f"{_coded(n)}={_coded(query[n])}" for n in sorted(query))
        asked = f"{method}\n{path}\n{said}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
        scope = f"{day}/{region}/s3/aws4_request"
        digest = hashlib.sha256(asked.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{scope}\n{digest}"
        is_right = hmac.compare_digest(given, self._signature(text, scope))
        return None if is_right else (403, "SignatureDoesNotMatch")

    def _signature(self, text: str, scope: str) -> str:
        key = f"AWS4{self.secret_key}".encode()
        for word in scope.split("/"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _path(target: str) -> str:
    return unquote(urlsplit(target).path)


def _coded(text: str) -> str:
    return quote(text, safe="-_.~")


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for the store of its server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(self._store.given(self.command, self.path, self.headers))

    def do_HEAD(self) -> None:
        self._send(self._store.given(self.command, self.path, self.headers))

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(self._store.taken(self.command, self.path, self.headers, content))

    @property
    def _store(self) -> Store:
        return self.server.store  # type: ignore[attr-defined]

    def _send(self, answer: tuple[int, bytes]) -> None:
        status, body = answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def running(store: Store) -> Iterator[Store]:
    """Let the store answer on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.store = store  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _told(status: int, word: str) -> tuple[int, bytes]:
    return status, f"<Error><Code>{word}</Code></Error>".encode()
