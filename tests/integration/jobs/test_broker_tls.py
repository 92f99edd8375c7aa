"""The broker as Ansible sets it up: who shows no certificate of the site is sent away."""

import subprocess
import uuid

import pytest
from tests.integration.jobs import rabbit
from tests.integration.jobs.conftest import ROOT

from config import brokers
from jobs.engines import messages

RULES = ROOT / "deploy/server/etc/rabbitmq/rabbitmq.conf"
OF_A_TEST = "\nlog.console = true\nlog.file = false\nloopback_users = none\n"
pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.skipif(not rabbit.is_installed(), reason=rabbit.REASON),
]


def _openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def _certify(folder, name, rules):
    """Make a key, and a certificate of the site's authority for it."""
    (folder / "rules").write_text(rules)
    new = ("-newkey", "ed25519", "-nodes", "-subj", f"/CN={name}")
    _openssl(folder, "req", *new, "-keyout", f"{name}.key", "-out", "request")
    by = ("-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-days", "2")
    _openssl(
        folder, "x509", "-req", "-in", "request", *by, "-extfile", "rules", "-out", f"{name}.pem"
    )


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hosts")
    new = ("-newkey", "ed25519", "-nodes", "-subj", "/CN=authority", "-days", "2")
    _openssl(folder, "req", "-x509", *new, "-keyout", "authority.key", "-out", "authority.pem")
    server = "subjectAltName=DNS:broker.studium\nextendedKeyUsage=serverAuth\n"
    _certify(folder, "broker", server)
    _certify(folder, "client", "extendedKeyUsage=clientAuth\n")
    return folder


@pytest.fixture(scope="module")
def server(hosts, tmp_path_factory):
    broker = rabbit.Rabbit(tmp_path_factory.mktemp("rabbit"))
    rules = RULES.read_text()
    for ours, tests in {
        "listeners.ssl.default = 5671": f"listeners.ssl.1 = 127.0.0.1:{broker.port}",
        "/etc/studium/hosts/": f"{hosts}/",
        "/etc/rabbitmq/studium": f"{hosts}/broker",
        "disk_free_limit.absolute = 1GB": "disk_free_limit.absolute = 50MB",
    }.items():
        assert ours in rules
        rules = rules.replace(ours, tests)
    (broker.folder / "rabbitmq.conf").write_text(rules + OF_A_TEST)
    try:
        broker.start()
        yield f"amqps://guest:guest@127.0.0.1:{broker.port}/%2F"
    finally:
        broker.end()


@pytest.fixture
def asked(server, hosts, settings):
    """Ask the broker with some settings of TLS changed; those that are None are left out."""

    def ask(**changes):
        settings.BROKER = brokers.from_url(server, hosts=hosts)
        tls = settings.BROKER["ssl"] | changes
        settings.BROKER["ssl"] = {name: value for name, value in tls.items() if value is not None}
        messages.application.cache_clear()
        return messages.CeleryEngine()

    yield ask
    messages.application.cache_clear()


def test_a_host_of_the_site_is_let_in(asked):
    engine = asked()
    engine.send([(uuid.uuid4(), 0)])
    assert engine.waiting() == 1


def test_who_shows_no_certificate_is_sent_away(asked):
    with pytest.raises(messages.BROKEN, match=r"(?i)certificate.required|EOF"):
        asked(certfile=None, keyfile=None).waiting()


def test_another_server_may_not_pass_for_the_broker(asked):
    with pytest.raises(messages.BROKEN, match="Hostname mismatch"):
        asked(server_hostname="other.studium").waiting()
