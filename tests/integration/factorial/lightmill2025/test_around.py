"""What is around the protocol: pages of other origins, the command, erasing, other designs."""

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from tests.factories import designs, lightmill
from tests.factories.lightmill import Api, made, refused

from accounts.models import AuditEntry
from factorial.models import Design, Host, LogRun, PlannedRun
from runs.models import Participant, Run, Trial
from runs.services.erasure import Whose, erase

PAGE = "https://tasks.example.org"
COOKIE = "lightmill-session-id"


def preflight(origin):
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return Api().ask("OPTIONS", "/logs", headers=asked)


def test_no_page_of_another_origin_may_read_anything_by_default(db):
    answer = preflight(PAGE)
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert "Access-Control-Allow-Origin" not in Api(Origin=PAGE).get("/experiments")


def test_pages_of_configured_origins_may_with_their_cookie(db, settings):
    settings.LIGHTMILL_ORIGINS = [PAGE]
    answer = preflight(PAGE)
    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Origin"] == PAGE
    assert answer["Access-Control-Allow-Credentials"] == "true"
    assert "POST" in answer["Access-Control-Allow-Methods"]
    assert "Content-Type" in answer["Access-Control-Allow-Headers"]
    assert Api(Origin=PAGE).get("/runs")["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize(
    "origin", ["https://evil.example.org", f"{PAGE}.evil.org", "null", "*", ""]
)
def test_no_other_origin_is_let_in_by_that(db, settings, origin):
    settings.LIGHTMILL_ORIGINS = [PAGE]
    answer = preflight(origin)
    assert "Access-Control-Allow-Origin" not in answer
    assert "Origin" in answer["Vary"]


def test_the_cookie_of_a_page_of_another_origin_goes_across_sites_by_https_alone(db, settings):
    settings.LIGHTMILL_ORIGINS = [PAGE]
    for secure, same_site in ((True, "None"), (False, "Lax")):
        api = Api(Origin=PAGE)
        api.post("/sessions", lightmill.session("participant"), secure=secure)
        cookie = api.client.cookies[COOKIE]
        assert (cookie["samesite"], bool(cookie["secure"])) == (same_site, secure)


def test_a_page_of_another_site_cannot_post_without_being_asked_first(api, run):
    """A form or a plain fetch sends none but these media types."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = api.ask("POST", "/logs", lightmill.log(run, 1), content_type=kind)
        assert answer.status_code == 415
    assert not Trial.objects.exists()


def test_the_command_makes_changes_lists_and_removes_hosts(project, monkeypatch, capsys):
    monkeypatch.setenv("LIGHTMILL_HOST_PASSWORD", "first long password")
    call_command("lightmill_host", "set", "hanna", "--project", "alder/memory")
    first = Api().begin("host", Authorization=lightmill.basic("hanna", "first long password"))
    monkeypatch.setenv("LIGHTMILL_HOST_PASSWORD", "second long password")
    call_command("lightmill_host", "set", "hanna", "--project", "alder/memory")
    assert Api().begin("host", Authorization=lightmill.basic("hanna", "second long password"))
    assert first.get("/runs").status_code == 200
    call_command("lightmill_host", "list")
    assert "hanna  alder/memory  by a password" in capsys.readouterr().out
    call_command("lightmill_host", "remove", "hanna")
    assert not Host.objects.exists()
    assert first.get("/runs").status_code == 403
    actions = AuditEntry.objects.filter(action__startswith="lightmill-host").order_by("pk")
    assert [each.action for each in actions] == [
        "lightmill-host.created", "lightmill-host.password", "lightmill-host.removed",
    ]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), [
    (["set", "hanna", "--project", "alder/other"], "no project"),
    (["set", "a/b", "--project", "alder/memory"], "no slash"),
    (["remove", "nobody"], "no host"),
])  # fmt: skip
def test_the_command_says_what_is_wrong(project, monkeypatch, words, said):
    monkeypatch.setenv("LIGHTMILL_HOST_PASSWORD", "a long password")
    with pytest.raises(CommandError, match=said):
        call_command("lightmill_host", *words)


def test_a_short_password_is_not_taken(project, monkeypatch):
    monkeypatch.setenv("LIGHTMILL_HOST_PASSWORD", "short")
    with pytest.raises(CommandError, match="at least"):
        call_command("lightmill_host", "set", "hanna", "--project", "alder/memory")


def test_a_database_that_does_not_answer_is_said_as_the_protocol_says_it(api, run, monkeypatch):
    def silent(**_):
        raise OperationalError("gone")

    monkeypatch.setattr("factorial.services.logs.held", silent)
    answer = api.add(run, 1)
    assert refused(answer) == (503, "SERVICE_UNAVAILABLE")
    assert int(answer["Retry-After"]) > 0


def test_erasing_what_somebody_did_takes_the_logs_and_frees_the_planned_run(
    host, project, alice, api
):
    design = designs.design(project, alice)
    run = api.new_run(str(design.pk), "S0")
    made(api.add(run, 1))
    record = Run.objects.get()
    erase(Whose([record.pk], [record.participant_id]))
    assert not LogRun.objects.exists()
    assert not Trial.objects.exists()
    assert PlannedRun.objects.get(design=design, code="S0").run is None
    assert api.get("/runs").json() == {"data": []}
    assert Participant.objects.exists()


def test_runs_of_a_pilot_design_are_pilots(host, api, experiment):
    Design.objects.filter(pk=experiment).update(is_pilot=True)
    run = api.new_run(experiment, "S1")
    assert Run.objects.get(log_run__public_id=run).is_pilot
