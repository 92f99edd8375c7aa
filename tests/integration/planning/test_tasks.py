"""A design as a task: a file that experiments understand, without either importing the other."""

import json
from html import unescape

import numpy as np
import pytest
from django.urls import reverse
from tests.factories import studies

from experiments.definition import parameters
from experiments.definition.protocol import read_protocol
from experiments.models import Revision
from fmriplan.design import events, specification
from planning.models import TaskDesign


@pytest.fixture
def client(as_, alice):
    return as_(alice)


def file(client, design):
    answer = client.get(reverse("planning:design-task", args=[design.pk]))
    assert answer.status_code == 200
    return json.loads(answer.text)


def rows(words):
    return words["flow"][0]["timeline"][1]["timeline_variables"]


def test_the_file_is_a_protocol_that_can_be_frozen(client, design):
    read = read_protocol(file(client, design))
    parameters.check(read)


def test_each_trial_has_its_condition_and_its_times(client, design):
    experiment = specification.read(design.specification).experiment
    shown = events.of_design(experiment, np.array(design.order), np.array(design.waits))
    told = [(row["condition"], row["onset_ms"], row["ends_ms"]) for row in
            rows(file(client, design))]  # fmt: skip
    assert told == [
        (each.condition, round(1000 * each.onset_s), round(1000 * (each.onset_s + each.shown_s)))
        for each in shown
    ]


def test_names_of_conditions_are_shown_as_text(client, project, alice):
    wild = studies.SPECIFICATION.replace("faces", "a<b&c", 1).replace("faces = 1", '"a<b&c" = 1')
    design = studies.design(studies.plan(project, alice, wild, name="123 ??"))
    words = file(client, design)
    read_protocol(words)
    assert {row["shown"] for row in rows(words)} == {"<p>a&lt;b&amp;c</p>", "<p>houses</p>"}
    assert words["name"].startswith("design-123-")


def test_two_designs_of_a_plan_have_two_names(client, plan):
    names = {file(client, studies.design(plan, seed=n, position=n))["name"] for n in range(3)}
    assert len(names) == 3


def test_one_click_publishes_it(client, design):
    page = client.get(reverse("planning:design-made", args=[design.pk]))
    form = page.text.partition(reverse("experiments:bring"))[2]
    words = unescape(form.partition('name="words" value="')[2].partition('"')[0])
    assert json.loads(words) == file(client, design)
    sent = {"project": design.plan.project_id, "publish": "yes", "words": words}
    done = client.post(reverse("experiments:bring"), sent)
    assert done.status_code == 302
    assert Revision.objects.published().get().words["title"] == "Faces and houses: Design 1"


def test_a_stored_design_that_cannot_be_read_any_more_is_refused(client, design):
    TaskDesign.objects.filter(pk=design.pk).update(specification="nonsense")
    answer = client.get(reverse("planning:design-task", args=[design.pk]))
    assert answer.status_code == 422
    assert "no TOML" in answer.text
