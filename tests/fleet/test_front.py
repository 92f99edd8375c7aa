"""The front of a real host: TLS, names, and the headers of every answer."""

import pytest
from tests.fleet import fleet
from tests.fleet.machines import controller

HEADERS = {
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "content-security-policy",
}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/accounts/sign-in/", 200),
        ("/health/", 200),
        ("/nothing-here/", 404),
        ("/static/nothing-here.css", 404),
        ("/protected/secret", 404),
        ("/accounts/sign-in/%00", 400),
    ],
)
def test_every_answer_has_every_header_once(staging, path, status):
    answer = fleet.ask(staging, path)
    assert answer.status == status
    assert set(answer.headers) >= HEADERS
    assert answer.headers["server"] == "nginx"


def test_a_body_that_is_too_large_is_refused_with_every_header(staging):
    answer = fleet.ask(staging, "/accounts/sign-in/", "-H", "Content-Length: 90000000", "-d", "x")
    assert answer.status == 413
    assert set(answer.headers) >= HEADERS


def test_plain_http_leads_to_https(staging):
    answer = fleet.ask(staging, "/accounts/", scheme="http")
    assert answer.status == 301
    assert answer.headers["location"] == "https://staging.studium.test/accounts/"


def test_an_unknown_name_gets_neither_certificate_nor_answer(staging):
    assert fleet.ask(staging, "/", name="other.example.org", check=False).status == 0
    assert fleet.ask(staging, "/", name="other.example.org", scheme="http", check=False).status == 0


@pytest.mark.parametrize(("version", "taken"), [("1.1", False), ("1.2", True), ("1.3", True)])
def test_old_tls_is_not_spoken(staging, version, taken):
    flags = (f"--tlsv{version}", "--tls-max", version, "--ciphers", "DEFAULT@SECLEVEL=0")
    answer = fleet.ask(staging, "/health/", *flags, check=False)
    assert (answer.status == 200) == taken


def test_while_the_site_is_down_the_page_says_so_with_every_header(staging):
    staging.ssh("systemctl stop studium-emperor")
    try:
        answer = fleet.ask(staging, "/")
        assert answer.status == 502
        assert "Nothing is lost" in answer.body
        assert set(answer.headers) >= HEADERS
    finally:
        staging.ssh("systemctl start studium-emperor; systemctl restart studium-recover")


def test_a_broken_rule_is_never_loaded(staging):
    staging.ssh("nginx -t -q")
    assert staging.ssh("sshd -t").stderr == ""


def test_from_outside_its_networks_staging_is_not_to_be_reached(staging):
    """The address is one that no internal network has."""
    outside = ("198.51.100.7/32", "dev", "hosts")
    controller("ip", "addr", "add", *outside)
    staging.ssh("ip route add 198.51.100.7 via 10.77.0.1")
    try:
        flags = ("--interface", "198.51.100.7", "--max-time", "2")
        assert fleet.ask(staging, "/health/", *flags, check=False).status == 0
        assert fleet.ask(staging, "/health/").status == 200
    finally:
        staging.ssh("ip route del 198.51.100.7")
        controller("ip", "addr", "del", *outside)


def test_only_ssh_and_the_web_listen(staging):
    told = staging.ssh("ss -Hltn | grep -v 127.0.0.1 | grep -v '\\[::1\\]'").stdout
    ports = {line.split()[3].rpartition(":")[2] for line in told.splitlines()}
    assert ports == {"22", "80", "443"}
