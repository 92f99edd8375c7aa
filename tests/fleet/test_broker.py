"""The broker of a site: hosts of the site sign in by TLS, with a certificate and a password."""

import pytest
from tests.fleet import amqp
from tests.fleet.machines import Host

BROKER, WORKER, MAIN = map(Host, ("broker", "worker", "main"))
OWN = ("/etc/studium/hosts/client.pem", "/etc/studium/hosts/client.key")


@pytest.fixture
def url(family):
    """Where the worker finds the broker, and by which password."""
    return WORKER.ssh("sed -n 's/^BROKER_URL=//p' /etc/studium/broker.env").stdout.strip()


def test_a_host_of_the_site_signs_in_by_tls_and_may_make_a_queue(url):
    told = amqp.sign_in(WORKER, url, *OWN)
    assert told.stdout == "signed in, and a queue was made\n", told.stderr


def test_without_a_certificate_nobody_gets_to_the_password(url):
    told = amqp.sign_in(WORKER, url)
    assert told.returncode != 0
    assert "signed in" not in told.stdout


@pytest.mark.parametrize("name", ["guest:guest", "studium:wrong", "studium:"])
def test_a_guest_and_a_wrong_password_are_refused(url, name):
    own, _, rest = url.partition("//")[2].partition("@")
    assert own != name
    told = amqp.sign_in(WORKER, f"amqps://{name}@{rest}", *OWN)
    assert told.returncode != 0
    assert "refused" in told.stderr or "hung up" in told.stderr


def test_there_is_no_other_virtual_host(url):
    told = amqp.sign_in(WORKER, f"{url.rpartition('/')[0]}//", *OWN)
    assert told.returncode != 0


def test_nothing_is_spoken_without_tls(url):
    for port in (5672, 5671):
        plain = url.replace("amqps", "amqp").replace("5671", str(port))
        told = amqp.sign_in(BROKER, plain, *OWN)
        assert told.returncode != 0
        assert "signed in" not in told.stdout


def test_the_broker_keeps_to_itself_what_is_not_for_others(family):
    told = BROKER.ssh("ss -Hltn").stdout.splitlines()
    places = {line.split()[3].rpartition(":")[::2] for line in told}
    open_to_all = {port for address, port in places if not address.startswith(("127.", "[::1]"))}
    assert open_to_all == {"22", "5671"}
    assert BROKER.ssh("rabbitmqctl -q --no-table-headers list_users").stdout.split() == [
        "studium",
        "[]",
    ]
    assert BROKER.ssh("rabbitmqctl -q --no-table-headers list_vhosts").stdout == "studium\n"
    plugins = BROKER.ssh("rabbitmq-plugins -q list --enabled --minimal").stdout
    assert plugins.split() == []


def test_the_broker_is_locked_in_and_its_password_is_secret(family):
    unit = BROKER.ssh("systemd-analyze security --no-pager rabbitmq-server | tail -n1").stdout
    assert float(unit.rpartition(": ")[2].split()[0]) <= 2.5
    for host in (MAIN, WORKER):
        told = host.ssh("stat -c '%U:%G %a' /etc/studium/broker.env").stdout
        assert told == "root:studium 640\n"
    assert BROKER.ssh("grep -rl BROKER_URL /etc", check=False).stdout == ""


def test_the_broker_comes_back_after_a_power_cut(url):
    BROKER.cut_power()
    BROKER.start()
    assert BROKER.wait(120) == "running"
    BROKER.ssh("timeout 60 rabbitmqctl -q await_startup")
    told = amqp.sign_in(WORKER, url, *OWN)
    assert told.stdout == "signed in, and a queue was made\n", told.stderr
