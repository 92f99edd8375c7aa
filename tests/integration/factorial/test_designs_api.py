"""Designs as programs bring them in."""

import pytest
from django.test import Client
from tests.factories import designs

from accounts.services import tokens
from factorial.models import Design, PlannedRun
from touchstone import xml

TSL = b"<2(Fix({TECH=mouse,pen},1,))>"


def client(person, scope="write"):
    _, secret = tokens.create_token(user=person, name="import", scope=scope)
    return Client(headers={"authorization": f"Token {secret}"})


@pytest.fixture
def api(alice):
    return client(alice)


@pytest.fixture
def place(project):
    return f"/api/v1/designs/?project={project.lab.slug}/{project.slug}"


def document(**facts):
    return xml.write(designs.plan(**facts)).encode()


def sent(api, address, body, kind="text/xml"):
    return api.post(address, body, content_type=kind)


def test_a_file_is_previewed_then_brought_in(api, place):
    seen = sent(api, f"{place}&preview=1", document())
    assert seen.status_code == 200
    assert (seen.json()["runs"], seen.json()["code"]) == (2, "pointing")
    assert not Design.objects.exists()
    made = sent(api, place, document())
    assert made.status_code == 201
    told = api.get(made["Location"]).json()
    assert (told["code"], [run["code"] for run in told["runs"]]) == ("pointing", ["S0", "S1"])
    assert {each["code"] for each in told["factors"]} == {"TECH", "SIZE"}
    assert [each["id"] for each in api.get("/api/v1/designs/").json()["results"]] == [
        made.json()["id"]
    ]


@pytest.mark.parametrize(
    "kind", ["text/xml", "application/octet-stream", "text/plain; charset=utf-8"]
)
def test_the_media_type_does_not_matter(api, place, kind):
    assert sent(api, place, document(), kind).status_code == 201


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_form_is_no_file(api, place, kind):
    answer = sent(api, place, document(), kind)
    assert answer.status_code == 422
    assert "empty" in answer.json()["detail"]


def test_settings_are_given_with_it(api, place):
    sent(api, f"{place}&pilot=1&fixed=yes", document())
    made = Design.objects.get()
    assert (made.is_pilot, made.has_fixed_measures) == (True, True)


def test_runs_are_added_by_a_longer_file(api, place):
    made = sent(api, place, document()).json()
    longer = sent(api, made["url"], document(runs=5))
    assert longer.json()["added"] == 3
    assert PlannedRun.objects.count() == 5


@pytest.mark.parametrize(
    ("body", "more", "status", "says"),
    [
        (b"", "", 422, "empty"),
        (b"<experiment id='a'>", "", 422, "Line 1"),
        (b"<!DOCTYPE a><experiment id='a'/>", "", 422, "Line 1"),
        (b"x" * (8 * 1024 * 1024 + 1), "", 422, "8,388,608"),
        (document(), "&form=pdf", 400, "xml, tsl, csv"),
        (document(), "&pilot=perhaps", 400, "pilot"),
        (document(), "&pilots=1", 400, "pilots"),
        (document(), "&participants=many", 400, "participants"),
    ],
    ids=["empty", "cut", "dtd", "large", "format", "truth", "option", "number"],
)
def test_what_cannot_be_brought_in_is_refused_by_its_place(api, place, body, more, status, says):
    answer = sent(api, f"{place}{more}", body)
    assert answer.status_code == status
    assert says in answer.json()["detail"]
    assert not Design.objects.exists()


def test_an_id_is_taken_once_in_a_lab(api, place):
    sent(api, place, document())
    assert sent(api, place, document()).status_code == 409


def test_nobody_brings_a_design_into_a_project_of_others(bob, place):
    assert sent(client(bob), place, document()).status_code == 404


def test_a_key_that_reads_writes_nothing(alice, place):
    assert sent(client(alice, "read"), place, document()).status_code == 403


def test_long_lists_go_on_after_the_last(api, project, alice, monkeypatch):
    monkeypatch.setattr("factorial.api.designs.PAGE", 2)
    for number in range(3):
        designs.design(project, alice, code=f"d{number}")
    first = api.get("/api/v1/designs/").json()
    rest = api.get(f"/api/v1/designs/?after={first['after']}").json()
    assert [each["code"] for each in first["results"] + rest["results"]] == ["d0", "d1", "d2"]
    assert rest["after"] is None


def test_a_list_asks_the_same_of_one_design_and_of_many(
    api, project, alice, django_assert_num_queries
):
    designs.design(project, alice, code="a")
    api.get("/api/v1/designs/")
    with django_assert_num_queries(3):
        api.get("/api/v1/designs/")
    designs.design(project, alice, code="b")
    with django_assert_num_queries(3):
        api.get("/api/v1/designs/?lab=alder")
