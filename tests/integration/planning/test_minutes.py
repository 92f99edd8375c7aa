"""Participants and minutes: the page, its table, and what an analysis and a design add to it."""

import csv
import re

import pytest
from django.urls import reverse
from tests.factories import accounts, studies

from fmriplan import minutes as study
from fmriplan.minutes import Costs, Criterion, Limits
from planning.models import TaskDesign

PAGE, TABLE = reverse("planning:minutes"), reverse("planning:minutes-table")


@pytest.fixture
def client(as_, alice):
    return as_(alice)


def rows(client, **asked):
    answer = client.get(TABLE, asked)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(answer.text.splitlines()))


def cheapest(shown):
    return re.search(r"(\d+) participants of ([\d.]+) minutes each", shown.text).groups()


def test_numbers_alone_give_the_study_that_the_model_gives(client):
    shown = client.get(PAGE, {"d": "0.6", "alpha": "0.001"})
    effect = study.of_pilot(0.6, minutes=10, within_share=0.5)
    best = study.cheapest(effect, 0.8, Criterion(0.001), Limits(), Costs(500, 50, 15))
    assert cheapest(shown) == (str(best.participants), f"{best.minutes:g}")


def test_the_page_asks_first_and_answers_nothing(client):
    shown = client.get(PAGE)
    assert shown.status_code == 200
    assert "cannot be answered" not in shown.text
    assert "reply" not in shown.context


def test_an_analysis_gives_its_effect_where_none_is_typed(client, analysis):
    by_analysis = client.get(PAGE, {"analysis": str(analysis.pk)})
    assert cheapest(by_analysis) == cheapest(client.get(PAGE, {"d": "0.8"}))
    typed = client.get(PAGE, {"analysis": str(analysis.pk), "d": "0.4"})
    assert cheapest(typed) == cheapest(client.get(PAGE, {"d": "0.4"}))


def test_a_better_design_than_the_pilots_needs_fewer_people(client, plan, design):
    worse = TaskDesign.objects.get(pk=design.pk)
    worse.pk, worse.position = None, 1
    worse.order, worse.is_kept = sorted(worse.order), True
    worse.save()
    asked = {"d": "0.6", "within": "0.8"}
    gained = rows(client, **asked, design=design.pk, pilot_design=worse.pk)
    same = rows(client, **asked, design=design.pk)
    at = "participants_for_power_0.8"
    assert int(gained[0][at]) < int(same[0][at])


def test_signal_and_noise_take_the_place_of_the_share(client, design):
    asked = {"d": "0.6", "design": design.pk, "signal": "0.5", "noise": "1"}
    one = rows(client, **asked, within="0.1")
    assert one == rows(client, **asked, within="0.9")
    assert one != rows(client, d="0.6", within="0.1")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "type Cohen"),
        ({"d": "0.6", "signal": "0.5", "noise": "1"}, "only with a design"),
        ({"d": "nan"}, "Enter a number"),
        ({"d": "0.6", "alpha": "0.7"}, "Alpha"),
        ({"d": "0.6", "shortest": "50", "longest": "10"}, "not longer than the longest"),
        ({"d": "0.6", "shortest": "1", "longest": "600", "step": "0.1"}, "larger step"),
        ({"d": "0.6", "hour": "0", "recruit": "0"}, "costs something"),
        ({"d": "0.6", "within": ""}, "required"),
        ({"d": "0.6", "analysis": "gibberish"}, "Select a valid choice"),
        ({"d": "0.6", "design": "5c2d1c8e-5d2b-4d1f-9d43-1d3a1d3a1d3a"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_answered_is_named(client, wrong, said):
    shown = client.get(PAGE, wrong or {"d": ""})
    assert shown.status_code == 200
    assert said in shown.text
    assert client.get(TABLE, wrong).status_code == 422


def test_noise_that_contradicts_the_effect_is_refused(client, design):
    asked = {"d": "3", "design": design.pk, "signal": "0.1", "noise": "50"}
    assert "Noise alone would spread participants" in client.get(PAGE, asked).text


def test_a_contrast_that_the_design_has_not_is_refused(client, design):
    asked = {"d": "1", "design": design.pk, "signal": "0.5", "noise": "1", "contrast": "2"}
    assert "has contrasts 1 to 1" in client.get(PAGE, asked).text


def test_an_effect_out_of_reach_says_what_would_help(client):
    shown = client.get(PAGE, {"d": "0.01", "most": "20"})
    assert "No study within these limits will do" in shown.text
    assert "participants would do" in shown.text


def test_the_table_has_every_length_and_leaves_empty_what_is_out_of_reach(client):
    found = rows(client, d="0.5", most="20")
    assert len(found) == 56
    assert found[0]["participants_for_power_0.8"] == ""
    assert found[0]["cost"] == ""


def test_the_rows_of_the_page_are_those_of_the_table(client):
    shown = client.get(PAGE, {"d": "0.7"})
    table = {row["minutes"]: row for row in rows(client, d="0.7")}
    for row in shown.context["rows"]:
        assert str(row.participants[1]) == table[f"{row.minutes:g}"]["participants_for_power_0.8"]
    assert sum(row.is_cheapest for row in shown.context["rows"]) == 1


def test_others_do_not_learn_of_an_analysis_or_a_design(as_, bob, analysis, design):
    shown = as_(bob).get(PAGE, {"analysis": str(analysis.pk), "design": str(design.pk)})
    assert str(analysis.pilot) not in shown.text
    assert str(design.plan) not in shown.text
    assert "Select a valid choice" in shown.text


def test_the_page_costs_as_much_for_many_designs_as_for_one(
    client, plan, design, project, alice, django_assert_num_queries
):
    asked = {"d": "0.6", "design": design.pk}
    client.get(PAGE, asked)
    with django_assert_num_queries(8):
        client.get(PAGE, asked)
    other = studies.plan(accounts.project(project.lab, "Sleep"), alice, name="Sleep")
    for seed in range(3):
        studies.design(other, seed=seed, position=0)
    with django_assert_num_queries(8):
        client.get(PAGE, asked)


def test_large_costs_are_drawn_in_thousands(client):
    prices = ({"hour": "500", "alpha": "0.001"}, {"hour": "5", "recruit": "1"})
    dear, cheap = (client.get(PAGE, {"d": "0.6", **price}) for price in prices)
    assert "Cost of the study, thousands" in dear.text
    assert "Cost of the study, thousands" not in cheap.text
    assert "Cost of the study" in cheap.text
