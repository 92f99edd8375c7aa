"""The example of our own client, done from the first press to the last."""

import json

import pytest
from tests.factories import accounts

from accounts.roles import Role
from factorial.examples import pointing
from factorial.models import PlannedRun
from factorial.services import designs
from runs.models import Answer, Event, Run, Trial, TrialEvents, Variant

ADDRESS = "/designs/run/pointing/?lab=alder&design=pointing"
TRIALS = 24


@pytest.fixture
def design(transactional_db):
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    return designs.add_design(project=accounts.project(lab), plan=pointing.design(), by=ann)


def point(page, count):
    """Do so many trials: press the start, then the target, wherever they are."""
    done = 0
    start = page.get_by_role("button", name="Start", exact=True)
    target = page.locator(".pointing-start")
    while done < count:
        start.or_(target).first.wait_for()
        if start.count():
            start.click()
            continue
        target.click()
        page.locator(".pointing-target").click()
        done += 1


def stored():
    rows = Trial.objects.order_by("visit__position", "index")
    return [(row.visit.position, row.index) for row in rows.select_related("visit")]


def test_a_run_is_done_from_the_first_press_to_the_last(window, design):
    page = window()
    page.goto(ADDRESS)
    point(page, TRIALS)
    page.get_by_role("heading", name="Thank you").wait_for()
    run = Run.objects.get()
    assert run.status == Run.Status.COMPLETED
    assert stored() == [(block, trial) for block in range(4) for trial in range(6)]
    assert PlannedRun.objects.get(run=run).done == TRIALS
    assert Variant.objects.count() == 0
    assert Answer.objects.filter(measure__name="duration", number__gt=0).count() == TRIALS
    kinds = [event["kind"] for row in TrialEvents.objects.all() for event in json.loads(row.raw)]
    assert kinds.count("hit") == TRIALS
    assert not Event.objects.filter(kind__in=["failed", "not as declared"]).exists()
