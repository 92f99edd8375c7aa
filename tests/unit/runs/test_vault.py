"""What is sealed opens for what it is about, with the right key, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs import vault
from runs.errors import CannotOpen, NoIdentityKey


@pytest.fixture(autouse=True)
def keys(settings):
    settings.IDENTITY_KEYS = ["the new key", "the old key"]
    return settings


@given(st.dictionaries(st.text(), st.text()))
def test_what_was_sealed_opens(facts):
    assert vault.opened(vault.seal(facts, "a"), "a") == facts


def test_the_same_sealed_twice_looks_different_and_shows_nothing():
    one, two = (vault.seal({"name": "Anna"}, "a") for _ in range(2))
    assert one != two
    assert "Anna" not in one


def test_moved_to_another_row_it_stays_closed():
    with pytest.raises(CannotOpen, match="moved"):
        vault.opened(vault.seal({"name": "Anna"}, "identity 1"), "identity 2")


# Not one of the last four letters: some of their bits may say nothing.
@pytest.mark.parametrize("place", [11, 30, -6])
def test_changed_by_a_letter_it_stays_closed(place):
    sealed = vault.seal({"name": "Anna"}, "a")
    letter = "A" if sealed[place] != "A" else "B"
    changed = sealed[:place] + letter + sealed[place:][1:]
    with pytest.raises(CannotOpen):
        vault.opened(changed, "a")


def test_the_old_key_opens_and_seals_no_more(keys):
    keys.IDENTITY_KEYS = ["the old key"]
    sealed, name = vault.seal({"x": "y"}, "a"), vault.key_name()
    keys.IDENTITY_KEYS = ["the new key", "the old key"]
    assert vault.opened(sealed, "a") == {"x": "y"}
    assert vault.key_name() != name
    keys.IDENTITY_KEYS = ["the new key", ""]
    with pytest.raises(CannotOpen, match=name):
        vault.opened(sealed, "a")


@pytest.mark.parametrize("none", [[], ["", ""]])
def test_without_a_key_nothing_is_sealed(keys, none):
    keys.IDENTITY_KEYS = none
    assert not vault.is_ready()
    with pytest.raises(NoIdentityKey):
        vault.seal({}, "a")


def test_fingerprints_differ_by_what_they_are_about_and_by_key(keys):
    assert vault.fingerprint("x", "a") == vault.fingerprint("x", "a")
    assert len({*vault.fingerprints("x", "a"), *vault.fingerprints("x", "b")}) == 4


def test_an_address_has_one_spelling():
    assert vault.one_address(" Anna@Example.ORG ") == vault.one_address("anna@example.org")
