"""History, timelines and the trash, by the lab's API."""

from datetime import timedelta

import pytest
from tests.factories import accounts, lab_kinds
from tests.factories import lab as make
from tests.integration.lab.test_api import Caller

from lab import models, recording
from lab.queries.timeline import KINDS


@pytest.fixture
def each(alder, alice):
    return lab_kinds.one_of_each(alder, alice)


def test_the_history_says_who_did_what_when_and_why(animal, alice, carol):
    call, path = Caller(alice), f"subjects/{animal.pk}"
    call.patch(f"{path}?reason=Bitten", {"ear_mark": "L1"})
    Caller(carol).patch(path, {"ear_mark": "R1"})
    found = call.get(f"{path}/history").json()["results"]
    assert [(one["user"], one["action"], one["reason"]) for one in found] == [
        ("carol", "subject.changed", ""),
        ("alice", "subject.changed", "Bitten"),
        (None, "subject.created", "a test"),
    ]
    assert found[1]["changes"] == [{"field": "ear_mark", "before": "", "after": "L1"}]
    assert found[1]["token"] == "test"
    assert "address" not in found[0]


def test_the_history_comes_in_pieces(animal, alice):
    call, path = Caller(alice), f"subjects/{animal.pk}"
    for number in range(5):
        call.patch(path, {"ear_mark": f"L{number}"})
    first = call.get(f"{path}/history", limit=4).json()
    second = call.client.get(first["next"]).json()
    assert len(first["results"]) == 4
    assert [one["action"] for one in second["results"]] == ["subject.changed", "subject.created"]
    assert second["next"] is None


def test_strangers_to_a_record_do_not_read_its_history(animal, bob):
    assert Caller(bob).get(f"subjects/{animal.pk}/history").status_code == 404


def test_the_timeline_tells_of_everything_with_few_questions(
    each, alder, alice, django_assert_max_num_queries
):
    animal, call = each["subjects"], Caller(alice)
    with recording.by(alice):
        animal.weaned_on = animal.genotyped_on = animal.born_on + timedelta(days=21)
        animal.save()
    path = f"subjects/{animal.pk}/timeline"
    call.get(path)
    with django_assert_max_num_queries(10):
        found = call.get(path).json()["results"]
    assert {one["kind"] for one in found} == set(KINDS) - {"death", "cull"}
    assert [one["at"] for one in found] == sorted((one["at"] for one in found), reverse=True)
    by_kind = {one["kind"]: one for one in found}
    assert by_kind["weighing"]["amount"] == 23.5
    assert by_kind["move"]["what"] == "C1"
    assert by_kind["note"]["what"] == "Curious."
    dead = call.get(f"subjects/{each['culls'].subject_id}/timeline").json()["results"]
    assert "cull" in {one["kind"] for one in dead}


def test_the_timeline_tells_the_last_weight_of_a_week_unless_all_are_asked_for(animal, alice):
    for day in range(2, 16):
        make.weighing(animal, alice, 20 + day, at=make.MORNING.replace(day=day))
    call, path = Caller(alice), f"subjects/{animal.pk}/timeline"
    told = call.get(path, kinds="weighing").json()["results"]
    assert [one["amount"] for one in told] == [35.0, 28.0]  # the Sundays
    assert len(call.get(path, kinds="weighing", every_weight="true").json()["results"]) == 14


def test_the_timeline_comes_in_pieces_that_fit_together(each, alice):
    call, path = Caller(alice), f"subjects/{each['subjects'].pk}/timeline"
    whole = call.get(path).json()["results"]
    seen, address = [], f"/api/v1/lab/{path}?limit=2"
    while address:
        page = call.client.get(address).json()
        seen += page["results"]
        address = page["next"]
    assert seen == whole


@pytest.mark.parametrize(
    ("query", "named"),
    [({"kinds": "tea"}, "kinds"), ({"cursor": "x"}, "cursor"), ({"limit": "no"}, "limit"),
     ({"every_weight": "some"}, "every_weight"), ({"day": "1"}, "day")],
)  # fmt: skip
def test_a_timeline_names_what_it_cannot_read(animal, alice, query, named):
    answer = Caller(alice).get(f"subjects/{animal.pk}/timeline", **query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, named)


def test_what_was_deleted_is_listed_and_restored_with_all_that_it_owned(animal, alice, alder):
    session, weighing = make.session(animal, alice), make.weighing(animal, alice)
    call, path = Caller(alice), f"subjects/{animal.pk}"
    assert call.delete(f"{path}?reason=Typing error").status_code == 204
    assert call.get(path).status_code == 404
    [kept] = call.get("trash").json()["results"]
    assert (kept["kind"], kept["label"], kept["reason"]) == ("subjects", "KS001", "Typing error")
    assert call.get(f"{path}/history").json()["results"][0]["action"] == "subject.deleted"
    answer = call.post(f"trash/{kept['id']}/restore")
    assert answer.status_code == 200, answer.content
    assert answer.json()["id"] == str(animal.pk)
    assert models.Session.objects.get().pk == session.pk
    assert models.Weighing.objects.get().pk == weighing.pk
    assert call.get("trash").json()["results"] == []
    assert call.post(f"trash/{kept['id']}/restore").status_code == 422


def test_who_may_not_write_restores_nothing(animal, alder, alice, bob, carol):
    erin = accounts.person("erin", lab=alder, role="experimenter")
    victor = accounts.person("victor", lab=alder, role="viewer")
    assert Caller(alice).delete(f"subjects/{animal.pk}").status_code == 204
    [kept] = Caller(carol).get("trash").json()["results"]
    for person in (bob, erin, victor):
        assert Caller(person).get("trash").json()["results"] == []
        assert Caller(person).post(f"trash/{kept['id']}/restore").status_code == 404
    reading = Caller(carol, scope="read")
    assert reading.post(f"trash/{kept['id']}/restore").status_code == 403
    assert Caller(carol).post(f"trash/{kept['id']}/restore").status_code == 200
