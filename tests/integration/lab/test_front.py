"""Files of mounted shares by way of a real nginx, with the rule that servers have for it.

The rule is cut out of deploy/server; only what a host says itself (where the shares are) is added.
In front of the application stands a plain proxy here, where servers speak uWSGI's protocol.
"""

import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from django.test.testcases import QuietWSGIRequestHandler
from tests.factories import lab as make

from accounts.services import tokens
from lab import models

SITE = Path(__file__).resolve().parents[3] / "deploy/server/etc/nginx/studium/site.conf"
CONTENT = b"0123456789" * 1000
PATH = "KS001/2026-03-02/001/alf/#2026-04-01#/spikes.times ä.npy"
CONF = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; {user}
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
    fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port};
        set $studium_mounted {mounts}; set $studium_hsts_always "";
        {rule}
        location / {{ proxy_pass {upstream}; proxy_set_header Host $http_host; }}
    }}
}}
"""


@dataclass(frozen=True)
class File:
    """Where a file lies, and where it is asked for."""

    place: Path
    address: str


@pytest.fixture
def mounts(settings, tmp_path):
    settings.MOUNTS = tmp_path / "mounts"
    settings.MOUNTS.mkdir()
    return settings.MOUNTS


@pytest.fixture
def front(live_server, mounts, tmp_path, monkeypatch):
    """Start nginx before the test's server, and return its address."""
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    _say_what_servers_say(monkeypatch, mounts)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / "nginx"
    folder.mkdir()
    rule = re.search(r"^location /mounted/ \{.*?^\}", SITE.read_text(), re.DOTALL | re.MULTILINE)[0]
    user = "user root;" if Path("/").owner() == Path.home().owner() == "root" else ""
    conf = folder / "nginx.conf"
    conf.write_text(CONF.format(folder=folder, port=port, mounts=mounts, rule=rule, user=user,
                                upstream=live_server.url))  # fmt: skip
    process = subprocess.Popen([program, "-e", folder / "error.log", "-c", conf])
    _wait(port, process)
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGTERM)
    process.wait(10)


def _say_what_servers_say(monkeypatch, mounts):
    """Let the test's server know by its environment, as uWSGI does, what nginx may send."""
    plain = QuietWSGIRequestHandler.get_environ

    def told(self):
        return plain(self) | {"STUDIUM_MOUNTS": str(mounts)}

    monkeypatch.setattr(QuietWSGIRequestHandler, "get_environ", told)


def _wait(port, process):
    for _ in range(200):
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("nginx does not answer")


@pytest.fixture
def file(mounts, alder, alice):
    """A file on a share, with its dataset."""
    folder = mounts / "share"
    place = folder / PATH
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    share = make.made(models.Repository, name="share", folder=str(folder), is_personal=False)
    session = make.session(make.subject(alder, alice), alice)
    kind = make.made(models.DatasetType, name="spikes.times")
    form = make.made(models.DataFormat, name="npy", file_extension=".npy")
    dataset = make.made(models.Dataset, session=session, lab=alder, name="spikes.times.npy",
                        collection="alf", type=kind, format=form)  # fmt: skip
    make.made(models.FileRecord, dataset=dataset, repository=share, relative_path=PATH,
              exists=True)  # fmt: skip
    return File(place, f"alder/Subjects/KS001/2026-03-02/001/alf/spikes.times.{dataset.pk}.npy")


@pytest.fixture
def fetch(front, file):
    def fetched(person=None, **headers):
        if person:
            _token, secret = tokens.create_token(user=person, name="test", scope="read")
            headers["Authorization"] = f"Token {secret}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.get(f"{front}/alyx/data/{file.address}", headers=named, timeout=10)

    return fetched


def test_nginx_sends_the_file_that_the_application_allows(fetch, alice):
    whole = fetch(alice)
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert whole.headers["Server"].startswith("nginx")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Accel-Redirect" not in whole.headers
    piece = fetch(alice, Range="bytes=10-19")
    assert (piece.status_code, piece.content) == (206, CONTENT[10:20])
    assert fetch(alice, If_None_Match=whole.headers["ETag"]).status_code == 304


def test_whoever_may_not_gets_nothing_by_it(fetch, bob):
    for answer in (fetch(bob), fetch()):
        assert answer.status_code in {401, 403, 404}
        assert CONTENT[:20] not in answer.content


def test_nobody_reaches_a_share_by_its_own_address(front, file, mounts):
    below = file.place.relative_to(mounts)
    for address in (f"{front}/mounted/{below}", f"{front}/mounted/../mounted/{below}",
                    f"{front}//mounted/{below}"):  # fmt: skip
        answer = requests.get(address.replace("#", "%23"), timeout=10)
        assert answer.status_code == 404, address
        assert CONTENT[:20] not in answer.content


def test_a_link_out_of_the_shares_is_not_followed(fetch, file, alice, tmp_path):
    """It was a file when the application looked, and is a link when nginx does."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret" * 10)
    file.place.unlink()
    file.place.symlink_to(secret)
    answer = fetch(alice)
    assert answer.status_code in {403, 404}
    assert b"secret" not in answer.content
