"""The pages of the monitor: for everybody, by keyboard, and up to date by themselves."""

import math
from datetime import timedelta

import pytest
from django.utils.timezone import now
from tests.browser.test_looks import looked_at
from tests.factories import accounts, lightmill
from tests.factories import designs as make

from accounts.roles import Role
from factorial.examples import pointing
from factorial.models import PlannedRun
from factorial.services import designs, marks, posting
from runs.models import Event, Run


def do(design, code, count):
    """Do so many trials of a run, as somebody with a mouse would."""
    held, planned = make.held(design, code)
    for index in range(count):
        events = [
            {"at_ms": 9.0 * at, "kind": "move", "x": 40 + 5 * at, "y": 120 + 30 * math.sin(at / 9)}
            for at in range(40)
        ]
        events.append({"at_ms": 371.5, "kind": "hit", "x": 240, "y": 118})
        values = {"duration": 371.5, "misses": index % 2, "input": "mouse"}
        one = make.trial(index // 6, index % 6, events=events, **values)
        posting.receive(planned=planned, token=held.token, trials=[one])
    return planned


@pytest.fixture
def ann(transactional_db):
    return accounts.person("ann", lab=accounts.lab("Alder"), role=Role.EXPERIMENTER)


@pytest.fixture
def design(ann):
    project = accounts.project(ann.memberships.get().lab)
    made = designs.add_design(project=project, plan=pointing.design(), by=ann)
    do(made, "S0", 24)
    do(made, "S1", 9)
    stalled = do(made, "S2", 4)
    Run.objects.filter(pk=stalled.run.pk).update(began_at=now() - timedelta(minutes=20))
    stalled.run.visits.get().trials.update(received_at=now() - timedelta(minutes=12))
    Event.objects.create(run=stalled.run, kind="resumed", received_at=now())
    marks.mark(run=stalled.run, kind="note", by=ann, reason="Asked for a break.")
    where = marks.Where(0, 2)
    marks.mark(run=stalled.run, kind="excluded", by=ann, reason="A phone rang.", where=where)
    anew = do(made, "S3", 2)
    marks.redo(planned=make.planned(made, anew.code), by=ann, reason="The wrong hand.")
    marks.put_aside(planned=make.planned(made, "S4"), by=ann, reason="The room is painted.")
    return made


def address(design, code=""):
    planned = PlannedRun.objects.get(design=design, code=code) if code else None
    rest = f"runs/{planned.pk}/" if planned else "monitor/"
    return f"/designs/{design.pk}/{rest}"


def test_the_monitor_and_its_pages_are_for_everybody(window, ann, design, pictures):
    page = window(ann)
    page.goto(address(design))
    page.get_by_text("1 run without a trial for longer than usual").wait_for()
    wrong = looked_at(page, "monitor-runs", pictures)
    page.goto(address(design, "S2"))
    for summary in page.locator(".decisions summary").all():
        summary.click()
    wrong += looked_at(page, "monitor-run", pictures)
    page.locator("td, th").get_by_role("link", name="0", exact=True).first.click()
    page.get_by_role("heading", name="Block 0, trial 0").wait_for()
    wrong += looked_at(page, "monitor-trial", pictures)
    assert not wrong, "\n".join(wrong)


def test_runs_that_clients_named_are_for_everybody(window, ann, design, pictures):
    lightmill.host(design.project)
    api = lightmill.Api().begin()
    run = api.new_run(str(design.pk), "Anna's pilot")
    for number in (1, 2, 3, 5):
        api.add(run, number, {"time": 400 + number, "target": {"x": 10, "y": number}})
    page = window(ann)
    page.goto(address(design))
    page.get_by_role("heading", name="Runs that clients named").wait_for()
    wrong = looked_at(page, "monitor-named", pictures)
    page.get_by_role("link", name="Anna's pilot").click()
    page.get_by_text("Missing: 4.").wait_for()
    page.get_by_text("Note or exclude").click()
    wrong += looked_at(page, "monitor-log-run", pictures)
    assert not wrong, "\n".join(wrong)


def test_what_happens_is_seen_without_a_reload(window, ann, design):
    page = window(ann)
    page.goto(address(design))
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="S5", exact=True))
    row.get_by_text("Free").wait_for()
    do(design, "S5", 3)
    row.get_by_text("3 of 24").wait_for(timeout=20_000)


def test_an_experimenter_decides_and_takes_it_back(window, ann, design):
    page = window(ann)
    page.goto(address(design, "S1"))
    page.get_by_text("Note or exclude").click()
    form = page.locator("#mark")
    form.get_by_label("What").select_option("excluded")
    form.get_by_label("Why").fill("Fell asleep.")
    form.get_by_role("button", name="Write it down").click()
    page.get_by_text("Left out of analyses since").wait_for()
    page.get_by_role("button", name="Take back").click()
    page.get_by_text("That is taken back.").wait_for()
    assert Run.objects.get(planned_run__code="S1").excluded_at is None
    page.get_by_text("Hand the run over").click()
    page.locator("#hand-over").get_by_label("Why").fill("Another room.")
    page.get_by_role("button", name="Make a link").click()
    assert page.locator("#link").inner_text().startswith("?link=")
