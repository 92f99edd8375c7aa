"""What damages data in log-server 4.1.0, absent here: a test or more for each line of 3.7."""

import csv
import io
import json

import pytest
from tests.factories.lightmill import Api, asked, made, refused, text


def table(caller, query=""):
    answer = caller.get(f"/logs{query}")
    assert answer["Content-Type"] == "text/csv"
    return list(csv.DictReader(io.StringIO(text(answer))))


def document(caller, query="", accept="application/vnd.api+json"):
    answer = caller.get(f"/logs{query}", headers={"Accept": accept})
    assert answer["Content-Type"] == "application/vnd.api+json"
    return json.loads(text(answer))


def test_keys_of_values_keep_their_names_and_do_not_fall_together(api, run):
    api.add(run, 1, {"m0": 1, "someKey": 2, "some_key": 3})
    (row,) = table(api)
    assert (row["m0"], row["someKey"], row["some_key"]) == ("1", "2", "3")


def test_a_value_called_type_is_kept_apart_from_the_type_of_the_log(api, run):
    api.add(run, 1, {"type": "mine", "run_name": "x", "value_type": "other"}, "trial")
    (row,) = table(api)
    assert (row["type"], row["run_name"]) == ("trial", "S1")
    assert (row["value_value_type"], row["value_run_name"], row["value_type"]) == (
        "mine", "x", "other",
    )  # fmt: skip


def test_logs_of_runs_without_a_name_lie_together_and_have_the_runs_id(host, experiment):
    people = [Api().begin() for _ in range(3)]
    runs = [person.new_run(experiment) for person in people]
    for number in (1, 2):
        for person, run in zip(people, runs, strict=True):
            person.add(run, number)
    rows = table(host)
    assert [(row["run_id"], row["log_number"]) for row in rows] == [
        (run, str(number)) for run in runs for number in (1, 2)
    ]


def test_a_retry_after_a_lost_answer_is_the_same_log(api, run):
    assert made(api.add(run, 1, {"x": 1})) == made(api.add(run, 1, {"x": 1}))
    assert refused(api.add(run, 1, {"x": 2})) == (409, "LOG_NUMBER_EXISTS")


def test_a_large_log_is_stored(api, run):
    made(api.add(run, 1, {"path": "x" * 2_000_000}))


def test_a_body_that_is_larger_than_the_front_takes_is_refused_in_words(api, run):
    answer = api.post("/logs", b"[" + b" " * (8 * 2**20) + b"]")
    assert refused(answer) == (413, "REQUEST_BODY_TOO_LARGE")


@pytest.mark.parametrize("body", [
    b"{", b"\xff\xfe", b'{"data": NaN}', b'{"data": 1e999}', b"[" * 100_000, b"1" * 5000,
    b'{"data":"\xc3"}',
])  # fmt: skip
def test_a_body_that_is_no_json_is_refused_in_words(api, body):
    answer = api.post("/logs", body)
    assert refused(answer) == (400, "BODY_VALIDATION")


@pytest.mark.parametrize("name", ["R&D", "1+1", "100%", "50%25", "a b", "été?#/", "[x]=", "%26"])
def test_names_with_any_letters_are_found(host, api, name):
    pk = host.new_experiment(name)
    found = api.get("/experiments?" + asked("name", name)).json()["data"]
    assert [(one["id"], one["attributes"]["name"]) for one in found] == [(pk, name)]
    run = api.new_run(pk, name)
    query = f"{asked('experiment.name', name)}&{asked('name', name)}"
    assert [one["id"] for one in api.get(f"/runs?{query}").json()["data"]] == [run]
    made(api.add(run, 1))
    query = f"{asked('experiment.name', name)}&{asked('run.name', name)}"
    assert len(table(api, f"?{query}")) == 1


def test_each_row_has_number_id_and_time_of_its_log(api, run):
    pk = made(api.add(run, 1))
    (row,) = table(api)
    assert (row["log_number"], row["log_id"], row["run_id"]) == ("1", pk, run)
    assert row["log_time"].startswith("20")


def test_csv_is_what_whoever_has_no_wish_gets(api, run):
    api.add(run, 1, {"b": True, "a": None, "c": {"x": [1]}, "d": 'é,\n"', "e": 0.5})
    answer = api.get("/logs", headers={"Accept": "*/*"})
    head, *lines = text(answer).splitlines()
    assert head == (
        "type,experiment_name,run_name,run_status,run_id,log_id,log_number,log_time,a,b,c,d,e"
    )
    assert lines[0].startswith("trial,pointing,S1,running,")
    (row,) = table(api)
    assert [row[name] for name in "abcde"] == ["", "true", '{"x":[1]}', 'é,\n"', "0.5"]


def test_a_column_is_left_out_where_one_value_of_it_was_asked_for(api, run):
    api.add(run, 1, {"x": 1}, "a")
    api.add(run, 2, {"y": 1}, "b")
    (row,) = table(api, "?filter[logType]=a")
    assert "type" not in row
    assert "y" not in row
    assert len(table(api, "?filter[logType]=a&filter[logType]=b")[0]["type"]) == 1
    assert "run_name" not in table(api, "?filter[run.name]=S1")[0]
    assert "experiment_name" not in table(api, "?filter[experiment.name]=pointing")[0]


@pytest.mark.parametrize(("accept", "is_csv"), [
    ("text/csv", True), ("application/vnd.api+json", False), ("application/json", False),
    ("text/csv;q=0.5, application/json", False), ("application/json;q=0.2,text/csv;q=0.4", True),
    ("text/html", True), ("", True), ("application/json;q=0, */*", True), ("q;q=x,,;", True),
    ("text/csv;q=1.2.3, application/json", False),
])  # fmt: skip
def test_weights_say_what_is_liked_best(api, accept, is_csv):
    answer = api.get("/logs", headers={"Accept": accept})
    assert (answer["Content-Type"] == "text/csv") is is_csv


def test_json_has_the_values_as_they_came_and_what_is_beside_them(api, run):
    api.add(run, 1, {"x": 1.50, "w": "é\u2028", "n": None})
    found = document(api, "?include=run&include=run.experiment&include=run.lastLogs")
    assert found["data"][0]["attributes"]["values"] == {"x": 1.5, "w": "é\u2028", "n": None}
    assert [one["type"] for one in found["included"]] == ["experiments", "runs", "logs"]


def test_no_logs_are_an_empty_document_and_a_table_of_its_head(api, run):
    assert document(api) == {"data": []}
    assert document(api, "?include=run") == {"data": [], "included": []}
    assert table(api) == []


def test_nothing_is_included_in_csv(api):
    answer = api.get("/logs?include=run")
    assert refused(answer) == (400, "INVALID_QUERY_PARAMETER")
    assert answer.json()["errors"][0]["source"] == {"parameter": "include"}


def test_participants_export_their_own_logs_and_hosts_those_of_their_project(host, api, run):
    made(api.add(run, 1))
    assert table(Api().begin()) == []
    assert len(table(host)) == len(table(api)) == 1


def test_columns_of_logs_that_a_resume_hid_are_not_there(api, run):
    api.add(run, 1, {"kept": 1})
    api.add(run, 2, {"hidden": 1})
    api.patch(run, lastLogNumber=1)
    api.add(run, 2, {"later": 1})
    assert [*table(api)[0]][-2:] == ["kept", "later"]


@pytest.mark.parametrize("name", ["nul\0", "half\ud800", "", "a,b", 'q"', "=1+1"])
def test_values_under_any_name_are_stored_and_exported(api, run, name):
    made(api.add(run, 1, {name: 1, "x": "\ud800\0"}))
    made(api.add(run, 2, {name: 2}))
    assert [row["log_number"] for row in table(api)] == ["1", "2"]
    assert [one["attributes"]["values"][name] for one in document(api)["data"]] == [1, 2]


def test_a_table_of_more_logs_than_are_read_at_once_is_whole(api, run, monkeypatch):
    monkeypatch.setattr("factorial.queries.logs.LOGS_AT_ONCE", 3)
    for number in range(1, 10):
        api.add(run, number)
    assert [row["log_number"] for row in table(api)] == [str(number) for number in range(1, 10)]


def test_text_that_a_spreadsheet_would_calculate_is_text_in_a_table(api, run):
    api.add(run, 1, {"x": "=1+1", "n": -1})
    (row,) = table(api)
    assert (row["x"], row["n"]) == ("'=1+1", "-1")
