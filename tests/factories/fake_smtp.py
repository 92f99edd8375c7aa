"""A mail server on this machine that keeps what it is given."""

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

HELLO, OK, GO_ON, BYE = b"220 here\r\n", b"250 OK\r\n", b"354 go on\r\n", b"221 bye\r\n"


class Mailbox:
    """What has come: the addresses of the envelope, and the message."""

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], Any]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


@contextmanager
def running() -> Iterator[Mailbox]:
    box = Mailbox()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(HELLO)
            to: list[str] = []
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word == b"RCPT":
                    to.append(line.decode().partition("<")[2].partition(">")[0])
                if word == b"DATA":
                    self.wfile.write(GO_ON)
                    box.messages.append((to, self._message()))
                    to = []
                self.wfile.write(BYE if word == b"QUIT" else OK)
                if word == b"QUIT":
                    return

        def _message(self) -> Any:
            lines = []
            while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                lines.append(line.removeprefix(b"."))
            return email.message_from_bytes(b"".join(lines), policy=email.policy.default)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        box.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
