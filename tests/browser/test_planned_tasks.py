"""From a design to a task that runs, in a real browser: every trial of it is stored."""

import json

import numpy as np
from django.urls import reverse
from tests.browser.tasks_done import heading, trials
from tests.factories import accounts, studies

from experiments.models import Protocol
from fmriplan.design import events, specification
from runs.models import Run

QUICK = """
trials = 8
tr_s = 0.5
tick_s = 0.05
[gaps]
model = "uniform"
min_s = 0.1
max_s = 0.3
[[conditions]]
name = "faces"
share = 0.5
shown_s = 0.1
[[conditions]]
name = "houses"
share = 0.5
shown_s = 0.2
[[contrasts]]
faces = 1
houses = -1
[rules]
exact_counts = true
"""


def planned(design):
    experiment = specification.read(design.specification).experiment
    return events.of_design(experiment, np.array(design.order), np.array(design.waits))


def test_a_click_makes_a_design_a_task_and_all_of_its_trials_are_stored(window, alder, alice):
    design = studies.design(studies.plan(accounts.project(alder), alice, QUICK))
    page = window(alice)
    page.goto(reverse("planning:design-made", args=[design.pk]))
    page.get_by_role("button", name="Make it a task").click()
    page.get_by_text("It is published, and can be tried.").wait_for()
    page.get_by_role("button", name="Try it").click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Ready.").wait_for()
    page.keyboard.press("5")  # the scanner's signal
    page.get_by_role("heading", name="Thank you").wait_for()
    assert heading(page) == "Thank you"
    rows = [json.loads(trial.raw) for trial in trials()]
    assert [row["part"] for row in rows] == ["start", *["wait", "stimulus"] * 8, "tail"]
    shown = [row for row in rows if row["part"] == "stimulus"]
    assert [row["condition"] for row in shown] == [each.condition for each in planned(design)]
    assert [row["trial"] for row in shown] == list(range(1, 9))
    began = rows[0]["time_elapsed"]
    for row, each in zip(shown, planned(design), strict=True):
        assert row["onset_ms"] == round(1000 * each.onset_s)
        assert row["onset"] - began >= row["onset_ms"] - 2  # never before its time
        assert row["time_elapsed"] - began >= row["ends_ms"] - 2
    assert Run.objects.get().is_pilot
    assert Run.objects.get().status == "completed"
    assert Protocol.objects.get().title == "Faces and houses: Design 1"
