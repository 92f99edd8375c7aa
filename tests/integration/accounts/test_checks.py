"""Settings of sign-in that would be wrong quietly."""

import pytest

from accounts import addresses, checks


def ids(found):
    return [each.id for each in found]


def test_the_settings_of_the_house_pass():
    every = [checks.address_header, checks.lock_out, checks.no_password_in_the_api]
    assert [found for check in every for found in check()] == []


@pytest.mark.parametrize("name", ["", "X-Real-IP", "REMOTE ADDR", "SERVER_NAME"])
def test_an_address_header_that_is_none_is_refused(settings, name):
    settings.ADDRESS_HEADER = name
    assert ids(checks.address_header()) == ["accounts.E001"]


def test_passwords_compared_before_failures_are_counted_are_refused(settings):
    settings.AUTHENTICATION_BACKENDS = settings.AUTHENTICATION_BACKENDS[::-1]
    assert ids(checks.lock_out()) == ["accounts.E002"]


def test_a_lock_without_an_end_is_refused(settings):
    settings.AXES_COOLOFF_TIME = None
    assert ids(checks.lock_out()) == ["accounts.E003"]


@pytest.mark.parametrize("classes", [None, ["rest_framework.authentication.BasicAuthentication"]])
def test_an_api_that_takes_passwords_is_refused(settings, classes):
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": classes}
    assert ids(checks.no_password_in_the_api()) == ["accounts.E004"]


def test_a_site_address_without_a_host_is_warned_of(settings):
    settings.SITE_URL = "lab.example.org"
    assert ids(checks.links_lead_here()) == ["accounts.W005"]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("evil, 192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("", None),
        ("unix:", None),
        ("192.0.2.1; drop", None),
    ],
)
def test_only_an_address_is_an_address(rf, given, address):
    assert addresses.of(rf.get("/", REMOTE_ADDR=given)) == address


def test_an_ipv6_network_counts_as_one():
    near = [addresses.neighbourhood(f"2001:db8:1:2::{end}") for end in ("1", "ffff")]
    assert near[0] == near[1] != addresses.neighbourhood("2001:db8:1:3::1")
