"""nginx itself, with the servers' own rules: what it sends of mounted shares, and to whom not."""

import contextlib
import http.client
import os
import socket
import struct
import subprocess
import threading
import time

import pytest

from laptop import facts, front, packages, secrets_file
from laptop.sites import port_of

pytestmark = pytest.mark.skipif(packages.find("nginx") is None, reason="nginx is not installed")
CONTENT = b"0123456789" * 100


class Application(threading.Thread):
    """Answers each request over uwsgi's protocol with a redirect to what its path names."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.asked = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        path.chmod(0o777)
        self._listener.listen()

    def run(self):
        with contextlib.suppress(OSError):  # closed at the end
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    self._answer(connection)

    def _answer(self, connection):
        size = struct.unpack("<xHx", connection.recv(4, socket.MSG_WAITALL))[0]
        data, variables = connection.recv(size, socket.MSG_WAITALL), []
        while data:
            length = struct.unpack("<H", data[:2])[0]
            variables.append(data[2 : 2 + length].decode())
            data = data[2 + length :]
        facts = dict(zip(variables[::2], variables[1::2], strict=True))
        self.asked.append(facts)
        if "/gone/" in facts["REQUEST_URI"]:
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        target = facts["REQUEST_URI"].removeprefix("/alyx/data")
        lines = ["HTTP/1.1 200 OK", "Content-Type: application/octet-stream", "Content-Length: 0",
                 f"X-Accel-Redirect: {target}"]  # fmt: skip
        connection.sendall("\r\n".join([*lines, "", ""]).encode())

    def close(self):
        with contextlib.suppress(OSError):  # it is closed already
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def sites(clone):
    """One site, at a port that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clone.site_root("staging").mkdir(parents=True)
    facts.write(clone.site_file("staging"), facts.first("staging", port, "run"))
    secrets_file.ensure(clone.site_root("staging") / "secrets.env")
    return clone.sites()


@pytest.fixture
def mounts(sites):
    folder = sites[0].folder("mounts")
    (folder / "share" / "#rev#").mkdir(parents=True)
    (folder / "share" / "#rev#" / "a b.npy").write_bytes(CONTENT)
    return folder


@pytest.fixture
def application(clone, sites, mounts):
    site = sites[0]
    site.live_socket.parent.mkdir(parents=True, exist_ok=True)
    application = Application(site.live_socket)
    application.start()
    front.prepare(clone, sites)
    words = [packages.find("nginx"), "-p", str(clone.front), "-e", f"{clone.front}/error.log"]
    server = subprocess.Popen([*words, "-c", f"{clone.front}/nginx.conf"])
    try:
        _wait(server, port_of(site))
        yield application
    finally:
        server.terminate()
        server.wait(10)
        application.close()


def _wait(server, port):
    for _ in range(200):
        assert server.poll() is None
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("nginx does not listen")


@pytest.fixture
def ask(application, sites):
    def asked(path, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port_of(sites[0]), timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(connection):
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            return answer, answer.read()

    return asked


FILE = "/alyx/data/mounted/share/%23rev%23/a%20b.npy"


def test_a_file_of_a_share_is_sent_in_pieces_too(ask):
    answer, body = ask(FILE)
    assert (answer.status, body, answer.headers["Content-Length"]) == (200, CONTENT, "1000")
    answer, body = ask(FILE, Range="bytes=990-")
    assert (answer.status, body) == (206, CONTENT[990:])
    answer, body = ask(FILE, Range="bytes=990-", If_Range='"another"')
    assert (answer.status, body) == (200, CONTENT)
    answer, body = ask(FILE, "HEAD")
    assert (answer.status, body, answer.headers["Content-Length"]) == (200, b"", "1000")


def test_the_application_hears_that_nginx_may_send_what_lies_there(ask, application, mounts):
    ask(FILE, Studium_Mounts="/etc")
    assert application.asked[-1]["STUDIUM_MOUNTS"] == str(mounts.resolve())


@pytest.mark.parametrize(
    "path", ["/mounted/share/%23rev%23/a%20b.npy", "/mounted/../mounts/share", "/mounted/"]
)
def test_nobody_reaches_a_share_past_the_application(ask, application, path):
    answer, body = ask(path.replace("/mounted", "/gone/../mounted"))
    assert answer.status == 404
    assert CONTENT not in body


def test_a_link_is_not_followed_even_when_the_application_names_it(ask, mounts, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (mounts / "share" / "link").symlink_to(tmp_path / "secret")
    (mounts / "share" / "folder").symlink_to(tmp_path)
    for path in ("link", "folder/secret", "../../../secret"):
        answer, body = ask(f"/alyx/data/mounted/share/{path}")
        assert answer.status in {403, 404, 502}, path
        assert b"secret" not in body
    assert os.path.realpath(mounts / "share" / "link") == str((tmp_path / "secret").resolve())


KEYS = ["take", "run", "withdraw", "accounts/welcome", "accounts/password/reset"]


def logs_once(clone, tell):
    """Return what nginx wrote once one log tells of it: it answers first and writes then."""
    limit = time.monotonic() + 10
    while True:
        texts = [file.read_text() for file in clone.front.glob("*.log")]
        if any(tell(text) for text in texts):
            return texts
        assert time.monotonic() < limit, texts
        time.sleep(0.05)


@pytest.mark.parametrize("path", [f"{way}/SECRET/" for way in KEYS])
def test_an_address_that_is_a_secret_is_in_no_log(ask, application, clone, path):
    ask(f"/{path}gone/")
    ask("/after/gone/")
    application.close()  # now nginx has errors to tell of
    ask(f"/{path}")
    texts = logs_once(clone, lambda text: "[redacted]" in text and "/after/" in text)
    assert not any("SECRET" in text for text in texts)
