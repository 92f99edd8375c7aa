"""The pages of searches: begin one, watch it, end it, explore and compare what it found."""

import io
import zipfile

import pytest
from django.urls import reverse
from tests.factories import accounts as make
from tests.factories import searches as some

from planning.models import Habit, Search, TaskDesign

pytestmark = pytest.mark.django_db
ASKED = {"method": "annealing", "restarts": 2, "moves": 100, "generations": 10, "designs": 2,
         "patience": 0, "islands": 2, "seconds": 60}  # fmt: skip


@pytest.fixture
def plan(alder):
    return some.plan(make.project(alder))


def _page(name, *given):
    return reverse(f"planning:{name}", args=given)


def test_a_search_is_begun_with_its_defaults_and_the_time_that_it_takes_is_told(plan, alice, as_):
    page = as_(alice).get(_page("search-new", plan.pk))
    assert "On this machine it takes about" in page.content.decode()
    sent = as_(alice).post(_page("search-new", plan.pk), ASKED | {"seed": 7})
    search = Search.objects.get()
    assert sent.url == _page("search", search.pk)
    assert (search.seed, search.islands.count(), search.tells_by_mail) == (7, 2, False)


def test_what_a_search_takes_is_told_anew_when_its_settings_change(plan, alice, as_):
    told = as_(alice).get(_page("search-expected", plan.pk), ASKED | {"restarts": 400})
    assert "it takes about" in told.content.decode()
    wrong = as_(alice).get(_page("search-expected", plan.pk), ASKED | {"restarts": 0})
    assert "does not fit" in wrong.content.decode()


@pytest.mark.parametrize("wrong", [{"restarts": 0}, {"seed": -1}, {"method": "magic"},
                                   {"islands": 99}, {"moves": "many"}])  # fmt: skip
def test_settings_that_mean_nothing_are_named_at_their_field(plan, alice, as_, wrong):
    page = as_(alice).post(_page("search-new", plan.pk), ASKED | wrong)
    assert page.status_code == 200
    assert list(page.context["form"].errors) == list(wrong)
    assert not Search.objects.exists()


def test_mail_is_a_habit_that_the_next_search_begins_with(plan, alice, as_):
    asked = ASKED | {"tells_by_mail": "on", "is_habit": "on"}
    as_(alice).post(_page("search-new", plan.pk), asked)
    assert Habit.objects.get(person=alice).tells_by_mail
    page = as_(alice).get(_page("search-new", plan.pk))
    assert page.context["form"].initial == {"tells_by_mail": True}


def test_too_many_searches_are_refused_with_what_to_do(plan, alice, as_, settings):
    settings.PLANNING_SEARCHES_AT_ONCE = 0
    page = as_(alice).post(_page("search-new", plan.pk), ASKED)
    assert page.status_code == 429
    assert page["Retry-After"]
    assert "its best design so far is kept" in page.content.decode()


def test_a_search_that_waits_looks_for_itself_and_one_that_ended_loads_its_page(plan, alice, as_):
    search = some.search(plan, alice)
    waiting = as_(alice).get(_page("search-card", search.pk))
    assert "queued" in waiting.content.decode()
    assert "every 2s" in waiting.content.decode()
    assert "HX-Refresh" not in waiting
    some.work(search)
    ended = as_(alice).get(_page("search-card", search.pk))
    assert ended["HX-Refresh"] == "true"
    assert "every 2s" not in ended.content.decode()


def test_a_search_whose_jobs_are_gone_is_ended_by_whoever_looks(plan, alice, as_):
    search = some.search(plan, alice)
    search.islands.update(job=None)
    page = as_(alice).get(_page("search", search.pk))
    search.refresh_from_db()
    assert search.outcome == Search.Outcome.FAILED
    assert "failed" in page.content.decode()


def test_a_page_of_a_search_asks_as_much_whatever_was_found(
    plan, alice, as_, django_assert_max_num_queries
):
    search = some.done(plan, alice, islands=4, restarts=8)
    client = as_(alice)
    client.get(_page("search", search.pk))
    with django_assert_max_num_queries(16):
        client.get(_page("search", search.pk))


def test_a_list_of_searches_asks_as_much_for_many_as_for_one(
    plan, alice, as_, django_assert_max_num_queries
):
    for seed in range(3):
        some.done(plan, alice, seed=seed, moves=20)
    client = as_(alice)
    page = client.get(_page("searches", plan.pk)).content.decode()
    assert page.count("succeeded") == 3
    with django_assert_max_num_queries(13):
        client.get(_page("searches", plan.pk))


def test_ending_and_cancelling_lead_back_to_the_page(plan, alice, as_):
    search = some.search(plan, alice)
    assert as_(alice).post(_page("search-end", search.pk)).url == _page("search", search.pk)
    assert as_(alice).post(_page("search-cancel", search.pk)).status_code == 302
    assert as_(alice).post(_page("search-cancel", search.pk)).status_code == 409


def test_repeating_what_succeeded_is_asked_twice(plan, alice, as_):
    search = some.done(plan, alice)
    page = as_(alice).post(_page("search-repeat", search.pk))
    assert "Repeat this search?" in page.content.decode()
    assert Search.objects.count() == 1
    as_(alice).post(_page("search-repeat", search.pk), {"sure": "yes"})
    assert Search.objects.get(repeats=search).seed == search.seed


def test_repeating_what_was_cancelled_takes_one_click(plan, alice, as_):
    search = some.search(plan, alice)
    as_(alice).post(_page("search-cancel", search.pk))
    as_(alice).post(_page("search-repeat", search.pk))
    assert Search.objects.filter(repeats=search).exists()


def test_designs_of_a_search_are_kept_and_let_go(plan, alice, as_):
    design = some.done(plan, alice).designs.first()
    as_(alice).post(_page("found-keep", design.pk), {"keep": "yes", "label": "For the pilot"})
    design.refresh_from_db()
    assert (design.is_kept, design.label) == (True, "For the pilot")
    as_(alice).post(_page("found-keep", design.pk), {"keep": "no"})
    assert not TaskDesign.objects.filter(is_kept=True).exists()


def test_two_designs_are_compared_score_by_score(plan, alice, as_, bob):
    designs = some.done(plan, alice).designs.all()[:2]
    asked = {"design": [each.pk for each in designs]}
    page = as_(alice).get(_page("search-compare"), asked).content.decode()
    assert "of 20 trials" in page
    assert "Variance inflation" in page
    assert as_(bob).get(_page("search-compare"), asked).status_code == 404
    assert as_(alice).get(_page("search-compare"), {"design": ["x", "y"]}).status_code == 404


def test_a_front_is_explored_by_links_that_name_a_design(plan, alice, as_):
    search = some.done(plan, alice, method="front", restarts=1, moves=60)
    page = as_(alice).get(_page("search", search.pk))
    leads = page.context["leads"]
    assert len(leads) == search.designs.count() > 1
    design, link = leads[1]
    assert link.replace("&", "&amp;") in page.content.decode()
    chosen = as_(alice).get(link.partition("#")[0])
    assert chosen.context["chosen"] == design
    other = as_(alice).get(_page("search", search.pk), {"x": "frequencies", "y": "nonsense"})
    assert (other.context["across"], other.context["up"]) == ("frequencies", "counterbalancing")


def test_a_set_is_downloaded_with_a_folder_for_each_participant(plan, alice, as_):
    search = some.done(plan, alice, method="set", designs=3, moves=50)
    sent = as_(alice).get(_page("search-files", search.pk))
    with zipfile.ZipFile(io.BytesIO(sent.content)) as archive:
        names = archive.namelist()
        lines = archive.read("sub-02/events.tsv").decode().splitlines()
    assert {"specification.toml", "designs.csv", "sub-01/events.tsv", "sub-03/trials.csv"} <= set(
        names
    )
    assert lines[0] == "onset\tduration\ttrial_type"
    assert len(lines) == 21


def test_scores_over_time_are_there_as_numbers(plan, alice, as_):
    search = some.done(plan, alice)
    sent = as_(alice).get(_page("search-history", search.pk)).content.decode()
    assert sent.splitlines()[0].startswith("seconds,part,worth")
    assert len(sent.splitlines()) > 1
