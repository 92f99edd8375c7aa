"""What LightMill's server of 2020 answered, request by request, and what is better here.

The answers are those that were written down of that server; where it failed by itself (500), a 4xx
that says why is asked for instead.
"""

import json
import re

import pytest
from django.test import Client
from tests.factories import transcripts

from factorial.services import designs

AT = "/lightmill/2020"
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$")
RUN = {"blockCount": 5, "completed": False, "experimentId": "test", "id": "S0", "locked": False,
       "started": False, "trialCount": 14}  # fmt: skip
FIRST = {"blockNumber": 0, "completionDate": None, "experimentId": "test", "measures": {},
         "factorValues": {"factorFloat": "10.254", "factorInt": "2", "factorString": "foo"},
         "measuredBlockNumber": None, "number": 0, "practice": True, "runId": "S0"}  # fmt: skip
PROGRESS = "ExperimentProgressError"


@pytest.fixture
def there(project, alice):
    return designs.import_design(project=project, document=transcripts.document(), by=alice)


def ask(method, path, body=None, content_type="application/json"):
    data = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
    client = Client()
    response = client.generic(method, f"{AT}{path}", data or b"", content_type=content_type)
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Allow-Headers"] == "X-Requested-With, Content-Type"
    return response


def get(path, status=200):
    response = ask("GET", path)
    assert (path, response.status_code) == (path, status)
    assert response["Content-Type"] == "application/json"
    return response.json()


def post(path, body=None, status=200, **more):
    response = ask("POST", path, body, **more)
    assert (path, response.status_code, response.content[:300]) == (
        path, status, response.content[:300]
    )  # fmt: skip
    assert response["Content-Type"] == "application/json"
    return response.json()


def refused(said, type_):
    assert said["type"] == type_
    assert said["message"]
    return said


def lock(run="S0"):
    return get(f"/api/run/test/{run}/lock")["token"]


def both(trial=None, events=()):
    return {"trial": trial or {}, "events": list(events)}


def test_designs_runs_blocks_and_trials_are_told_as_they_were(there):
    assert get("/api/experiments") == {"test": "Test"}
    assert get("/api/experiment/nope", 400) == {
        "message": "Target not found.", "request": {"experiment": "nope"}, "type": "UnknownElement"
    }  # fmt: skip
    assert get("/api/experiment/test") == {
        "id": "test",
        "name": "Test",
        "description": "Some useless text",
        "runs": ["S0", "S1"],
        "measures": {},
        "factors": {
            "factorFloat": {"defaultValue": None, "name": "UselessOtherName", "type": "Float",
                            "tag": "Within Subject", "values": {".5": None, "10.254": None}},
            "factorInt": {"defaultValue": None, "name": "UselessName", "tag": "Within Subject",
                          "type": "Integer", "values": {"1": None, "2": None}},
            "factorString": {"defaultValue": None, "name": None, "tag": "Within Subject",
                             "type": "String", "values": {"bar": None, "foo": None}},
        },
    }  # fmt: skip
    assert get("/api/run/test/S0") == RUN
    assert get("/api/run/test/zzz", 400)["request"] == {"experiment": "test", "run": "zzz"}
    assert get("/api/block/test/S0/0") == {
        "factorValues": {}, "measuredBlockNumber": None, "number": 0, "practice": True,
        "trialCount": 2,
    }  # fmt: skip
    assert get("/api/block/test/S0/2") == {
        "factorValues": {"factorInt": "2"}, "measuredBlockNumber": 0, "number": 2,
        "practice": False, "trialCount": 4,
    }  # fmt: skip
    assert get("/api/block/test/S0/4")["measuredBlockNumber"] == 1
    unknown = {"block": 99, "experiment": "test", "run": "S0"}
    assert get("/api/block/test/S0/99", 400)["request"] == unknown
    assert get("/api/trial/test/S0/2/1") == FIRST | {
        "blockNumber": 2, "number": 1, "practice": False, "measuredBlockNumber": 0
    }  # fmt: skip
    unknown = {"block": 2, "experiment": "test", "run": "S0", "trial": 99}
    assert get("/api/trial/test/S0/2/99", 400)["request"] == unknown


def test_the_plan_is_a_list_of_blocks_in_order(there):
    plan = get("/api/run/test/S0/plan")
    assert [block["number"] for block in plan] == [0, 1, 2, 3, 4]
    assert plan[0] == {
        "number": 0, "factorValues": {}, "practice": True,
        "trials": [
            {"number": 0, "completionDate": None, "factorValues": FIRST["factorValues"]},
            {"number": 1, "completionDate": None, "factorValues":
                {"factorInt": "1", "factorFloat": "10.254", "factorString": "bar"}},
        ],
    }  # fmt: skip
    assert [block.get("measuredBlockNumber", "none") for block in plan] == [
        "none", "none", 0, "none", 1
    ]  # fmt: skip
    assert plan[1]["trials"][0]["factorValues"]["factorInt"] == "2"


def test_current_and_next_trial_and_the_run_that_is_offered(there):
    assert get("/api/experiment/test/available_run") == RUN
    assert get("/api/run/test/S0/current_trial") == FIRST
    after = get("/api/run/test/S0/next_trial")
    assert (after["number"], after["factorValues"]["factorString"]) == (1, "bar")
    assert get("/api/experiment/test/available_run") == RUN | {"id": "S1"}
    refused(get("/api/experiment/test/available_run", 410), "NoAvailableRuns")


def test_a_run_is_locked_once_and_writes_need_its_token(there):
    trial = {"token": "x", "measures": both()}
    refused(post("/api/trial/test/S0/0/0", trial, 405), "RunNotLocked")
    refused(post("/api/run/test/S0/unlock", {"token": "x"}, 405), "RunNotLocked")
    locked = get("/api/run/test/S0/lock")
    assert UUID.match(locked.pop("token"))
    assert locked == {"experimentId": "test", "runId": "S0"}
    again = refused(get("/api/run/test/S0/lock", 405), "RunAlreadyLocked")
    assert again["message"] == "Run S0 of test is already locked."
    assert get("/api/run/test/S0") == RUN | {"locked": True}
    assert get("/api/experiment/test/available_run")["id"] == "S1"
    wrong = refused(post("/api/trial/test/S0/0/0", trial, 405), "WrongToken")
    assert wrong["message"] == "Wrong token: x for run S0"


def test_unlocking_answers_and_a_wrong_token_is_told_of(there):
    token = lock()
    refused(post("/api/run/test/S0/unlock", {"token": "x"}, 405), "WrongToken")
    as_text = post("/api/run/test/S0/unlock", {"token": token}, 405, content_type="text/plain")
    refused(as_text, "Incorrect Request Type")
    refused(post("/api/run/test/S0/unlock", {}, 400), "MalformedRequest")
    assert post("/api/run/test/S0/unlock", {"token": token}) == RUN
    said = refused(post("/api/run/test/S0/unlock", {"token": token}, 405), "RunNotLocked")
    assert said["message"] == "Run S0 of test is not locked."
    refused(post("/api/trial/test/S0/0/0", {"token": token, "measures": both()}, 405),
            "RunNotLocked")  # fmt: skip
    assert lock() != token


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        "\xff",
        '{"token": NaN}',
        {},
        {"measures": {"trial": {}, "events": []}},
        {"token": 5, "measures": {"trial": {}, "events": []}},
        {"token": "TOKEN"},
        {"token": "TOKEN", "measures": None},
        {"token": "TOKEN", "measures": []},
        {"token": "TOKEN", "measures": {"trial": {}}},
        {"token": "TOKEN", "measures": {"events": []}},
        {"token": "TOKEN", "measures": {"trial": [], "events": []}},
        {"token": "TOKEN", "measures": {"trial": {}, "events": {}}},
        {"token": "TOKEN", "measures": {"trial": {}, "events": [1]}},
        {"token": "TOKEN", "measures": {"trial": {"x" * 256: 1}, "events": []}},
        {"token": "TOKEN", "measures": {"trial": {"": 1}, "events": []}},
        '{"token": "TOKEN", "measures": {"trial": {"a": 1e999}, "events": []}}',
        '{"token": "TOKEN", "measures": {"trial": ' + '{"a":' * 200 + "1" + "}" * 200
        + ', "events": []}}',
    ],
)  # fmt: skip
def test_what_made_the_server_of_2020_fail_is_a_400_that_says_why(there, body):
    text = (body if isinstance(body, str) else json.dumps(body)).replace("TOKEN", lock())
    data = text.encode("latin-1")
    refused(post("/api/trial/test/S0/0/0", data, 400), "MalformedRequest")
    assert get("/api/trial/test/S0/0/0") == FIRST


def test_a_form_is_a_400_too(there):
    form = "application/x-www-form-urlencoded"
    refused(post("/api/trial/test/S0/0/0", "token=x", 400, content_type=form), "MalformedRequest")


def test_trials_are_stored_one_after_another(there):
    token = lock()
    early = post("/api/trial/test/S0/0/1", {"token": token, "measures": both({"int": 1})}, 405)
    assert early == {
        "message": "Cannot complete trial <Trial 1 (block number: 0, run id: S0, experiment id: "
                   "test, completion date: None)>: previous trial is not completed yet. Trials "
                   "must be completed sequentially.",
        "type": PROGRESS,
    }  # fmt: skip
    body = {"token": token, "measures": both({"int": 13}, [{"x": 1}])}
    done = post("/api/trial/test/S0/0/0", body, content_type="text/plain")
    assert isinstance(done["completionDate"], int)
    assert done == FIRST | {"measures": {"int": "13"}, "completionDate": done["completionDate"]}
    assert get("/api/trial/test/S0/0/0") == done
    post("/api/trial/test/S0/0/1", {"token": token, "measures": both()})
    assert get("/api/run/test/S0") == RUN | {"locked": True, "started": True}
    current = get("/api/run/test/S0/current_trial")
    assert (current["blockNumber"], current["number"]) == (1, 0)
    assert get("/api/run/test/S0/plan")[0]["trials"][0]["completionDate"] == done["completionDate"]
    assert get("/api/experiment/test")["measures"] == {
        "int": {"levels": ["trial"], "name": None, "type": "unregistered"},
        "x": {"levels": ["event"], "name": None, "type": "unregistered"},
    }  # fmt: skip


def test_the_same_trial_again_is_a_200_and_another_content_a_405(there):
    token = lock()
    body = {"token": token, "measures": both({"int": 13}, [{"x": 1}, {"x": 2}])}
    done = post("/api/trial/test/S0/0/0", body)
    assert post("/api/trial/test/S0/0/0", body) == done
    body["measures"]["events"].pop()
    said = refused(post("/api/trial/test/S0/0/0", body, 405), PROGRESS)
    assert said["message"] == "Trial already completed."


def test_values_are_flattened_texts(there):
    token = lock("S1")
    trial = {"int": 12, "flt": 1.5, "t": True, "f": False, "s": 'é "q", x\nline2', "none": None,
             "nest": {"x": 1, "y": {"z": [5, {"k": "v"}]}}, "lst": ["p", "q"],
             "empty": {}, "void": []}  # fmt: skip
    done = post("/api/trial/test/S1/0/0", {"token": token, "measures": both(trial, [{"int": 1}])})
    assert done["measures"] == {
        "f": "0", "flt": "1.5", "int": "12", "lst.0": "p", "lst.1": "q", "nest.x": "1",
        "nest.y.z.0": "5", "nest.y.z.1.k": "v", "s": 'é "q", x\nline2', "t": "1",
    }  # fmt: skip
    measures = get("/api/experiment/test")["measures"]
    assert measures["int"]["levels"] == ["trial", "event"]
    assert "none" not in measures


def test_a_trial_of_which_nothing_was_sent_stays_open_until_content_or_the_next_one_comes(there):
    token = lock()
    nothing = {"token": token, "measures": {}}
    assert post("/api/trial/test/S0/0/0", nothing) == FIRST
    assert get("/api/trial/test/S0/0/0") == FIRST
    post("/api/trial/test/S0/0/0", {"token": token, "measures": both({"int": 13})})
    assert post("/api/trial/test/S0/0/1", nothing)["completionDate"] is None
    refused(post("/api/trial/test/S0/1/1", {"token": token, "measures": both()}, 405), PROGRESS)
    post("/api/trial/test/S0/1/0", {"token": token, "measures": both({"int": 1})})
    assert get("/api/trial/test/S0/0/1")["completionDate"] is not None
    refused(post("/api/trial/test/S0/0/1", nothing, 405), PROGRESS)


def test_a_run_of_which_nothing_was_sent_ends_all_the_same(there):
    token = lock()
    for block in get("/api/run/test/S0/plan"):
        for trial in block["trials"]:
            where = f"/api/trial/test/S0/{block['number']}/{trial['number']}"
            post(where, {"token": token, "measures": {}})
    assert get("/api/run/test/S0")["completed"]


def test_a_run_that_is_done_stays_locked_and_is_gone(there):
    token = lock()
    for block in get("/api/run/test/S0/plan"):
        for trial in block["trials"]:
            where = f"/api/trial/test/S0/{block['number']}/{trial['number']}"
            said = refused(get("/api/run/test/S0/next_trial", 410), "RunCompleted") if (
                block["number"], trial["number"]) == (4, 3) else None  # fmt: skip
            last = post(where, {"token": token, "measures": both({"int": 1})})
    assert said["message"] != "Run is completed."
    assert get("/api/run/test/S0") == RUN | {"completed": True, "locked": True, "started": True}
    for way in ("current_trial", "next_trial"):
        gone = refused(get(f"/api/run/test/S0/{way}", 410), "RunCompleted")
        assert gone["message"] == "Run is completed."
    refused(get("/api/run/test/S0/lock", 405), "RunAlreadyLocked")
    again = {"token": token, "measures": both({"int": 1})}
    assert post("/api/trial/test/S0/4/3", again) == last
    again["measures"]["trial"]["int"] = 2
    refused(post("/api/trial/test/S0/4/3", again, 405), PROGRESS)


def test_unknown_parameters_and_a_stray_brace_do_no_harm(there):
    assert get("/api/run/test/S0?__reqTime=1795245116043}") == RUN


def test_options_are_answered_wherever_one_asks(there):
    for path in ("/api/trial/test/S0/0/0", "/api/experiments", "/api/nothing"):
        response = ask("OPTIONS", path)
        assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/run/test/S0/unlock", 405),
        ("PUT", "/api/run/test/S0/lock", 405),
        ("POST", "/api/run/test/S0/lock", 405),
        ("GET", "/api/import", 405),
        ("DELETE", "/api/trial/test/S0/0/0", 405),
        ("GET", "/api/nothing", 404),
        ("GET", "/api/block/test/S0/x", 404),
        ("GET", "/api/experiments/", 404),
    ],
)
def test_other_ways_and_methods_are_refused_for_pages_of_any_site(there, method, path, status):
    assert ask(method, path).status_code == status
