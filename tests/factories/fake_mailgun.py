"""Mailgun's one address that we use: it notes what it was sent and says what a test wants."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Mailgun:
    """What was asked, and what is answered; the last answer is given for ever."""

    key: str
    answers: list[int] = field(default_factory=lambda: [200])
    silent_s: float = 0.0
    moved_to: str = ""
    paths: list[str] = field(default_factory=list)
    told: list[tuple[list[str], Message]] = field(default_factory=list)
    url: str = ""

    def status(self, headers: Any) -> int:
        proof = base64.b64encode(f"api:{self.key}".encode()).decode()
        if headers["Authorization"] != f"Basic {proof}":
            return 401
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        fake: Mailgun = self.server.fake  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fake.paths.append(self.path)
        time.sleep(fake.silent_s)
        status = fake.status(self.headers)
        if status == 200:
            fake.told.append(_read(self.headers["Content-Type"], body))
        self.send_response(status)
        if fake.moved_to:
            self.send_header("Location", fake.moved_to)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: Any) -> None:
        return


def _read(kind: str, body: bytes) -> tuple[list[str], Message]:
    """Take a form apart: to whom, and the message."""
    form = BytesParser(policy=default).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    assert isinstance(form, EmailMessage)
    fields = [(p.get_param("name", header="Content-Disposition"), p) for p in form.iter_parts()]
    to = [part.get_payload() for name, part in fields if name == "to"]
    (mime,) = [part.get_payload(decode=True) for name, part in fields if name == "message"]
    return to, BytesParser(policy=default).parsebytes(mime)  # type: ignore[arg-type]


@contextmanager
def running(fake: Mailgun) -> Iterator[Mailgun]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.fake = fake  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
