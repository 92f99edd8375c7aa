"""The lab's own API: lists, details, writes, refusals."""

import uuid

import pytest
from django.test import Client
from tests.factories import accounts
from tests.factories import lab as make

from accounts.models import AuditEntry
from accounts.services import tokens
from lab import models

AT = "2026-03-02T09:00:00Z"


class Caller:
    """A program that speaks to /api/v1/lab/ with somebody's token."""

    def __init__(self, person, scope="write"):
        _token, secret = tokens.create_token(user=person, name="test", scope=scope)
        self.client = Client(
            headers={"Authorization": f"Token {secret}", "Accept": "application/json"}
        )

    def get(self, path, /, headers=None, **query):
        return self.client.get(f"/api/v1/lab/{path}", query, headers=headers)

    def send(self, method, path, body=None, /, headers=None):
        call = getattr(self.client, method)
        where = f"/api/v1/lab/{path}"
        return call(where, body, content_type="application/json", headers=headers)

    def post(self, path, body=None, /, **words):
        return self.send("post", path, body, **words)

    def patch(self, path, body, /, **words):
        return self.send("patch", path, body, **words)

    def delete(self, path, body=None, /, **words):
        return self.send("delete", path, body, **words)


@pytest.fixture
def call():
    return Caller


def errors(answer):
    return [(one.get("index"), one.get("field")) for one in answer.json()["errors"]]


def test_an_animal_is_created_read_changed_and_deleted(alder, alice, call):
    ann = call(alice)
    made = ann.post("subjects", {"nickname": "KS014", "lab": "alder", "born_on": "2026-01-12"})
    assert made.status_code == 201, made.content
    assert made["Location"].endswith(f"/api/v1/lab/subjects/{made.json()['id']}")
    path = f"subjects/{made.json()['id']}"
    shown = ann.get(path).json()
    assert (shown["nickname"], shown["lab"], shown["responsible_user"]) == (
        "KS014",
        "alder",
        "alice",
    )
    changed = ann.patch(path, {"ear_mark": "L1"})
    assert changed.json()["ear_mark"] == "L1"
    assert ann.delete(path).status_code == 204
    assert ann.get(path).status_code == 404


def test_what_is_sent_twice_in_a_unique_place_is_a_conflict_that_names_it(animal, alice, call):
    answer = call(alice).post("subjects", {"nickname": "KS001", "lab": "alder"})
    assert answer.status_code == 409
    assert errors(answer) == [(None, "nickname")]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"weight_g": "heavy"}, "weight_g"),
        ({"weight_g": True}, "weight_g"),
        ({"weight_g": -1}, ""),
        ({"weight": 20}, "weight"),
        ({"at": "2026-03-02T09:00:00"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"subject": "KS001"}, "subject"),
        ({"subject": str(uuid.uuid4())}, "subject"),
        ({"user": "nobody"}, "user"),
        ({"json": {"a": "\0"}}, "json"),
        ({"id": str(uuid.uuid4())}, "id"),
    ],
)
def test_a_value_that_does_not_fit_is_named(animal, alice, call, given, field):
    body = {"subject": str(animal.pk), "at": AT, "weight_g": 20.0} | given
    answer = call(alice).post("weighings", body)
    assert answer.status_code == 422, answer.content
    if field:
        assert errors(answer) == [(None, field)]
    assert models.Weighing.objects.count() == 0


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"nonsense": "1"}, "nonsense"),
        ({"weight_g_min": "x"}, "weight_g_min"),
        ({"weight_g_min": "nan"}, "weight_g_min"),
        ({"at_from": "soon"}, "at_from"),
        ({"subject": "KS001"}, "subject"),
        ({"order": "user"}, "order"),
        ({"limit": "0"}, "limit"),
        ({"limit": "100000"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"count": "perhaps"}, "count"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named(animal, alice, call, query, named):
    answer = call(alice).get("weighings", **query)
    assert answer.status_code == 400, answer.content
    assert errors(answer) == [(None, named)]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 3),
        ({"weight_g_min": "21"}, 2),
        ({"weight_g_max": "21", "lab": "alder,birch"}, 2),
        ({"lab": "birch"}, 0),
        ({"subject_nickname": "KS001"}, 3),
        ({"at_from": "2026-03-03"}, 2),
        ({"at_until": "2026-03-03T09:00:00Z"}, 1),
        ({"user": "alice"}, 3),
        ({"user_empty": "true"}, 0),
        ({"after_death_contains": "x"}, 0),
    ],
)
def test_rows_are_found(animal, alice, call, query, count):
    for number in range(3):
        at = make.MORNING.replace(day=2 + number)
        make.weighing(animal, alice, 20.0 + number, at=at)
    answer = call(alice).get("weighings", count="true", **query).json()
    assert answer["count"] == len(answer["results"]) == count


def test_pages_lead_forwards_and_backwards_and_new_rows_shift_nothing(animal, alice, call):
    for number in range(7):
        make.weighing(animal, alice, 20.0 + number, at=make.MORNING.replace(day=1 + number // 2))
    ann = call(alice)
    first = ann.get("weighings", limit=3).json()
    assert first["previous"] is None
    make.weighing(animal, alice, 99, at=make.MORNING.replace(day=28))
    second = ann.client.get(first["next"]).json()
    third = ann.client.get(second["next"]).json()
    assert third["next"] is None
    rows = [*first["results"], *second["results"], *third["results"]]
    assert sorted(row["weight_g"] for row in rows) == [20.0 + number for number in range(7)]
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    back = ann.client.get(third["previous"]).json()
    assert back["results"] == second["results"]
    assert ann.client.get(back["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize("order", ["born_on", "-born_on", "nickname", "-nickname", "id", "-id"])
def test_every_order_reaches_every_row_once_also_those_without_a_value(alder, alice, call, order):
    for number in range(9):
        born = None if number % 3 == 0 else make.MORNING.date().replace(day=1 + number // 2)
        make.subject(alder, alice, f"KS{number:03d}", born_on=born)
    ann, seen, address = call(alice), [], f"/api/v1/lab/subjects?limit=2&order={order}"
    while address:
        page = ann.client.get(address).json()
        seen += [row["nickname"] for row in page["results"]]
        address = page["next"]
    assert sorted(seen) == [f"KS{number:03d}" for number in range(9)]


def test_a_list_comes_as_a_table_and_as_lines(animal, alice, call):
    make.made(
        models.Weighing,
        subject=animal,
        user=alice,
        weight_g=20,
        after_death="=1+1",
        at=make.MORNING,
    )
    table = call(alice).get("weighings", format="csv")
    lines = b"".join(table.streaming_content).decode().splitlines()
    assert lines[0].startswith("id,subject,subject_name,at,weight_g,user")
    assert "KS001" in lines[1]
    assert "'=1+1" in lines[1]
    wanted = {"Accept": "application/x-ndjson"}
    one = call(alice).get("weighings", headers=wanted)
    assert b"".join(one.streaming_content).count(b"\n") == 1
    refused = call(alice).get("weighings", format="csv", nonsense=1)
    assert refused["Content-Type"] == "application/json"


def test_many_rows_are_all_or_none(animal, alice, call):
    good = {"subject": str(animal.pk), "at": AT, "weight_g": 20.0}
    answer = call(alice).post("weighings", [good, good | {"weight_g": "x"}, good | {"user": "bob"}])
    assert answer.status_code == 422
    assert errors(answer) == [(1, "weight_g"), (2, "user")]
    assert models.Weighing.objects.count() == 0
    answer = call(alice).post("weighings", [good] * 3)
    assert (answer.status_code, answer.json()["count"]) == (201, 3)
    keys = [row["id"] for row in answer.json()["results"]]
    rows = [{"id": key, "weight_g": 21.5} for key in keys]
    assert call(alice).patch("weighings", rows).status_code == 200
    assert set(models.Weighing.objects.values_list("weight_g", flat=True)) == {21.5}
    lost = str(uuid.uuid4())
    answer = call(alice).delete("weighings", [*keys, lost, keys[0]])
    assert answer.status_code == 422
    assert {index for index, _ in errors(answer)} == {3, 4}
    assert models.Weighing.objects.count() == 3
    assert call(alice).delete("weighings", keys).json() == {"count": 3}
    assert models.Weighing.objects.count() == 0


def test_a_row_that_the_database_refuses_is_found_among_many(db, alder, call):
    carl = accounts.person("carl", lab=alder, role="colony manager")
    make.made(models.Strain, name="Two")
    rows = [{"name": name} for name in ("One", "Two", "Three")]
    answer = call(carl).post("strains", rows)
    assert answer.status_code == 409
    assert errors(answer) == [(1, "name")]
    assert models.Strain.objects.count() == 1


def test_a_dry_run_tells_and_changes_nothing(animal, alice, call):
    body = [{"subject": str(animal.pk), "at": AT, "weight_g": 20.0}] * 2
    answer = call(alice).post("weighings?dry_run=1", body)
    assert answer.status_code == 200
    assert (answer.json()["dry_run"], answer.json()["would_answer"]) == (True, 201)
    assert len(answer.json()["results"]) == 2
    assert models.Weighing.objects.count() == 0
    assert AuditEntry.objects.filter(action="weighing.created").count() == 0


def test_a_call_with_a_key_is_carried_out_once(animal, alice, carol, call):
    body, key = {"subject": str(animal.pk), "at": AT, "weight_g": 20.0}, {"Idempotency-Key": "k1"}
    first = call(alice).post("weighings", body, headers=key)
    again = call(alice).post("weighings", body, headers=key)
    assert first.json() == again.json()
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert again["ETag"] == first["ETag"]
    other = call(alice).post("weighings", body | {"weight_g": 21}, headers=key)
    assert other.status_code == 409
    assert models.Weighing.objects.count() == 1
    assert call(carol).post("weighings", body, headers=key).status_code == 201
    assert models.Weighing.objects.count() == 2


def test_a_refused_call_leaves_its_key_free(animal, alice, call):
    body, key = {"subject": str(animal.pk), "at": AT, "weight_g": -3}, {"Idempotency-Key": "k1"}
    assert call(alice).post("weighings", body, headers=key).status_code == 422
    assert call(alice).post("weighings", body | {"weight_g": 3}, headers=key).status_code == 201


def test_a_lost_update_is_refused(animal, alice, call):
    ann, path = call(alice), f"subjects/{animal.pk}"
    known = ann.get(path)["ETag"]
    assert ann.get(path, headers={"If-None-Match": known}).status_code == 304
    mine = ann.patch(path, {"ear_mark": "L1"}, headers={"If-Match": known})
    assert mine.status_code == 200
    late = ann.patch(path, {"ear_mark": "R1"}, headers={"If-Match": known})
    assert late.status_code == 412
    assert ann.delete(path, headers={"If-Match": known}).status_code == 412
    assert (
        ann.patch(path, {"ear_mark": "R1"}, headers={"If-Match": mine["ETag"]}).status_code == 200
    )


def test_why_it_was_done_is_in_the_history(animal, alice, call):
    call(alice).patch(f"subjects/{animal.pk}?reason=Bitten", {"ear_mark": "L1"})
    entry = AuditEntry.objects.on(animal).first()
    assert (entry.user, entry.reason, entry.changes) == (alice, "Bitten", {"ear_mark": ["", "L1"]})


def test_another_lab_sees_nothing_and_reaches_nothing(animal, alice, bob, birch, call):
    weighing = make.weighing(animal, alice)
    other = call(bob)
    assert other.get("subjects").json()["results"] == []
    assert other.get(f"weighings/{weighing.pk}").status_code == 404
    assert other.patch(f"weighings/{weighing.pk}", {"weight_g": 1}).status_code == 404
    assert other.delete(f"weighings/{weighing.pk}").status_code == 404
    answer = other.post("weighings", {"subject": str(animal.pk), "at": AT, "weight_g": 1})
    assert (answer.status_code, errors(answer)) == (422, [(None, "subject")])
    answer = other.patch("weighings", [{"id": str(weighing.pk), "weight_g": 1}])
    assert (answer.status_code, errors(answer)) == (404, [(0, "id")])


@pytest.mark.parametrize("path", ["subjects", "sessions", "weighings", "water-administrations"])
@pytest.mark.parametrize("size", [3, 30])
def test_a_list_asks_at_most_ten_questions(
    alder, alice, call, path, size, django_assert_max_num_queries
):
    project = accounts.project(alder)
    for number in range(size):
        animal = make.subject(alder, alice, f"KS{number:03d}")
        session = make.session(animal, alice)
        with make.recording.by(None):
            session.projects.set([project])
            animal.projects.set([project])
        make.weighing(animal, alice)
        make.water(animal, alice)
    ann = call(alice)
    ann.get(path)
    with django_assert_max_num_queries(10):
        found = ann.get(path)
    assert len(found.json()["results"]) == size
    with django_assert_max_num_queries(10):
        assert ann.get(f"{path}/{found.json()['results'][0]['id']}").status_code == 200


def test_what_no_one_knows_is_not_there(animal, alice, call):
    assert call(alice).get("subjects/KS001").status_code == 404
    assert call(alice).get("subjects/not-an-id").status_code == 404
