"""The search finds what is planned, for those who see it."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from planning.queries import found


def test_analyses_and_plans_are_found_by_their_names(analysis, plan, alice):
    [map_hit] = found.analyses(alice, "faces")
    [plan_hit] = found.plans(alice, "HOUSES")
    assert str(analysis.pk) in map_hit.url
    assert str(plan.pk) in plan_hit.url


def test_another_lab_finds_neither(analysis, plan, bob):
    assert found.analyses(bob, "faces") == []
    assert found.plans(bob, "faces") == []


def test_the_page_of_the_search_names_them(analysis, plan, as_, alice):
    page = as_(alice).get("/search/", {"q": "faces"}).content.decode()
    assert "Power analyses" in page
    assert "Plans of tasks" in page


def test_each_is_found_by_one_question(analysis, plan, alice):
    with CaptureQueriesContext(connection) as asked:
        found.analyses(alice, "faces")
        found.plans(alice, "faces")
    assert len(asked) <= 4
