"""Planning for programs: maps, analyses, scores, participants and minutes."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from tests.factories import maps, studies
from tests.factories import searches as some

from accounts.services import tokens
from planning.models import PilotMap, Plan, PowerAnalysis, Search

BASE = "/api/v1/planning"
UPLOAD = f"{BASE}/maps/upload?project=alder/memory&participants=20&name=Faces"
TSV = b"onset\tduration\ttrial_type\n" + b"".join(
    b"%d\t1\t%s\n" % (6 * n, b"ab"[n % 2 : n % 2 + 1]) for n in range(30)
)


@pytest.fixture
def client(as_, alice, project):
    return as_(alice)


def sent(client, address, content, kind="application/octet-stream"):
    return client.post(address, content, content_type=kind)


def asked(client, pilot, **chosen):
    return client.post(
        f"{BASE}/analyses",
        {"map": str(pilot.pk), "screening": 2.3, "resamples": 5} | chosen,
        content_type="application/json",
    )


# --- maps and analyses ----------------------------------------------------------------------------
def test_a_map_is_brought_as_its_bytes_and_kept_once(client):
    first, again = (sent(client, UPLOAD, maps.file()) for _ in range(2))
    assert first.status_code == 201
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["project"] == "alder/memory"
    assert PilotMap.objects.get().size_bytes == len(maps.file())


def test_a_map_is_asked_and_the_same_question_is_answered_once(client, project, alice):
    pilot = maps.pilot(project, alice)
    first, again = asked(client, pilot), asked(client, pilot)
    assert first.status_code == 201
    assert first.json()["results"][0]["id"] == again.json()["results"][0]["id"]
    assert first["Location"].endswith(first.json()["results"][0]["id"])
    both = asked(client, pilot, direction="both").json()["results"]
    assert [one["settings"]["negative"] for one in both] == [False, True]


def test_an_analysis_answers_in_both_directions(client, project, alice):
    done = maps.answered(maps.pilot(project, alice), alice)
    told = client.get(f"{BASE}/analyses/{done.pk}?power=0.9&participants=40").json()
    assert told["state"] == "done"
    assert told["effect"] > 0
    assert {row["correction"] for row in told["answers"]} == {
        "none", "bonferroni", "random_field", "false_discovery"}  # fmt: skip
    uncorrected = told["answers"][0]
    assert uncorrected["participants_low"] <= uncorrected["participants"]
    assert 0 < uncorrected["power"] <= 1
    assert "90 %" in told["paragraph"]
    peaks = client.get(f"{BASE}/analyses/{done.pk}/peaks.csv").text.splitlines()
    assert len(peaks) == told["peaks"] + 1
    assert client.get(f"{BASE}/analyses/{done.pk}/curves.csv").text.startswith("participants,")


def test_an_analysis_that_waits_has_no_numbers_yet(client, project, alice):
    waiting = maps.asked(maps.pilot(project, alice), alice)
    assert client.get(f"{BASE}/analyses/{waiting.pk}").json()["state"] == "queued"
    answer = client.get(f"{BASE}/analyses/{waiting.pk}/peaks.csv")
    assert answer.status_code == 404
    assert "not yet" in answer.json()["detail"]


def test_a_map_of_noise_is_refused_with_words(client, project, alice):
    done = maps.answered(maps.pilot(project, alice, maps.file(maps.OF_NOISE)), alice)
    told = client.get(f"{BASE}/analyses/{done.pk}").json()
    assert told["state"] == "refused"
    assert told["refusal"]
    assert "answers" not in told


def test_lists_are_read_in_pieces(client, project, alice):
    for number in range(5):
        PilotMap.objects.create(project=project, name=f"{number}", participants=20,
                                digest=f"{number}" * 64, created_by=alice)  # fmt: skip
    found, address = [], f"{BASE}/maps?limit=2&project=alder/memory"
    while address:
        piece = client.get(address).json()
        found += [row["name"] for row in piece["results"]]
        address = piece["next"]
    assert found == ["4", "3", "2", "1", "0"]
    assert client.get(f"{BASE}/maps?project=birch&count=true").json()["count"] == 0


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"screening": 0}, 400, "screening"),
        ({"alpha": "x"}, 400, "alpha"),
        ({"direction": "up"}, 400, "direction"),
        ({"map": "x"}, 400, "map"),
        ({"map": "5c2d1c8e-5d2b-4d1f-9d43-1d3a1d3a1d3a"}, 404, "no such map"),
        ({"nonsense": 1}, 400, "nonsense"),
    ],
)
def test_settings_that_do_not_fit_are_named(client, project, alice, change, status, said):
    answer = asked(client, maps.pilot(project, alice), **change)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert not PowerAnalysis.objects.exists()


@pytest.mark.parametrize(
    ("address", "content", "status"),
    [
        (UPLOAD, b"", 422),
        (f"{BASE}/maps/upload?project=birch/sleep&participants=20", b"x", 404),
        (f"{BASE}/maps/upload?project=alder/memory", b"x", 400),
        (f"{BASE}/maps/upload?project=alder/memory&participants=3", b"x", 400),
        (f"{UPLOAD}&kind=p", b"x", 400),
        (f"{UPLOAD}&groups=3", b"x", 400),
        (f"{UPLOAD}&unknown=1", b"x", 400),
    ],
)
def test_a_map_that_cannot_be_kept_is_refused(client, address, content, status):
    assert sent(client, address, content).status_code == status
    assert not PilotMap.objects.exists()


def test_a_key_that_may_only_read_brings_nothing(alice, project):
    _, text = tokens.create_token(user=alice, name="robot", scope="read")
    headers = {"Authorization": f"Token {text}"}
    client = Client(headers=headers)
    assert client.get(f"{BASE}/maps").status_code == 200
    assert sent(client, UPLOAD, maps.file()).status_code == 403


# --- plans and designs ----------------------------------------------------------------------------
def test_a_plan_is_made_of_its_specification_and_read_again(client):
    address = f"{BASE}/plans?project=alder/memory&name=Faces"
    made = sent(client, address, studies.SPECIFICATION, "application/toml")
    assert made.status_code == 201, made.text
    told = client.get(made["Location"]).json()
    assert told["specification"] == studies.SPECIFICATION
    assert told["facts"]["trials"] == 24
    assert told["facts"]["counts"] == {"faces": 12, "houses": 12}
    assert [row["id"] for row in client.get(f"{BASE}/plans").json()["results"]] == [told["id"]]


@pytest.mark.parametrize(
    ("query", "content", "status"),
    [
        ("project=alder/memory&name=x", b"", 400),
        ("project=alder/memory&name=", studies.SPECIFICATION, 400),
        ("project=birch/x&name=x", studies.SPECIFICATION, 404),
        ("project=alder/memory&name=x", b"trials = ", 422),
        ("project=alder/memory&name=x", b"\xff\xfe", 422),
        ("project=alder/memory&name=x", studies.SPECIFICATION.replace("24", "1"), 422),
        ("project=alder/memory&name=x", b"#" * 500_001, 400),
    ],
)
def test_a_plan_that_is_none_is_refused(client, query, content, status):
    answer = sent(client, f"{BASE}/plans?{query}", content)
    assert answer.status_code == status, answer.text
    assert not Plan.objects.exists()


def test_a_design_is_read_with_its_files(client, design):
    told = client.get(f"{BASE}/designs/{design.pk}").json()
    assert told["order"] == design.order
    assert told["conditions"] == ["faces", "houses"]
    for address in [*told["files"], told["zip"]]:
        assert client.get(address).status_code == 200, address
    assert any(address.endswith("events.tsv") for address in told["files"])
    task = client.get(f"{BASE}/designs/{design.pk}/files/task.json").json()
    assert task["format"] == "studium-protocol/1"
    assert client.get(f"{BASE}/designs/{design.pk}/files/../x").status_code == 404


# --- what is answered at once ---------------------------------------------------------------------
def test_events_are_scored(client):
    told = sent(client, f"{BASE}/score?tr=2&scans=100", TSV).json()
    assert [one["name"] for one in told["conditions"]] == ["a", "b"]
    assert [one["events"] for one in told["conditions"]] == [15, 15]
    assert told["detection"] > 0


@pytest.mark.parametrize(
    ("query", "content", "status"),
    [
        ("tr=2&scans=100", b"", 400),
        ("tr=2", TSV, 400),
        ("tr=nan&scans=100", TSV, 422),
        ("tr=2&scans=1e9", TSV, 400),
        ("tr=2&scans=nan", TSV, 400),
        ("tr=0&scans=100", TSV, 422),
        ("tr=2&scans=100&rho=2", TSV, 422),
        ("tr=2&scans=100&rho=nan", TSV, 422),
        ("tr=2&scans=100&high_pass=-3", TSV, 422),
        ("tr=2&scans=100&high_pass=nan", TSV, 422),
        ("tr=2&scans=100", b"\xff\xfe nothing", 422),
        ("tr=2&scans=100", b"onset\tduration\tx\n1\t1", 422),
        ("tr=2&scans=100", b"x" * 2_000_001, 400),
    ],
)
def test_events_that_cannot_be_scored_are_refused(client, query, content, status):
    answer = sent(client, f"{BASE}/score?{query}", content)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


def test_minutes_say_what_the_page_says(client, design):
    told = client.get(f"{BASE}/minutes?d=0.6&design={design.pk}").json()
    page = client.get(reverse("planning:minutes"), {"d": "0.6", "design": design.pk})
    best = page.context["reply"].best
    assert told["cheapest"]["participants"] == best.participants
    assert len(told["lengths"]) == 56
    refused = client.get(f"{BASE}/minutes?d=0.01&most=20").json()
    assert refused["cheapest"] is None
    assert "No study" in refused["refusal"]


def test_minutes_that_cannot_be_asked_are_refused(client):
    answer = client.get(f"{BASE}/minutes?d=x")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("d: ")


def test_a_list_costs_as_much_for_many_as_for_one(
    client, project, alice, django_assert_num_queries
):
    studies.analysis(project, alice)
    client.get(f"{BASE}/analyses")
    with django_assert_num_queries(4):
        client.get(f"{BASE}/analyses")
    for number in range(3):
        pilot = PilotMap.objects.create(project=project, name=f"{number}", participants=20,
                                        digest=f"{number}" * 64)  # fmt: skip
        PowerAnalysis.objects.create(pilot=pilot, question="q")
    with django_assert_num_queries(4):
        answer = client.get(f"{BASE}/analyses")
    assert len(json.loads(answer.text)["results"]) == 4


# --- searches -------------------------------------------------------------------------------------
def begun(client, of, **told):
    told = {"plan": str(of.pk), "restarts": 2, "moves": 200, "seed": 3} | told
    return client.post(f"{BASE}/searches", told, content_type="application/json")


def test_a_search_is_begun_followed_and_its_designs_are_read(client, plan):
    made = begun(client, plan)
    assert made.status_code == 201, made.text
    waiting = client.get(made["Location"]).json()
    assert (waiting["state"], waiting["designs"]) == ("queued", [])
    some.work(Search.objects.get())
    told = client.get(made["Location"]).json()
    assert told["state"] == "succeeded"
    assert told["share"] == 1
    best = told["designs"][0]
    assert best["worth"] == told["best"]
    assert client.get(f"{BASE}/designs/{best['id']}").json()["search"] == told["id"]
    assert [row["id"] for row in client.get(f"{BASE}/searches").json()["results"]] == [told["id"]]


def test_a_search_is_cancelled_once(client, plan):
    address = begun(client, plan)["Location"]
    assert client.post(f"{address}/cancel").json()["outcome"] == "cancelled"
    for verb in ("cancel", "end"):
        assert client.post(f"{address}/{verb}").status_code == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"method": "magic"}, 400),
        ({"seed": -1}, 400),
        ({"moves": 10**9}, 400),
        ({"plan": "x"}, 400),
        ({"plan": "5c2d1c8e-5d2b-4d1f-9d43-1d3a1d3a1d3a"}, 404),
        ({"nonsense": 1}, 400),
    ],
)
def test_a_search_that_cannot_be_is_refused(client, plan, change, status):
    assert begun(client, plan, **change).status_code == status
    assert not Search.objects.exists()


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"address": "https://elsewhere.example.org/map.nii"}, 422),
        ({"address": "http://127.0.0.1/map.nii"}, 422),
        ({"neurovault": 1, "address": "https://x.example.org"}, 400),
        ({"neurovault": "x"}, 400),
        ({}, 400),
    ],
)
def test_a_map_that_may_not_be_fetched_is_refused(client, settings, told, status):
    settings.NEUROVAULT, settings.PLANNING_HOSTS = "https://neurovault.example.org/api", []
    sent = {"project": "alder/memory", "participants": 20} | told
    answer = client.post(f"{BASE}/maps", sent, content_type="application/json")
    assert answer.status_code == status, answer.text
    assert not PilotMap.objects.exists()


def test_an_address_on_a_host_that_is_named_is_fetched_by_a_job(client, settings):
    settings.PLANNING_HOSTS = ["maps.example.org"]
    sent = {"project": "alder/memory", "participants": 20,
            "address": "https://maps.example.org/faces.nii.gz"}  # fmt: skip
    made = client.post(f"{BASE}/maps", sent, content_type="application/json")
    assert made.status_code == 201, made.text
    assert made.json()["source"] == "address"
    assert made.json()["name"] == "faces.nii.gz"
