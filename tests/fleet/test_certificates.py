"""Certificates by ACME: an authority in the fleet gives them, and renewal fails nobody."""

import json
import threading
import time
from collections import Counter

import pytest
from tests.fleet import fleet, image
from tests.fleet.machines import Host, controller

DIRECTORY = "https://certificates.studium.test:14000/dir"
ASK = "systemctl start studium-certificate.service"
PEBBLE = {
    "listenAddress": "0.0.0.0:14000",
    "managementListenAddress": "0.0.0.0:15000",
    "certificate": "/root/pebble.pem",
    "privateKey": "/root/pebble.key",
    "httpPort": 80,
    "tlsPort": 443,
    "ocspResponderURL": "",
    "externalAccountBindingRequired": False,
}
UNIT = """
[Service]
Environment=PEBBLE_VA_NOSLEEP=1
ExecStart=/usr/bin/pebble -config /root/pebble.json
"""


@pytest.fixture(scope="module")
def authority(machine):
    """A host on which Debian's pebble plays the authority."""
    host = Host("certificates")
    try:
        host.create(image.tree())
        host.start()
        host.wait()
        host.ssh("apt-get install -y -q --no-install-recommends pebble")
        certificate = fleet.certify("certificates")
        files = {"pebble.pem": certificate.with_suffix(".pem").read_text()}
        files |= {"pebble.key": certificate.with_suffix(".key").read_text()}
        for name, text in (files | {"pebble.json": json.dumps({"pebble": PEBBLE})}).items():
            host.ssh(f"cat > /root/{name}", stdin=text)
        host.ssh("cat > /etc/systemd/system/pebble.service", stdin=UNIT)
        host.ssh("systemctl start pebble")
        yield host
    finally:
        host.destroy()


def trusted(authority, folder):
    """Return a file with the fleet's authority and the one that pebble has made for itself."""
    words = ["curl", "-sS", "--cacert", fleet.authority(), "--retry", "5", "--retry-all-errors"]
    name = "certificates.studium.test"
    words += ["--resolve", f"{name}:15000:{authority.address}"]
    told = [controller(*words, f"https://{name}:15000/{what}/0").stdout
            for what in ("roots", "intermediates")]  # fmt: skip
    bundle = folder / "trusted.pem"
    bundle.write_text("".join([fleet.authority().read_text(), *told]))
    return bundle


@pytest.fixture(scope="module")
def renewing(staging_module, authority, tmp_path_factory):
    """Staging, provisioned to ask for its certificate; yields the host and whom to trust."""
    host = staging_module
    facts = {"site_certificate": "", "site_certificate_key": "", "acme_directory": DIRECTORY}
    facts |= {"acme_authority": str(fleet.authority()), "acme_contact": "ann@lab.test"}
    told = fleet.provision(host, "-e", json.dumps(facts))
    assert not told.failed, told.text
    assert "gave no certificate yet" not in told.text
    again = fleet.provision(host, "-e", json.dumps(facts))
    assert (again.changed, again.failed) == (0, 0), again.text
    yield host, trusted(authority, tmp_path_factory.mktemp("authority"))
    back = fleet.provision(host)
    assert not back.failed, back.text


@pytest.fixture(scope="module")
def staging_module(provisioned, first_push):
    assert first_push[1].returncode == 0, first_push[1].stdout
    return provisioned


def ask(host, bundle, path="/health/"):
    return fleet.ask(host, path, "--cacert", bundle, check=False)


def serial(host):
    line = "openssl s_client -connect 127.0.0.1:443 -servername staging.studium.test </dev/null"
    return host.ssh(f"{line} 2>/dev/null | openssl x509 -noout -serial").stdout


class Crowd(threading.Thread):
    """Asks all the time, trusting whom it is told to trust, and counts."""

    def __init__(self, host, bundle):
        super().__init__(daemon=True)
        self.host, self.bundle = host, bundle
        self.answers, self.over = Counter(), threading.Event()

    def run(self):
        while not self.over.wait(0.03):
            self.answers[ask(self.host, self.bundle, "/accounts/sign-in/").status] += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def renew(host):
    """Make renewal due, and let the units do what the timer lets them do."""
    host.ssh(f"rm -f /var/lib/studium-acme/chain.pem; {ASK}", check=False)
    end = time.monotonic() + 30
    quiet = "systemctl is-active studium-certificate-install"
    while "inactive" not in host.ssh(quiet, check=False).stdout and time.monotonic() < end:
        time.sleep(0.2)


def test_a_host_gets_its_certificate_while_it_is_provisioned(renewing):
    host, bundle = renewing
    assert ask(host, bundle).status == 200
    assert "Pebble" in host.ssh("openssl x509 -in /etc/studium/tls/site.pem -noout -issuer").stdout
    assert host.ssh("systemctl is-enabled studium-certificate.timer").stdout == "enabled\n"
    checks = fleet.ask(host, "/health/ready/", "--cacert", bundle).json()["checks"]
    assert checks["certificate"]["ok"], checks


def test_renewal_under_traffic_fails_nobody(renewing):
    host, bundle = renewing
    seen = {serial(host)}
    with Crowd(host, bundle) as one, Crowd(host, bundle) as two:
        for _ in range(3):
            renew(host)
            seen.add(serial(host))
    assert len(seen) == 4
    assert set(one.answers) == set(two.answers) == {200}
    assert min(one.answers[200], two.answers[200]) > 20


def test_what_holds_is_not_asked_for_again(renewing):
    host, _ = renewing
    before = serial(host)
    host.ssh(ASK)
    told = host.ssh("journalctl -u studium-certificate -n 5 -o cat --no-pager").stdout
    assert "nothing to do" in told
    assert serial(host) == before


def test_a_failing_authority_leaves_the_certificate(renewing, authority):
    host, bundle = renewing
    before = serial(host)
    authority.ssh("systemctl stop pebble")
    try:
        with Crowd(host, bundle) as crowd:
            renew(host)
        told = host.ssh("journalctl -u studium-certificate -n 20 -o cat --no-pager").stdout
        assert "gave no certificate; the one in place stays" in told
        assert serial(host) == before
        assert set(crowd.answers) == {200}
    finally:
        authority.ssh("systemctl start pebble")
        host.ssh("systemctl reset-failed")


@pytest.mark.parametrize("fault", ["garbage", "another key"])
def test_a_certificate_that_does_not_fit_is_not_taken_over(renewing, fault):
    host, _ = renewing
    before = serial(host)
    given = "/var/lib/studium-acme/chain.pem"
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null"
    make = {"garbage": "echo garbage", "another key": f"{made} -subj /CN=x 2>/dev/null"}[fault]
    try:
        host.ssh(f"cp -p {given} /root/given; {make} > {given}")
        done = host.ssh("systemctl start studium-certificate-install", check=False)
        assert done.returncode != 0
        assert serial(host) == before
    finally:
        host.ssh(f"cp -p /root/given {given}; systemctl reset-failed")


def test_when_nginx_would_not_start_with_it_the_old_one_is_back(renewing):
    """Somebody has left a rule half written: nothing is reloaded, and what is served goes on."""
    host, bundle = renewing
    before, chain = serial(host), host.ssh("sha256sum /etc/studium/tls/site.pem").stdout
    host.ssh("cp -p /etc/nginx/nginx.conf /root/nginx.conf; echo '}' >> /etc/nginx/nginx.conf")
    try:
        renew(host)
        assert "before is in place again" in host.ssh(
            "journalctl -u studium-certificate-install -n 20 -o cat --no-pager"
        ).stdout or "failed" in host.ssh("systemctl is-failed studium-certificate-install",
                                         check=False).stdout  # fmt: skip
        assert serial(host) == before
        assert host.ssh("sha256sum /etc/studium/tls/site.pem").stdout == chain
        assert ask(host, bundle).status == 200
    finally:
        host.ssh("cp -p /root/nginx.conf /etc/nginx/nginx.conf; systemctl reset-failed; "
                 "systemctl start studium-certificate-install")  # fmt: skip


def test_who_asks_for_certificates_sees_no_key_of_the_site(renewing):
    host, _ = renewing
    for file in ("/etc/studium/tls/site.key", "/srv/studium/secrets.env", "/etc/shadow"):
        assert host.ssh(f"runuser -u studium-acme -- cat {file}", check=False).returncode != 0
    for file in ("/etc/studium/tls/site.pem", "/etc/studium/acme/site.csr", "/var/www/acme/x"):
        line = f"runuser -u studium-acme -- sh -c 'echo >> {file}'"
        assert host.ssh(line, check=False).returncode != 0, file


def test_its_units_are_locked_in(renewing):
    host, _ = renewing
    for unit in ("studium-certificate.service", "studium-certificate-install.service"):
        told = host.ssh(f"systemd-analyze security --no-pager {unit} | tail -n1").stdout
        assert float(told.split(": ")[1].split()[0]) <= 2.5, told


def test_a_host_that_stops_asking_keeps_nothing_of_it(renewing):
    host, _ = renewing
    off = fleet.provision(host)
    assert not off.failed, off.text
    again = fleet.provision(host)
    assert (again.changed, again.failed) == (0, 0), again.text
    left = (
        "ls -d /etc/systemd/system/*/studium-certificate* /etc/systemd/system/studium-certificate* "
    )
    left += "/etc/studium/acme /var/lib/studium-acme /var/www/acme/.well-known"
    assert host.ssh(f"{left} 2>/dev/null", check=False).stdout == ""
    timers = host.ssh("systemctl list-timers --all --no-legend").stdout
    assert "studium-certificate" not in timers
    assert fleet.ask(host, "/health/").status == 200
