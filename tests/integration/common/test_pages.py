"""The home page, the search, the theme, and the frame around every page."""

import pytest
from django.contrib.auth.models import AnonymousUser

from common import search
from common.areas import all_areas, visible_areas
from common.views import greeting

AREAS = {area.name for area in all_areas()}


def page(client, address="/", **data):
    return client.get(address, data).content.decode()


def test_a_stranger_is_told_what_this_is_and_how_to_sign_in(client, db):
    assert "Sign in" in page(client)


def test_the_home_page_shows_the_areas_that_the_person_may_see(alice, as_):
    shown = page(as_(alice))
    for area in all_areas():
        assert (area.description in shown) == area.visible_to(alice)


def test_only_operators_see_the_operators_area(alice, olga):
    assert "ops" not in {area.name for area in visible_areas(alice)}
    assert {area.name for area in visible_areas(olga)} == AREAS


def test_strangers_see_no_area():
    assert visible_areas(AnonymousUser()) == []


def test_the_page_names_where_one_is(alice, as_):
    assert 'aria-current="page"' in page(as_(alice))


@pytest.mark.parametrize(
    ("hour", "words"), [(3, "evening"), (8, "morning"), (12, "afternoon"), (23, "evening")]
)
def test_the_greeting_follows_the_hour(hour, words):
    assert words in greeting(hour)


def test_the_home_page_asks_the_database_a_known_number_of_questions(
    alice, as_, django_assert_max_num_queries
):
    client = as_(alice)
    page(client)
    with django_assert_max_num_queries(10):
        page(client)


def test_a_strangers_home_page_asks_the_database_nothing(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        page(client)


def test_the_search_finds_an_area_by_a_part_of_its_name(alice, as_):
    assert "job" in page(as_(alice), "/search/", q="JOB").casefold()


def test_the_search_keeps_what_was_typed_and_escapes_it(alice, as_):
    shown = page(as_(alice), "/search/", q="<b>zebra")
    assert "&lt;b&gt;zebra" in shown
    assert "<b>zebra" not in shown


def test_one_letter_is_too_little_to_search_for(alice, as_):
    assert "Two letters" in page(as_(alice), "/search/", q="a")


def test_the_search_never_shows_an_area_that_the_person_may_not_see(alice):
    hits = [hit.title for group in search.find(alice, "re") for hit in group.hits]
    hidden = {area.label for area in all_areas() if not area.visible_to(alice)}
    assert hidden
    assert not hidden & set(hits)


@pytest.mark.parametrize("choice", ["light", "dark", "system"])
def test_the_chosen_colours_stay(client, db, choice):
    client.post("/theme/", {"theme": choice, "next": "/"})
    assert f'data-theme="{choice}"' in page(client)


def test_an_unknown_theme_changes_nothing(client, db):
    client.post("/theme/", {"theme": '"><script>'})
    assert 'data-theme="system"' in page(client)


def test_choosing_colours_leads_back_to_the_page_but_never_to_another_site(client, db):
    assert client.post("/theme/", {"theme": "dark", "next": "/search/"}).url == "/search/"
    assert client.post("/theme/", {"theme": "dark", "next": "//evil.example/"}).url == "/"


def test_staging_cannot_be_mistaken(client, db, settings):
    settings.ENVIRONMENT = "staging"
    assert "band-staging" in page(client)


def test_production_wears_no_band(client, db, settings):
    settings.ENVIRONMENT = "production"
    assert 'class="band' not in page(client)


def test_production_shows_the_components_to_operators_only(alice, olga, as_, settings):
    settings.ENVIRONMENT = "production"
    assert as_(alice).get("/components/").status_code == 404
    assert as_(olga).get("/components/").status_code == 200


def test_no_page_carries_script_or_style_of_its_own(olga, as_):
    shown = page(as_(olga), "/components/")
    assert "<style" not in shown
    assert "style=" not in shown
    assert shown.count("<script") == shown.count("<script src=")


def test_the_band_stands_in_a_landmark_of_its_own(client, db, settings):
    settings.ENVIRONMENT = "staging"
    assert '<aside class="band' in page(client)


def test_ones_own_pages_belong_to_no_area(alice, as_):
    assert 'aria-current="true"' in page(as_(alice), "/accounts/")
    assert 'aria-current="true"' not in page(as_(alice), "/accounts/me/")
