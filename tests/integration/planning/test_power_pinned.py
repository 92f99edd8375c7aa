"""A host's name is looked up once, and what was found is asked under that name, by https alone."""

import http.server
import ssl
import subprocess
import threading

import pytest

from planning.errors import AddressSilent
from planning.services.power_fetch import Fetcher

HOST = "maps.example.org"
ADDRESS = f"https://{HOST}/faces.nii.gz"


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{self.headers['Host']} {self.path}".encode())

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of https on this machine that shows a certificate for the host's name."""
    folder = tmp_path_factory.mktemp("pinned")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}",
         "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    secret = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secret.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made.socket = secret.wrap_socket(made.socket, server_side=True)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    made.certificate = folder / "cert.pem"
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def fetcher(server):
    def made(**changes):
        asked = []

        def look_up(host, _port):
            asked.append(host)
            return ["127.0.0.1"]

        usual = {
            "hosts": frozenset([HOST]), "look_up": look_up, "may_connect": lambda _: True,
            "port": server.server_port,
            "trust": ssl.create_default_context(cafile=str(server.certificate)),
        }  # fmt: skip
        found = Fetcher(**usual | changes)
        return found, asked

    return made


def test_the_address_that_was_found_is_asked_under_its_name(fetcher, server):
    found, asked = fetcher()
    content = b"".join(found.pieces(ADDRESS)).decode()
    assert content == f"{HOST}:{server.server_port} /faces.nii.gz"
    assert asked == [HOST], "it is looked up once, so the answer cannot change in between"


def test_a_server_that_is_somebody_else_is_not_read(fetcher):
    found, _ = fetcher(hosts=frozenset(["other.example.org"]))
    with pytest.raises(AddressSilent, match="could not be read"):
        list(found.pieces("https://other.example.org/faces.nii.gz"))


def test_a_certificate_of_nobody_that_is_known_is_not_trusted(fetcher):
    found, _ = fetcher(trust=ssl.create_default_context())
    with pytest.raises(AddressSilent):
        list(found.pieces(ADDRESS))
