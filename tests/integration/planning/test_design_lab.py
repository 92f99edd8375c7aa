"""The design lab: an answer for any settings, and what is seen is what is kept."""

import json
import re
from html import unescape

import pytest
from django.urls import reverse
from tests.factories import accounts, studies

from fmriplan.design import specification
from fmriplan.design.evaluation import Evaluation
from planning.errors import NotAPlan
from planning.models import TaskDesign
from planning.queries import design_lab, kept_designs
from planning.services import designs

HARD = studies.SPECIFICATION.replace("trials = 24", "trials = 100").replace(
    "exact_counts = true", "exact_counts = true\nlongest_run = 1"
)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Search a moment only: what is found does not matter here."""
    monkeypatch.setattr(design_lab, "SEARCH_S", 0.02)


def lab(plan):
    return reverse("planning:design-lab", args=[plan.pk])


def hidden(page, name):
    return unescape(re.search(f'name="{name}" value="([^"]*)"', page)[1])


def test_the_lab_answers_for_the_plan_as_it_is(as_, alice, plan):
    page = as_(alice).get(lab(plan)).content.decode()
    assert "24 trials in" in page
    assert "designs tried in" in page
    assert "Variance inflation of houses" in page


def test_htmx_gets_the_answer_alone(as_, alice, plan):
    page = as_(alice).get(lab(plan), {"trials": "40"}, headers={"HX-Request": "true"})
    assert "<html" not in page.content.decode()
    assert "40 trials in" in page.content.decode()


def test_the_address_holds_what_is_tried(as_, alice, plan):
    page = as_(alice).get(lab(plan), {"trials": "40", "rho": "0.5"}).content.decode()
    assert "<html" in page
    assert re.search(r'name="trials"[^>]*value="40"|value="40"[^>]*name="trials"', page)


def test_the_design_that_is_seen_is_the_one_that_is_kept(as_, alice, plan):
    client = as_(alice)
    page = client.get(lab(plan), {"trials": "30"}).content.decode()
    sent = {name: hidden(page, name) for name in ("settings", "order", "waits")}
    answer = client.post(reverse("planning:design-keep", args=[plan.pk]), sent)
    made = TaskDesign.objects.get()
    assert answer.url == reverse("planning:task-design", args=[made.pk])
    assert made.order == json.loads(sent["order"])
    told = specification.read(made.specification)
    assert told.experiment.trials == 30
    order, waits = kept_designs.arrays(made)
    detection = Evaluation(told.experiment).detection(order[None], waits[None])[0]
    assert made.scores["detection"] == pytest.approx(detection)
    assert made.origin == TaskDesign.Origin.LAB
    assert client.get(answer.url).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"order": "[]"},
        {"order": "x"},
        {"order": "{}"},
        {"order": "[0, 1"},
        {"order": json.dumps([5] * 24)},
        {"order": json.dumps([0] * 24)},
        {"order": json.dumps([-1] * 24)},
        {"order": json.dumps([1e400] * 24)},
        {"order": json.dumps([True] * 24)},
        {"waits": json.dumps([0] * 24)},
        {"waits": json.dumps([10**30] * 24)},
        {"settings": "trials=30"},
        {"settings": "trials=-1"},
        {"settings": "tr_s=nan"},
    ],
)
def test_what_is_no_design_of_the_plan_is_not_kept(as_, alice, plan, changed):
    client = as_(alice)
    page = client.get(lab(plan)).content.decode()
    sent = {name: hidden(page, name) for name in ("settings", "order", "waits")} | changed
    answer = client.post(reverse("planning:design-keep", args=[plan.pk]), sent)
    assert answer.status_code == 422
    assert not TaskDesign.objects.exists()


def test_a_design_that_breaks_the_rules_is_not_kept(alice, project):
    plan = studies.plan(project, alice, HARD)
    told = specification.read(HARD)
    waits = told.experiment.waits.tolist()
    with pytest.raises(NotAPlan, match="breaks the rules"):
        designs.keep(plan=plan, told=told, order=[0] * 50 + [1] * 50, waits=waits, by=alice)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"trials": "1"}, "greater than or equal to 2"),
        ({"trials": "99999"}, "less than or equal to"),
        ({"tr_s": "0"}, "longer than 0 s"),
        ({"tr_s": "nan"}, "Enter a number"),
        ({"gap_min_s": "9", "gap_max_s": "2"}, "longest not below it"),
        ({"detection": "0", "counterbalancing": "0", "frequencies": "0"}, "one is above 0"),
        ({"rho": "1"}, "between -1 and 1"),
        ({"trials": "5000"}, "more than a page computes"),
        ({"trials": "x"}, "whole number"),
    ],
)
def test_settings_that_give_no_design_are_refused_by_name(as_, alice, plan, query, said):
    page = as_(alice).get(lab(plan), query)
    assert page.status_code == 200
    assert said in page.content.decode()
    assert "Keep this design" not in page.content.decode()


def test_rules_that_are_too_hard_for_a_page_do_not_keep_it_waiting(
    as_, alice, project, monkeypatch
):
    monkeypatch.setattr(design_lab, "ORDER_S", 0.0)
    plan = studies.plan(project, alice, HARD)
    page = as_(alice).get(lab(plan)).content.decode()
    assert "No order was found quickly" in page


def test_a_plan_of_very_short_ticks_is_not_computed_by_a_page(as_, alice, project):
    words = studies.SPECIFICATION.replace("tick_s = 0.1", "tick_s = 0.001")
    words = words.replace("shown_s = 1.0", "shown_s = 60.0")
    plan = studies.plan(project, alice, words)
    assert "very short" in as_(alice).get(lab(plan)).content.decode()


def test_the_settings_that_are_tried_become_those_of_the_plan(as_, alice, plan):
    sent = {"settings": "trials=30&rho=0.5", "revision": "1"}
    answer = as_(alice).post(reverse("planning:design-take", args=[plan.pk]), sent)
    assert answer.status_code == 302
    plan.refresh_from_db()
    experiment = specification.read(plan.specification).experiment
    assert (experiment.trials, experiment.rho) == (30, 0.5)


def test_settings_do_not_overwrite_a_plan_that_somebody_changed(as_, alice, plan):
    sent = {"settings": "trials=30", "revision": "7"}
    answer = as_(alice).post(reverse("planning:design-take", args=[plan.pk]), sent)
    assert answer.status_code == 409
    plan.refresh_from_db()
    assert plan.specification == studies.SPECIFICATION


def test_a_viewer_tries_settings_and_keeps_nothing(as_, alder, plan):
    vera = accounts.person("vera", lab=alder, role="viewer")
    page = as_(vera).get(lab(plan)).content.decode()
    assert "designs tried in" in page
    assert "Keep this design" not in page


@pytest.mark.parametrize(
    "model",
    [
        'model = "fixed"\nmean_s = 2.5',
        'model = "exponential"\nmin_s = 1\nmean_s = 2\nmax_s = 6',
    ],
)
def test_each_model_of_waits_has_its_inputs(as_, alice, project, model):
    words = re.sub(r'model = "uniform"\nmin_s = 1\nmax_s = 3', model, studies.SPECIFICATION)
    plan = studies.plan(project, alice, words)
    page = as_(alice).get(lab(plan), {"gap_mean_s": "2.5"}).content.decode()
    assert "2.5 s on average" in page or "2.50 s on average" in page


def test_the_lab_asks_the_same_number_of_questions(as_, alice, plan, django_assert_max_num_queries):
    client = as_(alice)
    client.get(lab(plan))
    with django_assert_max_num_queries(6):
        client.get(lab(plan), {"trials": "40"}, headers={"HX-Request": "true"})


IN_PARTS = """
trials = 24
runs = 2
tr_s = 2.0
tail_s = 10.0
[gaps]
model = "uniform"
min_s = 1
max_s = 3
[[conditions]]
name = "faces"
share = 0.5
shown_s = 3.0
parts = [{name = "cue", begins_s = 0, lasts_s = 1}, {name = "face", begins_s = 2, lasts_s = 1}]
[[conditions]]
name = "houses"
share = 0.5
shown_s = 1.0
[[contrasts]]
face = 1
houses = -1
[realities]
worst = true
"""


def test_runs_and_parts_of_trials_are_searched_kept_and_written(as_, alice, project):
    client = as_(alice)
    plan = studies.plan(project, alice, IN_PARTS)
    page = client.get(lab(plan)).content.decode()
    assert "in 2 runs" in page
    sent = {name: hidden(page, name) for name in ("settings", "order", "waits")}
    kept = client.post(reverse("planning:design-keep", args=[plan.pk]), sent)
    shown = client.get(kept.url).content.decode()
    assert "task-FacesAndHouses_run-2_events.tsv" in shown
    assert "Variance inflation of cue" in shown
    assert client.get(reverse("planning:plan", args=[plan.pk])).status_code == 200
    form = client.get(reverse("planning:plan-edit", args=[plan.pk]))
    assert form.url == reverse("planning:plan-text", args=[plan.pk])


@pytest.mark.parametrize("revision", ["", "-1", "1.0", "\N{SUPERSCRIPT TWO}", "9" * 5000])
def test_what_is_no_revision_changes_nothing(plan, as_, alice, revision):
    sent = {"settings": "trials=30", "revision": revision}
    answer = as_(alice).post(reverse("planning:design-take", args=[plan.pk]), sent)
    assert answer.status_code == 409
    plan.refresh_from_db()
    assert plan.revision == 1
