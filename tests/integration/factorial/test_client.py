"""What our own client asks of the site: a run, its plan, a place for its trials, an end."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.factories import designs as make

from factorial.models import PlannedRun
from factorial.services import client as service
from factorial.services import hand_out
from runs.models import Event, Run, Trial, TrialEvents, Variant

KEY, OTHER_KEY = "a" * 64, "b" * 64
HOLDER, OTHER = "1" * 32, "2" * 32
MOST_QUERIES = 9


@pytest.fixture
def design(project, alice):
    return make.design(project, alice)


@pytest.fixture
def ask(client):
    def asked(path, body=None, **headers):
        address = f"/designs/run/{path}/"
        if body is None:
            return client.get(address, headers=headers)
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return client.post(address, text, "text/plain", headers=headers)

    return asked


@pytest.fixture
def begin(ask, design):
    def begun(key=KEY, holder=HOLDER, **wish):
        asked = {"lab": design.lab.slug, "design": design.code, "key": key, "holder": holder}
        return ask("begin", asked | wish)

    return begun


def row(index, *, per_block=2, events=(), **measures):
    data = {"block": index // per_block, "trial": index % per_block, "measures": measures}
    return {"index": index, "data": data | {"events": list(events)}}


def batch(*rows, holder=HOLDER, events=()):
    return {"holder": holder, "rows": list(rows), "events": list(events)}


def code(answer):
    return answer.status_code, answer.json().get("code")


def test_a_run_is_begun_by_the_codes_of_a_lab_and_a_design(begin, design):
    told = begin().json()
    assert (told["code"], told["done"], told["trial_count"]) == ("S0", 0, 4)
    assert told["design"] == {"lab": "alder", "code": "pointing", "name": "Pointing"}
    assert told["is_begun"] is False
    assert Run.objects.get().cell == "S0"


def test_asking_again_is_no_second_beginning(begin):
    first, again = begin().json(), begin().json()
    assert (again["run"], again["is_begun"]) == (first["run"], True)
    assert Run.objects.count() == 1


def test_another_browser_begins_another_run(begin):
    assert begin(OTHER_KEY, OTHER).json()["code"] == "S0"
    assert begin().json()["code"] == "S1"
    assert begin("c" * 64, "3" * 32).status_code == 410


def test_a_plan_has_values_of_the_types_of_the_design(begin, ask):
    begin()
    plan = ask(f"{KEY}/plan").json()
    assert [block["is_practice"] for block in plan["blocks"]] == [True, False]
    assert plan["blocks"][1]["trials"][1]["values"] == {"TECH": "pen", "SIZE": 32}
    assert plan["measures"]["pointer.x"]["levels"] == ["event"]


def test_trials_and_events_are_stored_once_however_often_they_are_sent(begin, ask):
    begin()
    sent = batch(
        row(0, duration=12, events=[{"pointer.x": 1}, {"pointer.x": 2}]),
        row(1, duration=13),
        events=[{"number": 0, "kind": "began", "at_ms": 1}],
    )
    for _ in range(2):
        told = ask(f"{KEY}/trials", sent).json()
        assert (told["stored"], told["done"], told["disputed"]) == ([0, 1], 2, [])
    assert Trial.objects.count() == 2
    assert TrialEvents.objects.get().count == 2
    assert Event.objects.filter(kind="began").count() == 1
    assert Variant.objects.count() == 0


def test_another_content_is_kept_beside_the_first(begin, ask):
    begin()
    ask(f"{KEY}/trials", batch(row(0, duration=12)))
    told = ask(f"{KEY}/trials", batch(row(0, duration=99))).json()
    assert (told["stored"], told["disputed"]) == ([0], [0])
    assert json.loads(Trial.objects.get().raw) == {"duration": 12}
    assert Variant.objects.count() == 1


def test_a_run_ends_with_its_last_trial_and_can_be_asked_to_again(begin, ask):
    begin()
    assert code(ask(f"{KEY}/end", {"holder": HOLDER})) == (409, "not-through")
    ask(f"{KEY}/trials", batch(*(row(number, duration=1) for number in range(4))))
    assert Run.objects.get().status == Run.Status.COMPLETED
    for _ in range(2):
        assert ask(f"{KEY}/end", {"holder": HOLDER}).json()["is_complete"] is True
    late = batch(events=[{"number": 7, "kind": "page hidden"}])
    assert ask(f"{KEY}/trials", late).status_code == 200
    assert code(begin()) == (409, "run-is-over")


def test_a_run_that_another_browser_holds_is_taken_over_by_whoever_has_its_key(begin, ask):
    begin()
    assert code(begin(holder=OTHER)) == (409, "held-elsewhere")
    assert begin(holder=OTHER, take_over=True).json()["is_begun"] is True
    assert code(ask(f"{KEY}/trials", batch(row(0)))) == (409, "held-elsewhere")
    assert ask(f"{KEY}/trials", batch(row(0), holder=OTHER)).status_code == 200
    assert Event.objects.filter(kind="taken over").exists()


def test_a_run_is_not_taken_over_by_its_name_alone(begin):
    begin()
    refused = begin(OTHER_KEY, OTHER, run="S0", take_over=True)
    assert code(refused) == (409, "held-elsewhere")


def test_a_run_that_was_let_go_is_gone_on_with_by_its_name(begin, ask, alice):
    begin()
    ask(f"{KEY}/trials", batch(row(0)))
    hand_out.unlock(planned=PlannedRun.objects.at_hand().get(code="S0"), by=alice)
    told = begin(OTHER_KEY, OTHER, run="S0").json()
    assert (told["done"], told["is_begun"]) == (1, True)
    assert code(ask(f"{KEY}/trials", batch(row(1)))) == (404, "no-such-run")


def test_a_link_hands_a_run_over(begin, ask, design):
    begin()
    link = service.link_to(design, run="S0", hands_over=True)
    told = ask("begin", {"link": link, "key": OTHER_KEY, "holder": OTHER}).json()
    assert (told["code"], told["is_begun"]) == ("S0", True)
    assert code(ask("begin", {"link": link[:-1], "key": "c" * 64, "holder": OTHER})) == (
        404,
        "no-such-design",
    )


def test_a_link_to_a_design_needs_no_codes(ask, design):
    link = service.link_to(design)
    assert ask("begin", {"link": link, "key": KEY, "holder": HOLDER}).json()["code"] == "S0"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 422),
        ("[]", 422),
        ('{"key": "x", "holder": "y"}', 422),
        ({"key": KEY, "holder": HOLDER, "lab": "alder", "design": "nothing"}, 404),
        ({"key": KEY, "holder": HOLDER, "lab": ["alder"]}, 422),
        ({"key": KEY, "holder": HOLDER, "lab": "a\0"}, 422),
    ],
)
def test_a_beginning_that_makes_no_sense_is_refused(ask, design, body, status):
    assert ask("begin", body).status_code == status
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        {"rows": []},
        batch({"index": 0}),
        batch({"index": 0, "data": {"block": 0, "trial": "0"}}),
        batch({"index": 0, "data": {"block": 0, "trial": 0, "measures": []}}),
        batch({"index": 0, "data": {"block": 0, "trial": 0, "events": [1]}}),
        batch(row(0), holder="no-holder"),
        {"holder": HOLDER, "rows": {}},
    ],
)
def test_a_batch_that_makes_no_sense_is_refused_and_nothing_of_it_stored(begin, ask, body):
    begin()
    assert ask(f"{KEY}/trials", body).status_code == 422
    assert not Trial.objects.exists()


def test_trials_out_of_order_or_of_no_block_are_refused(begin, ask):
    begin()
    assert code(ask(f"{KEY}/trials", batch(row(1)))) == (409, "out-of-order")
    assert code(ask(f"{KEY}/trials", batch(row(8)))) == (404, "no-such-trial")


def test_any_site_may_ask_and_reads_refusals_too(ask, design, client):
    before = client.options("/designs/run/begin/")
    assert before["Access-Control-Allow-Origin"] == "*"
    refused = ask("begin", "{", Accept="text/html")
    assert refused["Access-Control-Allow-Origin"] == "*"
    assert refused.json()["title"]
    assert client.get("/designs/run/begin/").status_code == 405


def test_a_trial_of_megabytes_is_taken_and_a_larger_one_refused_for_any_site_to_read(begin, ask):
    begin()
    large = batch(row(0, events=[{"text": "x" * 5_000_000}], duration=5))
    assert ask(f"{KEY}/trials", large).json()["stored"] == [0]
    refused = ask(f"{KEY}/trials", b" " * (8 * 2**20 + 1))
    assert (refused.status_code, refused["Access-Control-Allow-Origin"]) == (413, "*")


def test_no_cookie_is_asked_for_and_none_is_given(design):
    strict = Client(enforce_csrf_checks=True)
    asked = {"lab": "alder", "design": "pointing", "key": KEY, "holder": HOLDER}
    answer = strict.post("/designs/run/begin/", json.dumps(asked), "application/json")
    assert answer.status_code == 200
    assert not answer.cookies


def test_a_batch_costs_the_same_few_questions_however_large_it_is(begin, ask):
    begin()
    ask(f"{KEY}/trials", batch(row(0, duration=1, events=[{"pointer.x": 1}])))
    with CaptureQueriesContext(connection) as few:
        ask(f"{KEY}/trials", batch(row(1, duration=1, events=[{"pointer.x": 1}] * 500)))
    asked = [each["sql"] for each in few if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= MOST_QUERIES, "\n".join(asked)
