"""Who reaches a site: its own networks and the exceptions, by IPv4 and IPv6, twice over."""

import json
from contextlib import contextmanager

import pytest
from tests.fleet import fleet
from tests.fleet.image import run
from tests.fleet.machines import CONTROLLER
from tests.fleet.test_front import HEADERS
from tests.fleet.visitors import Visitor

INSIDE6, HOST6 = "fd77::1", "fd77::11"
# Addresses kept for examples: no laboratory has them, and no internal network.
OUTSIDE = {"4": "198.51.100.7", "6": "2001:db8:7::7"}
EXCEPTION = {"4": "203.0.113.9", "6": "2001:db8:9::9"}
FIREWALL = "nft -f /etc/nftables.conf"


@pytest.fixture(scope="module")
def roads(provisioned):
    """The controller has addresses of all kinds, and the host finds its way back to each."""
    there = [*OUTSIDE.values(), *EXCEPTION.values()]
    inside = ("ip", "-n", CONTROLLER, "addr")
    for address in (f"{INSIDE6}/64", *(f"{one}/{128 if ':' in one else 32}" for one in there)):
        words = [*inside, "replace", address, "dev", "hosts"]
        run(*words, *(["nodad"] if ":" in address else []))
    guest = ("ip", "-n", provisioned.namespace)
    run(*guest, "addr", "replace", f"{HOST6}/64", "dev", "host0", "nodad")
    for address in there:
        via = INSIDE6 if ":" in address else "10.77.0.1"
        run(*guest, *(["-6"] if ":" in address else []), "route", "replace", address, "via", via)
    yield provisioned
    for address in there:
        run(*guest, *(["-6"] if ":" in address else []), "route", "del", address)
        run(*inside, "del", f"{address}/{128 if ':' in address else 32}", "dev", "hosts")


def ask(host, address, path="/health/", scheme="https"):
    """Ask from one of the controller's addresses."""
    there = HOST6 if ":" in address else host.address
    name, port = fleet.domain(host.name), 443 if scheme == "https" else 80
    road = f"{name}:{port}:[{there}]" if ":" in there else f"{name}:{port}:{there}"
    patience_s = "2" if address in OUTSIDE.values() else "15"  # silence is what is hoped for there
    flags = ("--interface", address, "--resolve", road, "--max-time", patience_s)
    return fleet.ask(host, path, *flags, scheme=scheme, check=False)


@contextmanager
def without_firewall(host):
    host.ssh("nft flush ruleset")
    try:
        yield
    finally:
        host.ssh(FIREWALL)


@contextmanager
def provisioned_with(host, **facts):
    """Provision other networks, and put back what was there."""
    rules = "/etc/nginx/studium-networks.conf /etc/studium/networks.nft"
    host.ssh(f"for f in {rules}; do cp -p $f $f.kept; done")
    try:
        told = fleet.provision(host, "--tags", "networks", "-e", json.dumps(facts))
        assert not told.failed, told.text
        yield
    finally:
        host.ssh(f"for f in {rules}; do mv $f.kept $f; done; nginx -s reload; {FIREWALL}")


@pytest.mark.parametrize("kind", ["4", "6"])
def test_from_outside_nothing_answers_and_from_inside_everything(staging, roads, kind):
    assert ask(staging, OUTSIDE[kind]).status == 0
    assert ask(staging, OUTSIDE[kind], scheme="http").status == 0
    assert ask(staging, "10.77.0.1" if kind == "4" else INSIDE6).status == 200


@pytest.mark.parametrize("kind", ["4", "6"])
def test_should_the_firewall_be_down_nginx_lets_nobody_in_either(staging, roads, kind):
    with without_firewall(staging):
        for path in ("/health/", "/accounts/sign-in/", "/static/x.css", "/accounts/welcome/x/"):
            answer = ask(staging, OUTSIDE[kind], path)
            assert answer.status == 403, path
            assert "Not open to you from here" in answer.body
            assert set(answer.headers) >= HEADERS
        assert ask(staging, "10.77.0.1" if kind == "4" else INSIDE6).status == 200


def test_should_nginx_let_everybody_in_the_firewall_does_not(staging, roads):
    rules = "/etc/nginx/studium-networks.conf"
    staging.ssh(f"cp -p {rules} /root/kept; echo 'allow all;' > {rules}; nginx -s reload; sleep 1")
    try:
        assert ask(staging, OUTSIDE["4"]).status == 0
        assert ask(staging, OUTSIDE["6"]).status == 0
    finally:
        staging.ssh(f"mv /root/kept {rules}; nginx -s reload")


def test_an_exception_comes_in_and_its_neighbour_does_not(staging, roads):
    given = [{"network": one, "why": "the hospital's office"} for one in EXCEPTION.values()]
    with provisioned_with(staging, site_exceptions=given):
        for kind in ("4", "6"):
            assert ask(staging, EXCEPTION[kind]).status == 200, kind
            assert ask(staging, OUTSIDE[kind]).status == 0, kind
        assert (
            "# exception: 203.0.113.9, the hospital's office"
            in staging.ssh("cat /etc/studium/networks.nft").stdout
        )
    assert ask(staging, EXCEPTION["4"]).status == 0


def test_an_authority_sees_the_proof_of_our_name_and_nothing_else(staging, roads):
    proof = "/.well-known/acme-challenge/x"
    staging.ssh(f"mkdir -p /var/www/acme$(dirname {proof}); echo proven > /var/www/acme{proof}")
    with provisioned_with(staging, acme_networks=["0.0.0.0/0", "::/0"]):
        for outside in OUTSIDE.values():
            answer = ask(staging, outside, proof, scheme="http")
            assert (answer.status, answer.body) == (200, "proven\n")
            assert ask(staging, outside, "/accounts/", scheme="http").status in {301, 403}
            assert ask(staging, outside).status == 0
    assert ask(staging, OUTSIDE["4"], proof, scheme="http").status == 0


@pytest.mark.parametrize("wrong", ["10.0.0.0/8; } evil", "everybody", "10.0.0", "::/0 accept"])
def test_what_is_no_network_is_refused_before_anything_is_written(staging, wrong):
    before = staging.ssh("sha256sum /etc/studium/networks.nft").stdout
    facts = json.dumps({"site_networks": [wrong]})
    told = fleet.provision(staging, "--tags", "networks", "-e", facts)
    assert told.failed
    assert "is no network" in told.text
    assert staging.ssh("sha256sum /etc/studium/networks.nft").stdout == before


def test_a_reload_of_the_firewall_leaves_no_gap(staging, roads):
    """The rules are replaced as one: nobody slips in meanwhile, and nobody is dropped."""
    reload = "for i in $(seq 20); do systemctl reload nftables; done"
    with Visitor(staging) as visitor:
        staging.ssh(f"systemctl reset-failed nftables; {reload}")
        assert ask(staging, OUTSIDE["4"]).status == 0
    assert set(visitor.answers) == {200}


def test_ssh_has_networks_of_its_own(staging):
    told = staging.ssh("nft list set inet studium ssh_networks").stdout
    assert "0.0.0.0/0" in told
