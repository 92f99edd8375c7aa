"""The example of our own client, done from the first press to the last."""

import json

import pytest
from tests.browser.tasks_done import until
from tests.browser.test_looks import looked_at
from tests.browser.test_tasks_interrupted import NO_STORE
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


def test_without_a_connection_the_task_goes_on_and_is_saved_when_it_is_back(
    window, design, complaints
):
    page = window()
    page.goto(ADDRESS)
    point(page, 2)
    until(page, lambda: Trial.objects.count() == 2)
    page.context.set_offline(True)
    point(page, 3)
    page.get_by_text("There is no connection. You can go on").wait_for(timeout=20_000)
    assert Trial.objects.count() == 2
    page.context.set_offline(False)
    point(page, TRIALS - 5)
    page.get_by_role("heading", name="Thank you").wait_for(timeout=40_000)
    assert stored() == [(block, trial) for block in range(4) for trial in range(6)]
    complaints[:] = [one for one in complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def test_after_a_reload_it_goes_on_at_the_same_trial(window, design):
    page = window()
    page.goto(ADDRESS)
    point(page, 3)
    page.reload()
    page.get_by_text("What you did until then is kept: 3 of 24 trials.").wait_for()
    page.get_by_role("button", name="Go on where I was").click()
    point(page, TRIALS - 3)
    page.get_by_role("heading", name="Thank you").wait_for()
    assert Run.objects.count() == 1
    assert stored() == [(block, trial) for block in range(4) for trial in range(6)]
    assert Event.objects.filter(kind="resumed").count() == 1


def test_somebody_else_at_the_same_browser_begins_another_run(window, design):
    page = window()
    page.goto(ADDRESS)
    point(page, 2)
    page.reload()
    page.get_by_role("button", name="I am somebody else").click()
    page.get_by_role("heading", name="Practice").wait_for()
    assert set(Run.objects.values_list("cell", flat=True)) == {"S0", "S1"}
    assert Event.objects.filter(kind="abandoned").count() == 1


def test_a_second_tab_takes_over_and_the_first_one_stops(window, design):
    first = window()
    first.goto(ADDRESS)
    point(first, 1)
    second = first.context.new_page()
    second.goto(ADDRESS)
    second.get_by_role("heading", name="This goes on elsewhere").wait_for()
    second.get_by_role("button", name="Go on here").click()
    second.get_by_role("button", name="Go on where I was").click()
    first.get_by_role("heading", name="This goes on elsewhere").wait_for()
    point(second, TRIALS - 1)
    second.get_by_role("heading", name="Thank you").wait_for()
    assert stored() == [(block, trial) for block in range(4) for trial in range(6)]


def test_a_browser_that_keeps_nothing_saves_each_trial_before_the_next(window, design):
    page = window()
    page.add_init_script(NO_STORE)
    page.goto(ADDRESS)
    page.get_by_text("This browser keeps nothing for this site").wait_for()
    point(page, 3)
    page.locator(".pointing-start").wait_for()
    assert Trial.objects.count() == 3


def test_a_task_can_be_done_by_keyboard_alone(window, design):
    page = window()
    page.goto(ADDRESS)
    page.get_by_role("heading", name="Practice").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(2):
        for name in ("start", "target"):
            page.locator(f".pointing-{name}:focus").wait_for()
            page.keyboard.press("Enter")
    page.locator(".pointing-start").wait_for()
    until(page, lambda: Trial.objects.count() == 2)
    assert json.loads(Trial.objects.first().raw)["input"] == "keyboard"


def test_with_no_run_left_it_says_so(window, design, complaints):
    PlannedRun.objects.update(put_aside_at=design.created_at, put_aside_because="x")
    page = window()
    page.goto(ADDRESS)
    page.get_by_role("heading", name="No run is left").wait_for()
    assert Run.objects.count() == 0
    complaints.clear()


@pytest.mark.parametrize("view", ["blockStart", "resume", "elsewhere", "crash", "end", "offline"])
def test_every_view_is_for_everybody(window, design, pictures, complaints, view):
    page = window()
    page.goto(ADDRESS)
    page.get_by_role("heading", name="Practice").wait_for()
    show(page, view)
    wrong = looked_at(page, f"pointing-{view}", pictures)
    complaints.clear()
    assert not wrong, "\n".join(wrong)


def show(page, view):
    """Bring a view about, in the way in which it comes."""
    if view == "resume":
        point(page, 1)
        page.reload()
        page.get_by_role("button", name="Go on where I was").wait_for()
    elif view == "elsewhere":
        page.context.new_page().goto(ADDRESS)
        page.goto(ADDRESS)
        page.get_by_role("button", name="Go on here").wait_for()
    elif view == "crash":
        page.evaluate("() => setTimeout(() => { throw new Error('A fault of the task') })")
        page.get_by_text("A fault of the task").wait_for()
    elif view == "end":
        point(page, TRIALS)
        page.get_by_role("heading", name="Thank you").wait_for()
    elif view == "offline":
        page.context.set_offline(True)
        point(page, 1)
        page.get_by_text("There is no connection").wait_for(timeout=20_000)
