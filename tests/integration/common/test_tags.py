"""The template tags, and the forms as they are rendered."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.utils import timezone

from common.templatetags import studium

NOON = datetime(2026, 7, 1, 12, 0, 5, tzinfo=UTC)


def test_an_instant_is_shown_in_the_labs_zone_and_exactly_on_hover():
    with timezone.override("Europe/Berlin"):
        shown = studium.instant(NOON)
    assert ">1 Jul 2026, 14:00<" in shown
    assert 'title="2026-07-01 14:00:05 CEST · 2026-07-01 12:00:05 UTC"' in shown
    assert 'datetime="2026-07-01T12:00:05+00:00"' in shown


def test_how_long_ago_stands_beside_the_instant_only():
    shown = studium.instant(timezone.now() - timedelta(minutes=3, seconds=5), ago=True)
    assert "<time" in shown
    assert "3\xa0minutes ago" in shown


def test_an_instant_that_never_was_is_a_dash():
    assert "<time" not in studium.instant(None)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (0.44, "0.4 s"), (12.4, "12 s"), (180, "3 min"), (200, "3 min 20 s"), (7500, "2 h 5 min"),
        (90000, "1 d 1 h"), (None, "\N{EN DASH}"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_shown_by_its_two_greatest_units(length, words):
    assert studium.seconds(length) == words


def test_an_icon_is_silent_beside_a_word_and_named_without_one():
    assert 'aria-hidden="true"' in studium.icon("home")
    assert 'aria-label="Home"' in studium.icon("home", "Home")


class Age(forms.Form):
    age = forms.IntegerField(help_text="In weeks.")


def test_a_wrong_field_is_named_at_the_top_and_explained_in_its_place():
    shown = Age({"age": "old"}).render()
    assert '<a href="#id_age">Age</a>: Enter a whole number.' in shown
    assert 'id="id_age_error"' in shown
    assert 'id="id_age_helptext"' in shown
    assert 'aria-invalid="true"' in shown


def test_a_form_that_nobody_sent_complains_about_nothing():
    assert "error" not in Age().render()


@pytest.mark.parametrize("words", ["Pilot 2025", "a.b+c", "V1 (left) | 50 % [x]", "C:\\new", "1/2"])
def test_the_pattern_of_a_confirmation_fits_its_words_alone(words):
    assert re.fullmatch(studium.exactly(words), words)
    assert not re.fullmatch(studium.exactly(words), f"{words}!")
    assert not re.fullmatch(studium.exactly(words), words[:-1])
