"""Certificates between hosts that end soon are named before they do."""

import subprocess

import pytest

from drift import certificates
from drift.machine import Machine


@pytest.fixture
def host(tmp_path):
    (tmp_path / "etc/studium/hosts").mkdir(parents=True)
    return Machine(tmp_path)


def certify(host, name, *, days):
    place = host.root / "etc/studium/hosts" / name
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-days", str(days), "-subj", "/CN=x", "-keyout", place.with_suffix(".key")]
    subprocess.run([*words, "-out", place], check=True, capture_output=True)


def test_one_that_lasts_is_not_named(host):
    certify(host, "client.pem", days=400)
    assert list(certificates.ending(host)) == []


def test_one_that_ends_soon_is_named_with_its_day_and_the_remedy(host):
    certify(host, "client.pem", days=30)
    certify(host, "front.pem", days=400)
    (found,) = certificates.ending(host)
    assert found.where == "/etc/studium/hosts/client.pem"
    assert "GMT" in found.what
    assert found.remedy == "run the playbook"


def test_what_is_no_certificate_is_named(host):
    (host.root / "etc/studium/hosts/client.pem").write_text("nothing")
    (found,) = certificates.ending(host)
    assert "nobody can tell when" in found.what


def test_a_host_without_others_has_none(tmp_path):
    assert list(certificates.ending(Machine(tmp_path))) == []
