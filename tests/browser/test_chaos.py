"""A whole sitting in a real browser on a line that loses, repeats and dies: each answer once."""

from contextlib import ExitStack

import pytest
from tests import postgres
from tests.browser.chaos import Chaos
from tests.browser.person import Person
from tests.served import served

TURNS = 20
DEAD_S = 20
TRIALS = 40
PREPARE_TASK = """
from tests.factories import accounts, experiments, tasks
from accounts.roles import Role
lab = accounts.lab("Alder")
ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
timeline = tasks.keys(int(sys.argv[1]), post_trial_gap=100)
revision = experiments.published(accounts.project(lab), ann, tasks.words(timeline))
print(json.dumps(experiments.token(revision, ann)))
"""
STORED_OF_TASK = """
from runs.models import Answer, Run, Trial, Variant, Visit
rows = [(trial.index, json.loads(trial.raw)) for trial in Trial.objects.order_by("index")]
print(json.dumps({
    "runs": [*Run.objects.values_list("status", flat=True)],
    "variants": Variant.objects.count(),
    "disputed": Visit.objects.filter(is_disputed=True).count(),
    "indices": [index for index, _ in rows],
    "rows": [[row["n"], row["response"]] for _, row in rows],
    "answers": Answer.objects.filter(measure__name="keys").count(),
    "items": [*Answer.objects.filter(trial=None).values_list("measure__name", flat=True)],
}))
"""
PREPARE = """
from tests.factories import accounts, experiments
from accounts.roles import Role
lab = accounts.lab("Alder")
ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
words = dict(experiments.WORDS)
block = words["flow"][2] | {"times": int(sys.argv[1])}
words["flow"] = [*words["flow"][:2], block, *words["flow"][3:]]
revision = experiments.published(accounts.project(lab), ann, words)
print(json.dumps(experiments.token(revision, ann, kind=sys.argv[2])))
"""
STORED = """
from experiments.models import Link
from runs.models import Answer, Consent, Event, Run, Variant, Visit
answers = Answer.objects.values_list("visit__id", "measure__name", "value")
visits = Visit.objects.order_by("position")
print(json.dumps({
    "runs": [*Run.objects.values_list("status", flat=True)],
    "uses": Link.objects.get().uses,
    "consents": Consent.objects.count(),
    "variants": Variant.objects.count(),
    "disputed": visits.filter(is_disputed=True).count(),
    "positions": [*visits.values_list("position", flat=True)],
    "unsent": visits.filter(submitted_at=None).count(),
    "visits": [str(each) for each in visits.values_list("pk", flat=True)],
    "answers": [[str(visit), name, value] for visit, name, value in answers],
}))
"""


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def site(request, tmp_path):
    with ExitStack() as stack:
        database = ""
        if request.param == "PostgreSQL":
            if postgres.programs() is None:
                pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
            database = stack.enter_context(postgres.server())
        yield stack.enter_context(served(tmp_path, database))


@pytest.fixture
def proxy(site):
    with Chaos(site.port, seed=7) as proxy:
        yield proxy


@pytest.fixture
def context(browser, proxy):
    context = browser.new_context(base_url=proxy.address)
    yield context
    context.close()


def through(person, proxy, site):
    """Go through all pages; on the way the line dies, the tab is killed and the site restarts."""
    mishaps = {6: lambda: proxy.die(DEAD_S), 10: person.kill_the_tab, 14: site.restart_soon}
    person.open()
    for number in range(4 * TURNS):
        mishaps.get(number, lambda: None)()
        if not person.turn():
            return
    raise AssertionError("this does not end")


def test_pages_on_a_bad_line_store_each_answer_once(site, proxy, context):
    token = site.ask(PREPARE, str(TURNS), "single")
    person = Person(context, f"/take/{token}/", seed=7)
    through(person, proxy, site)
    stored = site.ask(STORED)
    shown = sorted([visit, *told] for visit, page in person.told.items() for told in page.items())
    assert sorted(stored["answers"]) == shown
    assert set(stored["visits"]) == set(person.told)
    assert stored["positions"] == list(range(1, len(person.told) + 1))
    assert (stored["runs"], stored["uses"], stored["consents"]) == (["completed"], 1, 1)
    assert (stored["variants"], stored["disputed"], stored["unsent"]) == (0, 0, 0)
    assert person.progress == sorted(person.progress)
    assert {fate for method, fate in proxy.met if method == "POST"} >= {
        "lost before", "lost after", "twice", "well", "dead",
    }  # fmt: skip
    assert proxy.troubles == []


def test_a_task_on_a_bad_line_stores_each_trial_once(site, proxy, context):
    token = site.ask(PREPARE_TASK, str(TRIALS))
    person = Person(context, f"/take/{token}/", seed=7)
    person.open()
    person.turn()
    mishaps = {8: lambda: proxy.die(DEAD_S), 14: person.kill_the_tab, 26: site.restart_soon}
    person.work(mishaps)
    while person.turn():
        pass
    stored = site.ask(STORED_OF_TASK)
    assert stored["rows"] == [[number, "rg"[number % 2]] for number in range(TRIALS)]
    assert stored["rows"] == sorted([number, key] for number, key in person.pressed.items())
    assert stored["indices"] == list(range(TRIALS))
    assert (stored["runs"], stored["answers"], stored["items"]) == (
        ["completed"],
        TRIALS,
        ["liked"],
    )
    assert (stored["variants"], stored["disputed"]) == (0, 0)
    assert mishaps == {}
    # A browser may tell that its page goes away when the run is over already.
    assert {trouble.split()[0] for trouble in proxy.troubles} <= {"409"}
