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
MELODIES, COLOURS = 8, 12
STORED_OF_COLOURS = """
from runs.models import Answer, Run, Trial, Variant, Visit
rows = [json.loads(trial.raw) for trial in Trial.objects.order_by("index")]
named = Answer.objects.filter(measure__name__endswith="colour", trial__isnull=False)
print(json.dumps({
    "runs": [*Run.objects.values_list("status", flat=True)],
    "variants": Variant.objects.count(),
    "disputed": Visit.objects.filter(is_disputed=True).count(),
    "indices": [*Trial.objects.order_by("index").values_list("index", flat=True)],
    "main": len([row for row in rows if row.get("part") == "main"]),
    "named": len([row for row in rows if row.get("part") in {"main", "practice"}]),
    "answers": named.count(),
}))
"""
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
PREPARE_EXAMPLES = """
from tests.factories import accounts
from accounts.roles import Role
from experiments.services import examples
lab = accounts.lab("Alder")
ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
print(json.dumps([each.token for each in examples.install(project=accounts.project(lab), by=ann)]))
"""
STORED = """
from experiments.models import Link
from runs.models import Answer, Consent, Event, Run, Variant, Visit
answers = Answer.objects.values_list("visit__id", "measure__name", "value")
visits = Visit.objects.order_by("position")
print(json.dumps({
    "runs": [*Run.objects.values_list("status", flat=True)],
    "uses": Link.objects.order_by("-uses")[0].uses,
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


def troubles(person, proxy, site, at):
    dies, is_killed, restarts = at
    return {
        dies: lambda: proxy.die(DEAD_S),
        is_killed: person.kill_the_tab,
        restarts: site.restart_soon,
    }


def through(person, proxy, site):
    """Go through all pages; on the way the line dies, the tab is killed and the site restarts."""
    mishaps = troubles(person, proxy, site, at=(6, 10, 14))
    person.open()
    for number in range(4 * TURNS):
        mishaps.pop(number, lambda: None)()
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
    mishaps = troubles(person, proxy, site, at=(8, 14, 26))
    person.work(mishaps)
    while person.turn():
        pass
    stored = site.ask(STORED_OF_TASK)
    assert stored["rows"] == [[number, "rg"[number % 2]] for number in range(TRIALS)]
    assert {(f"Trial {number}", key) for number, key in stored["rows"]} == {*person.pressed}
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


def test_melodies_are_rated_on_a_bad_line_and_each_rating_is_there_once(site, proxy, context):
    token = site.ask(PREPARE_EXAMPLES)[0]
    person = Person(context, f"/take/{token}/", seed=3)
    through(person, proxy, site)
    stored = site.ask(STORED)
    shown = sorted([visit, *told] for visit, page in person.told.items() for told in page.items())
    named = {name for page in person.told.values() for name in page}
    assert sorted(row for row in stored["answers"] if row[1] in named) == shown
    assert len([row for row in stored["answers"] if row[1] == "liked"]) == MELODIES
    assert len(set(stored["positions"])) == len(person.told)  # a draw of nothing takes one too
    assert stored["runs"] == ["completed"]
    assert (stored["variants"], stored["disputed"], stored["unsent"]) == (0, 0, 0)
    assert {trouble.split()[0] for trouble in proxy.troubles} <= {"503"}  # one moment, please


def test_colours_are_named_on_a_bad_line_and_each_trial_is_there_once(site, proxy, context):
    token = site.ask(PREPARE_EXAMPLES)[1]
    person = Person(context, f"/take/{token}/", seed=3, choices={"item-sees-colours": "yes"})
    person.open()
    while not person.page.locator("#task").count():
        person.turn()
    mishaps = troubles(person, proxy, site, at=(4, 7, 10))
    person.work(mishaps)
    while person.turn():
        pass
    stored = site.ask(STORED_OF_COLOURS)
    assert stored["indices"] == list(range(len(stored["indices"])))
    assert stored["main"] == COLOURS
    assert stored["named"] <= len(person.pressed) <= stored["named"] + 1  # the tab died at one
    assert stored["answers"] == stored["named"]
    assert stored["runs"] == ["completed"]
    assert (stored["variants"], stored["disputed"]) == (0, 0)
    assert mishaps == {}
    assert {trouble.split()[0] for trouble in proxy.troubles} <= {"409", "503"}
