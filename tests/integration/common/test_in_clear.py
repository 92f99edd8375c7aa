"""A site of plain HTTP says so wherever something secret is typed."""

import pytest

SAID = "travel in clear"
BAND = "Not encrypted"


@pytest.fixture
def in_clear(settings):
    settings.TRAVELS_IN_CLEAR = True


def test_signing_in_warns_before_anything_is_typed(client, db, in_clear):
    text = client.get("/accounts/sign-in/").content.decode()
    assert SAID in text
    assert BAND in text
    assert text.index(SAID) < text.index("<form")


def test_every_page_has_the_band_and_an_error_page_too(as_, alice, in_clear):
    assert BAND in as_(alice).get("/").content.decode()
    assert BAND in as_(alice).get("/nothing-here/").content.decode()


def test_a_site_with_https_says_nothing_of_it(client, db):
    text = client.get("/accounts/sign-in/").content.decode()
    assert SAID not in text
    assert BAND not in text
