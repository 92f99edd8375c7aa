"""The monitor of many runs, page by page, and of runs that clients of 2025 named themselves."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import designs as make
from tests.factories import lightmill

from accounts.models import AuditEntry
from factorial.models import Design, LogRun
from factorial.services import posting
from runs.models import Run

MOST_QUERIES = 18


def asked(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def codes(page):
    return re.findall(r'id="run-[0-9]+">(S[0-9]+)<', page.content.decode())


def test_every_run_is_on_one_page_or_another(project, alice, as_):
    design = make.design(project, alice, runs=205, blocks=1, trials=1)
    for code in ("S3", "S202"):
        held, planned = make.held(design, code)
        one = make.trial(0, 0, duration=1)
        posting.receive(planned=planned, token=held.token, trials=[one])
    page, address = as_(alice), f"/designs/{design.pk}/monitor/"
    first = page.get(address)
    assert codes(first) == [f"S{number}" for number in range(200)]
    assert '<span class="count">205</span>' in first.content.decode()
    behind = re.search(r'href="\?(after=[0-9]+)"', first.content.decode())[1]
    second = page.get(f"{address}?{behind}")
    assert codes(second) == [f"S{number}" for number in range(200, 205)]
    assert f"/monitor/state/?{behind}" in second.content.decode()  # it stays on its page
    assert codes(page.get(f"{address}?show=over")) == ["S3", "S202"]
    for odd in ("x", "-1", "9" * 30, "999999999"):
        assert page.get(f"{address}?after={odd}").status_code == 200


@pytest.fixture
def api(project):
    lightmill.host(project)
    return lightmill.Api().begin()


@pytest.fixture
def host(api):
    return lightmill.Api().begin("host", Authorization=lightmill.basic("hanna"))


@pytest.fixture
def named(host):
    """A design that a client named; the lab plans nothing of it."""
    return Design.objects.get(pk=host.new_experiment("tapping"))


def logged(api, design, name, count):
    run = api.new_run(str(design.pk), name)
    for number in range(1, count + 1):
        assert api.add(run, number, {"time": 100 + number}).status_code == 201
    return LogRun.objects.select_related("run").get(public_id=run)


def test_a_run_that_its_client_named_is_seen_with_its_logs(named, api, as_, alice):
    log_run = logged(api, named, "Anna's", 3)
    api.add(str(log_run.public_id), 6, {"time": 9, "target": {"x": 4, "y": [1, 2]}})
    page = as_(alice)
    said = page.get(f"/designs/{named.pk}/monitor/").content.decode()
    assert "Runs that clients named" in said
    assert "Anna&#x27;s" in said
    assert "without a gap up to 3" in said
    assert "The design plans no runs yet" not in said
    said = page.get(f"/designs/{named.pk}/logs/{log_run.run_id}/").content.decode()
    assert "time = 103" in said
    assert "target.x = 4, target.y.0 = 1" in said
    assert "Missing: 4, 5." in said


def test_what_a_resumed_run_left_behind_is_marked(named, api, as_, alice):
    log_run = logged(api, named, "S1", 3)
    public = str(log_run.public_id)
    api.patch(public, status="interrupted")
    assert api.patch(public, status="running", lastLogNumber=1).status_code == 200
    api.add(public, 2, {"time": 7})
    said = as_(alice).get(f"/designs/{named.pk}/logs/{log_run.run_id}/").content.decode()
    assert said.count("done again") == 2
    assert "4 logs in 2 sequences" in said


def test_such_a_run_is_left_out_and_taken_in_again(named, api, as_, alice, bob):
    log_run = logged(api, named, "S1", 1)
    at = f"/designs/{named.pk}/logs/{log_run.run_id}/"
    page, sent = as_(alice), {"kind": "excluded", "reason": "Slept."}
    assert as_(bob).post(f"{at}mark/", sent).status_code == 404
    assert page.post(f"{at}mark/", sent).status_code == 302
    assert Run.objects.get().excluded_because == "Slept."
    mark = Run.objects.get().marks.get()
    assert f"{at}marks/{mark.pk}/undo/" in page.get(at).content.decode()
    assert page.post(f"{at}marks/{mark.pk}/undo/").status_code == 302
    assert Run.objects.get().excluded_at is None
    assert AuditEntry.objects.filter(action="run.excluded-undone").exists()
    assert page.post(f"{at}mark/", {"kind": "gone", "reason": "x"}).status_code == 422


def test_a_planned_run_of_such_a_client_shows_logs_and_not_trials(design, api, as_, alice):
    log_run = logged(api, design, "S0", 2)
    page = as_(alice)
    monitor = page.get(f"/designs/{design.pk}/monitor/").content.decode()
    assert "2 logs without a gap" in monitor
    assert "Runs that clients named" not in monitor
    said = page.get(f"/designs/{design.pk}/runs/{log_run.planned_run_id}/").content.decode()
    assert "time = 102" in said
    assert "0 of 2 trials" in said
    assert page.get(f"/designs/{design.pk}/logs/{log_run.run_id}/").status_code == 404


def test_watching_such_runs_costs_the_same_however_many_there_are(named, host, as_, alice):
    costs, client = [], as_(alice)
    for count in (1, 6):
        for number in range(count):
            api = lightmill.Api().begin()
            logged(api, named, f"of {count}: {number}", 2)
        costs.append(asked(client, f"/designs/{named.pk}/monitor/state/"))
    assert costs[0] == costs[1] <= MOST_QUERIES
