"""The broker's address: what is refused, and when another host may pass for it (never)."""

import ssl

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import brokers
from config.environment import Environment


def test_an_address_without_tls_stays_as_it_is():
    assert brokers.from_url("amqp://lab:p%2Fw@host:5672/studium") == {
        "url": "amqp://lab:p%2Fw@host:5672/studium",
        "ssl": None,
    }


def test_by_tls_the_broker_must_be_whom_the_address_names(tmp_path):
    read = brokers.from_url("amqps://lab:pw@queue.example.org:5671/studium", hosts=tmp_path)
    assert read["url"] == "amqp://lab:pw@queue.example.org:5671/studium"
    assert read["ssl"] == {
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": "queue.example.org",
    }


def test_a_host_of_a_provisioned_site_trusts_the_sites_own_authority_and_shows_who_it_is(tmp_path):
    (tmp_path / "authority.pem").write_text("…")
    tls = brokers.from_url("amqps://studium:pw@10.0.0.14:5671/studium", hosts=tmp_path)["ssl"]
    assert tls["ca_certs"] == str(tmp_path / "authority.pem")
    assert tls["certfile"] == str(tmp_path / "client.pem")
    assert (tls["server_hostname"], tls["cert_reqs"]) == ("broker.studium", ssl.CERT_REQUIRED)


def test_files_of_ones_own_may_be_named(tmp_path):
    (tmp_path / "authority.pem").write_text("…")
    address = "amqps://a:b@host/v?ca=/a.pem&cert=/c.pem&key=/k.pem&server=broker"
    tls = brokers.from_url(address, hosts=tmp_path)["ssl"]
    named = {"ca_certs": "/a.pem", "certfile": "/c.pem", "keyfile": "/k.pem"}
    assert tls == named | {"server_hostname": "broker", "cert_reqs": ssl.CERT_REQUIRED}


@pytest.mark.parametrize("url", ["redis://host/0", "amqp:///nowhere", "rabbit"])
def test_another_address_is_refused_with_the_remedy(url):
    with pytest.raises(ImproperlyConfigured, match="Use amqp://"):
        brokers.from_url(url)


def test_what_provisioning_left_on_the_host_is_read_unless_the_variable_says_otherwise(tmp_path):
    file = tmp_path / "broker.env"
    assert brokers.address(Environment({}, {}), file) == ""
    file.write_text("# a secret\nBROKER_URL=amqps://studium:pw@host:5671/studium\n")
    assert brokers.address(Environment({}, {}), file) == "amqps://studium:pw@host:5671/studium"
    given = Environment({"BROKER_URL": "amqp://a:b@c/d"}, {})
    assert brokers.address(given, file) == "amqp://a:b@c/d"


def test_the_address_is_never_shown():
    assert brokers.secrets(brokers.from_url("amqp://a:b@c/d")) == ["amqp://a:b@c/d"]
    assert brokers.secrets(brokers.from_url("")) == []
