"""The routes, statuses and codes of the client protocol of 2025."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.test.utils import override_script_prefix
from django.utils.timezone import now
from tests.factories import accounts, designs, lightmill
from tests.factories.lightmill import MEDIA_TYPE, Api, asked, refused

from accounts.keys import digest
from accounts.services.tokens import create_token
from factorial.models import Design, Host, LogRun, PlannedRun, Session
from factorial.services import log_runs
from runs.models import Run

SOMEBODY = "6f1c1f0e-3f0b-4c7e-9a52-6d0a4a6d9b10"


def test_a_session_is_told_with_its_cookie_and_address(db):
    answer = Api().post("/sessions", lightmill.session("participant"))
    assert answer.status_code == 201
    assert answer["Content-Type"] == MEDIA_TYPE
    assert answer["Location"] == "http://testserver/lightmill/sessions/current"
    assert answer.json() == {
        "data": {
            "type": "sessions",
            "id": "current",
            "attributes": {"role": "participant"},
            "relationships": {"runs": {"data": []}},
        }
    }


def test_the_cookie_lasts_works_over_plain_http_and_is_kept_as_its_hash(api):
    cookie = api.client.cookies["lightmill-session-id"]
    assert cookie["max-age"] == 400 * 24 * 3600
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["secure"]
    assert Session.objects.get().key_digest == digest(cookie.value)


def test_over_https_the_cookie_is_for_https_alone(db):
    api = Api()
    api.client.post("/lightmill/sessions", lightmill.as_sent(lightmill.session("participant")),
                    content_type=MEDIA_TYPE, secure=True)  # fmt: skip
    assert api.client.cookies["lightmill-session-id"]["secure"]


def test_a_second_session_is_refused_until_the_first_is_ended(api):
    again = api.post("/sessions", lightmill.session("participant"))
    assert refused(again) == (409, "SESSION_EXISTS")
    ended = api.ask("DELETE", "/sessions/current")
    assert (ended.status_code, ended.json()) == (200, {"data": None})
    assert refused(api.get("/sessions/current")) == (404, "SESSION_NOT_FOUND")
    assert api.begin().get("/sessions/current").status_code == 200


def test_an_ended_session_cannot_be_used_by_whoever_kept_its_cookie(api):
    key = api.client.cookies["lightmill-session-id"].value
    api.ask("DELETE", "/sessions/current")
    thief = Api()
    thief.client.cookies["lightmill-session-id"] = key
    assert refused(thief.get("/runs")) == (403, "SESSION_REQUIRED")


def test_no_other_session_can_be_asked_for(api):
    assert refused(api.get("/sessions/1")) == (404, "SESSION_NOT_FOUND")
    assert refused(api.ask("DELETE", "/sessions/1")) == (404, "SESSION_NOT_FOUND")


def test_a_session_tells_its_runs_and_what_is_beside_them(api, run):
    api.add(run, 1)
    answer = api.get("/sessions/current?include=runs&include=runs.experiment&include=runs.lastLogs")
    assert [one["id"] for one in answer.json()["data"]["relationships"]["runs"]["data"]] == [run]
    assert [one["type"] for one in answer.json()["included"]] == ["experiments", "runs", "logs"]


@pytest.mark.parametrize("role", ["boss", "", None, 3])
def test_an_unknown_role_is_refused_with_its_place(db, role):
    answer = Api().post("/sessions", lightmill.session(role))
    assert refused(answer) == (400, "BODY_VALIDATION")
    assert answer.json()["errors"][0]["source"] == {"pointer": "/data/attributes/role"}


@pytest.mark.parametrize("header", [
    "", "Basic", "Basic !!!", "Bearer x", lightmill.basic("hanna", "wrong"),
    lightmill.basic("nobody"), lightmill.basic("han\0na"),
])  # fmt: skip
def test_wrong_credentials_make_no_host(project, header):
    lightmill.host(project)
    headers = {"Authorization": header} if header else {}
    answer = Api().post("/sessions", lightmill.session("host"), headers=headers)
    assert refused(answer) == (403, "INVALID_CREDENTIALS")
    assert not Session.objects.exists()


def test_a_password_is_not_guessed_for_ever(project):
    lightmill.host(project)
    headers = {"Authorization": lightmill.basic("hanna", "wrong")}
    said = [Api().post("/sessions", lightmill.session("host"), headers=headers) for _ in range(31)]
    assert {answer.status_code for answer in said[:30]} == {403}
    assert said[30].status_code == 429


def test_without_a_password_nobody_is_host_on_a_site(project, settings):
    Host.objects.create(project=project, user="open")
    settings.LIGHTMILL_OPEN_HOST = False
    for headers in ({}, {"Authorization": lightmill.basic("open", "")}):
        answer = Api().post("/sessions", lightmill.session("host"), headers=headers)
        assert refused(answer) == (403, "INVALID_CREDENTIALS")


def test_without_a_password_anybody_is_host_where_the_tests_settings_say_so(project):
    Host.objects.create(project=project, user="open")
    assert Api().begin("host").new_experiment("free")


def test_somebody_of_the_lab_is_host_of_a_project_by_a_token(alder, project, alice):
    _, secret = create_token(user=alice, name="host", scope="write")
    host = Api().begin("host", Authorization=lightmill.basic("alder/memory", secret))
    assert Design.objects.get(pk=host.new_experiment("ours")).project == project


def test_a_token_that_may_only_read_or_is_of_another_lab_makes_no_host(project, alice, bob):
    _, reading = create_token(user=alice, name="reads", scope="read")
    _, other = create_token(user=bob, name="writes", scope="write")
    for secret in (reading, other, "studium_made_up"):
        headers = {"Authorization": lightmill.basic("alder/memory", secret)}
        answer = Api().post("/sessions", lightmill.session("host"), headers=headers)
        assert refused(answer) == (403, "INVALID_CREDENTIALS")


def test_a_host_names_an_experiment_of_its_project(host, project):
    answer = host.post("/experiments", lightmill.experiment("pointing"))
    pk = answer.json()["data"]["id"]
    assert answer.status_code == 201
    assert answer.json() == {"data": {"type": "experiments", "id": pk}}
    assert answer["Location"] == f"http://testserver/lightmill/experiments/{pk}"
    design = Design.objects.get(pk=pk)
    assert (design.project, design.format, design.code) == (project, "named", "pointing")


def test_a_name_is_given_once(host):
    host.new_experiment("pointing")
    again = host.post("/experiments", lightmill.experiment("pointing"))
    assert refused(again) == (409, "EXPERIMENT_EXISTS")


def test_a_name_that_clients_would_find_twice_is_given_once_across_labs(host, birch):
    host.new_experiment("pointing")
    lightmill.host(accounts.project(birch, "Other"), "other")
    other = Api().begin("host", Authorization=lightmill.basic("other"))
    again = other.post("/experiments", lightmill.experiment("pointing"))
    assert refused(again) == (409, "EXPERIMENT_EXISTS")


def test_participants_and_strangers_name_no_experiments(api, db):
    for caller in (api, Api()):
        answer = caller.post("/experiments", lightmill.experiment("mine"))
        assert refused(answer) == (403, "FORBIDDEN")


def test_anybody_may_look_for_experiments_and_finding_none_is_no_error(experiment):
    found = Api().get("/experiments?" + asked("name", "pointing")).json()["data"]
    assert found == [{"type": "experiments", "id": experiment, "attributes": {"name": "pointing"}}]
    assert Api().get("/experiments?" + asked("name", "other")).json() == {"data": []}


def test_an_experiment_is_read_by_whoever_has_a_session(api, experiment):
    assert api.get(f"/experiments/{experiment}").json()["data"]["id"] == experiment
    assert refused(api.get("/experiments/999999")) == (404, "EXPERIMENT_NOT_FOUND")
    assert refused(Api().get(f"/experiments/{experiment}")) == (403, "SESSION_REQUIRED")


def test_projects_without_a_host_are_not_told_of(project, alice, api):
    design = designs.design(project, alice)
    assert Api().get("/experiments").json() == {"data": []}
    assert refused(api.get(f"/experiments/{design.pk}")) == (404, "EXPERIMENT_NOT_FOUND")


def test_a_run_is_begun(api, experiment):
    answer = api.post("/runs", lightmill.run(experiment, "S1"))
    pk = answer.json()["data"]["id"]
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver/lightmill/runs/{pk}"
    assert api.get(f"/runs/{pk}").json() == {
        "data": {
            "type": "runs",
            "id": pk,
            "attributes": {
                "status": "running", "name": "S1", "lastLogNumber": 0, "missingLogNumbers": [],
            },
            "relationships": {
                "lastLogs": {"data": []},
                "experiment": {"data": {"type": "experiments", "id": experiment}},
            },
        }
    }  # fmt: skip


@pytest.mark.parametrize("status", ["idle", "running", "completed", "interrupted", "canceled"])
def test_a_run_is_begun_in_any_status(api, experiment, status):
    run = api.new_run(experiment, "S1", status)
    assert api.facts(run)["status"] == status


def test_one_run_at_a_time_goes_on_in_a_session(api, experiment, run):
    assert refused(api.post("/runs", lightmill.run(experiment, "S2"))) == (403, "ONGOING_RUNS")
    api.patch(run, status="interrupted")
    assert refused(api.post("/runs", lightmill.run(experiment, "S2"))) == (403, "ONGOING_RUNS")
    api.patch(run, status="canceled")
    assert api.new_run(experiment, "S2")


def test_a_waiting_run_is_not_started_while_another_goes_on(api, experiment):
    waiting = api.new_run(experiment, "S1", "idle")
    api.new_run(experiment, "S2")
    assert refused(api.patch(waiting, status="running")) == (403, "ONGOING_RUNS")
    assert api.patch(waiting, status="canceled").status_code == 200


def test_a_name_is_free_again_when_its_run_is_canceled(api, experiment, run):
    other = Api().begin()
    again = lightmill.run(experiment, "S1")
    assert refused(other.post("/runs", again)) == (409, "RUN_EXISTS")
    api.patch(run, status="canceled")
    assert other.post("/runs", again).status_code == 201


def test_runs_without_a_name_are_as_many_as_you_like(experiment):
    names = {Api().begin().new_run(experiment) for _ in range(3)}
    assert len(names) == 3


def test_a_run_of_an_unknown_experiment_is_refused(api, db):
    for pk in ("1", "99999999999999999999", "x", "", "-1"):
        answer = api.post("/runs", lightmill.run(pk, "S1"))
        assert refused(answer) == (403, "EXPERIMENT_NOT_FOUND")


def test_participants_see_their_own_runs_and_hosts_all_of_their_project(host, api, run, birch):
    other = Api().begin()
    lightmill.host(accounts.project(birch, "Other"), "other")
    elsewhere = Api().begin("host", Authorization=lightmill.basic("other"))
    for caller in (other, elsewhere):
        assert caller.get("/runs").json() == {"data": []}
        assert refused(caller.get(f"/runs/{run}")) == (404, "RUN_NOT_FOUND")
        assert refused(caller.patch(run, status="canceled")) == (404, "RUN_NOT_FOUND")
        assert refused(caller.add(run, 1)) == (403, "RUN_NOT_FOUND")
    for caller in (api, host):
        assert [one["id"] for one in caller.get("/runs").json()["data"]] == [run]


def test_a_host_may_write_to_runs_of_its_project(host, api, run):
    assert host.add(run, 1).status_code == 201
    assert host.patch(run, status="interrupted").status_code == 200
    assert api.facts(run)["status"] == "interrupted"


ALLOWED = {
    ("idle", "running"), ("idle", "canceled"), ("running", "interrupted"), ("running", "canceled"),
    ("running", "completed"), ("interrupted", "running"), ("interrupted", "canceled"),
    ("completed", "canceled"),
}  # fmt: skip
STATUSES = ["idle", "running", "completed", "interrupted", "canceled"]


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_a_status_changes_as_the_protocol_allows(api, experiment, before, after):
    run = api.new_run(experiment, "S1", before)
    answer = api.patch(run, status=after)
    if before == after or (before, after) in ALLOWED:
        assert answer.json()["data"]["attributes"]["status"] == after
    else:
        assert refused(answer) == (403, "INVALID_STATUS_TRANSITION")
        assert api.facts(run)["status"] == before


def test_nothing_asked_changes_nothing_and_a_name_is_ignored(api, run):
    bare = {"data": {"type": "runs", "id": run}}
    assert api.ask("PATCH", f"/runs/{run}", bare).status_code == 200
    assert api.patch(run, name="S9").json()["data"]["attributes"]["name"] == "S1"


def test_a_runs_id_cannot_be_changed(api, run):
    answer = api.ask("PATCH", f"/runs/{run}", lightmill.change(SOMEBODY, status="canceled"))
    assert refused(answer) == (403, "INVALID_RUN_ID")


def test_runs_are_found_by_each_filter_with_raw_and_with_encoded_brackets(api, experiment, run):
    other = Api().begin()
    other.new_run(experiment, "S2")
    for name, value, wrong in (
        ("id", run, SOMEBODY), ("name", "S1", "S2"), ("status", "running", "idle"),
        ("experiment.id", experiment, "0"), ("experiment.name", "pointing", "Pointing"),
    ):  # fmt: skip
        raw, encoded = f"filter[{name}]=", f"filter%5B{name}%5D="
        for form in (raw, encoded):
            assert [one["id"] for one in api.get(f"/runs?{form}{value}").json()["data"]] == [run]
            assert api.get(f"/runs?{form}{wrong}").json()["data"] == []


def test_a_key_that_is_repeated_asks_for_either(api, run):
    both = "filter[status]=running&filter[status]=interrupted"
    assert len(api.get(f"/runs?{both}").json()["data"]) == 1
    api.patch(run, status="interrupted")
    assert len(api.get(f"/runs?{both}").json()["data"]) == 1


@pytest.mark.parametrize(("query", "parameter"), [
    ("filter[status]=gone", "filter[status]"), ("include=experiment,lastLogs", "include"),
    ("include=runs", "include"), ("page=2", "page"), ("filter[nothing]=1", "filter[nothing]"),
])  # fmt: skip
def test_an_unknown_parameter_or_value_is_refused_with_its_name(api, query, parameter):
    answer = api.get(f"/runs?{query}")
    assert refused(answer) == (400, "QUERY_VALIDATION")
    assert answer.json()["errors"][0]["source"] == {"parameter": parameter}


def test_what_is_beside_runs_is_included_once(api, run):
    api.add(run, 1)
    api.add(run, 2, {"x": 1}, "event")
    answer = api.get("/runs?include=lastLogs&include=experiment").json()
    assert [one["type"] for one in answer["included"]] == ["experiments", "logs", "logs"]
    last = answer["data"][0]["relationships"]["lastLogs"]["data"]
    assert last == [{"type": "logs", "id": one["id"]} for one in answer["included"][1:]]
    assert answer["included"][2]["attributes"] == {
        "logType": "event", "number": 2, "values": {"x": 1},
    }  # fmt: skip


def test_a_log_is_stored_and_read_again(api, run):
    answer = api.add(run, 1, {"m0": 1.5, "word": "é", "none": None, "deep": {"a": [1]}})
    pk = answer.json()["data"]["id"]
    assert answer.json() == {"data": {"type": "logs", "id": pk}}
    assert answer["Location"] == f"http://testserver/lightmill/logs/{pk}"
    assert api.get(f"/logs/{pk}").json()["data"] == {
        "type": "logs",
        "id": pk,
        "attributes": {
            "logType": "trial",
            "number": 1,
            "values": {"m0": 1.5, "word": "é", "none": None, "deep": {"a": [1]}},
        },
        "relationships": {"run": {"data": {"type": "runs", "id": run}}},
    }


def test_logs_of_others_and_of_nobody_are_not_there(api, run):
    pk = lightmill.made(api.add(run, 1))
    for caller, which in ((Api().begin(), pk), (api, "999999"), (api, "x"), (api, "0")):
        assert refused(caller.get(f"/logs/{which}")) == (404, "LOG_NOT_FOUND")


def test_a_run_that_is_not_running_takes_no_logs(api, run):
    for status in ("interrupted", "canceled"):
        api.patch(run, status=status)
        assert refused(api.add(run, 1)) == (403, "INVALID_RUN_STATUS")


def test_a_log_of_no_run_is_refused(api, db):
    for pk in (SOMEBODY, "x", "", "1" * 300):
        assert refused(api.add(pk, 1)) == (403, "RUN_NOT_FOUND")


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/runs"), ("POST", "/runs"), ("GET", f"/runs/{SOMEBODY}"),
    ("PATCH", f"/runs/{SOMEBODY}"), ("GET", "/logs"), ("POST", "/logs"), ("GET", "/logs/1"),
    ("POST", "/logs/batch"),
])  # fmt: skip
def test_without_a_session_that_is_what_is_said_first(db, method, path):
    for headers in ({}, {"Cookie": "lightmill-session-id=invalid"}):
        answer = Api(**headers).ask(method, path, content_type=MEDIA_TYPE)
        assert refused(answer) == (403, "SESSION_REQUIRED")
    with_body = Api().ask(method, path, lightmill.log(SOMEBODY, 1))
    assert refused(with_body) == (403, "SESSION_REQUIRED")


@pytest.mark.parametrize(("path", "allow"), [
    ("/sessions", "POST"), ("/sessions/current", "DELETE, GET"), ("/experiments", "GET, POST"),
    ("/experiments/1", "GET"), ("/runs", "GET, POST"), ("/runs/1", "GET, PATCH"),
    ("/logs", "GET, POST"), ("/logs/1", "GET"), ("/logs/batch", "POST"),
])  # fmt: skip
def test_other_methods_are_refused_with_those_that_work(db, path, allow):
    answer = Api().ask("PUT", path, {})
    assert refused(answer) == (405, "METHOD_NOT_ALLOWED")
    assert answer["Allow"] == allow
    assert answer.json()["errors"][0]["status"] == "Method Not Allowed"


def test_head_answers_as_get_without_a_body_and_options_tells_the_methods(api, run):
    head = api.ask("HEAD", "/runs")
    assert (head.status_code, head.content) == (200, b"")
    table = api.ask("HEAD", "/logs")
    assert (table.status_code, table.streaming, table["Content-Type"]) == (200, False, "text/csv")
    options = Api().ask("OPTIONS", "/runs")
    assert (options.status_code, options["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


@pytest.mark.parametrize("kind", [
    "application/json", "text/plain", "", "application/vnd.api+json; charset=utf-8",
    "application/vnd.api", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
])  # fmt: skip
def test_any_other_media_type_is_refused(db, kind):
    body = lightmill.as_sent(lightmill.session("participant"))
    answer = Api().ask("POST", "/sessions", body, content_type=kind)
    assert refused(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("path", ["/not-a-route", "/runs/a/b", "/runs/", "/", "/sessions/", "/x/y"])
def test_what_does_not_exist_is_said_as_the_protocol_says_it(db, path):
    answer = Api().get(path)
    assert refused(answer) == (404, "NOT_FOUND")
    assert answer["Content-Type"] == MEDIA_TYPE


def test_the_addresses_of_the_other_generation_are_not_answered_here(db):
    assert Client().get("/lightmill/2020/api/nothing").headers["Content-Type"] != MEDIA_TYPE


def test_a_location_tells_the_path_that_the_site_is_mounted_at(experiment, api):
    body = lightmill.run(experiment, "S1")
    with override_script_prefix("/lab/"):
        answer = api.post("/runs", body)
    assert re.match(r"http://testserver/lab/lightmill/runs/[0-9a-f-]{36}$", answer["Location"])


def test_a_run_by_the_name_of_a_planned_run_is_its_attempt(host, project, alice, api):
    design = designs.design(project, alice)
    run = api.new_run(str(design.pk), "S0")
    planned = PlannedRun.objects.get(design=design, code="S0")
    log_run = LogRun.objects.get(public_id=run)
    assert (log_run.planned_run, planned.run) == (planned, log_run.run)
    assert (log_run.run.design, log_run.run.cell) == (design.digest, "S0")
    api.patch(run, status="canceled")
    planned.refresh_from_db()
    assert planned.run is None


def test_a_planned_run_that_somebody_holds_is_not_begun_again(host, project, alice, api):
    design = designs.design(project, alice)
    designs.held(design, "S0")
    answer = api.post("/runs", lightmill.run(str(design.pk), "S0"))
    assert refused(answer) == (409, "RUN_EXISTS")
    assert not LogRun.objects.exists()


def test_a_design_that_takes_nobody_in_refuses_participants(host, api, experiment):
    Design.objects.filter(pk=experiment).update(is_open=False)
    assert refused(api.post("/runs", lightmill.run(experiment))) == (403, "FORBIDDEN")
    assert host.new_run(experiment)


def test_the_record_of_a_run_follows_its_status(api, experiment):
    run = api.new_run(experiment, "S1", "idle")
    record = Run.objects.get()
    assert record.status == Run.Status.INVITED
    api.patch(run, status="running")
    record.refresh_from_db()
    assert (record.status, record.source) == (Run.Status.ACTIVE, Run.Source.FACTORIAL)
    api.patch(run, status="completed")
    record.refresh_from_db()
    assert (record.status, record.excluded_at) == (Run.Status.COMPLETED, None)
    api.patch(run, status="canceled")
    record.refresh_from_db()
    assert (record.status, record.excluded_because) == ("completed", log_runs.CANCELED)


def test_that_a_session_is_in_use_is_noted_to_the_hour(api):
    long_ago = now() - timedelta(hours=2)
    Session.objects.update(seen_at=long_ago)
    api.get("/runs")
    assert Session.objects.get().seen_at > long_ago
