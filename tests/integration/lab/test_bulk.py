"""Many rows in one call: as few questions for forty as for one, and the same key only once."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import accounts
from tests.factories import lab as make
from tests.integration.lab.test_api import Caller, errors

from accounts.models import AuditEntry
from lab import models, recording

FIRST = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AT_ONCE = 8


def asked_by(call, send):
    with CaptureQueriesContext(connection) as queries:
        answer = send(call)
    assert answer.status_code < 300, answer.content
    return len(queries)


def water(animal, hours=0, **values):
    at = (FIRST + timedelta(hours=hours)).isoformat()
    return {"subject": str(animal.pk), "at": at, "water_ml": 0.8, **values}


def test_water_for_forty_animals_asks_as_many_questions_as_for_one(alder, alice):
    call, asked = Caller(alice), {}
    call.get("water-administrations")
    make.water_type()
    for count in (1, 10, 40):
        animals = [make.subject(alder, alice, f"K{count}_{n:02d}") for n in range(count)]
        rows = [water(animal) for animal in animals]
        asked[count] = asked_by(
            call, lambda call, sent=rows: call.post("water-administrations", sent)
        )
    assert asked[1] == asked[10] == asked[40]
    assert models.WaterAdministration.objects.count() == 51


def test_each_water_is_of_the_kind_of_its_animals_restriction(alder, alice):
    plain, acid = make.water_type(), make.water_type("Citric")
    one, two = (make.subject(alder, alice, name) for name in ("K1", "K2"))
    make.restriction(one, water_type=acid)
    rows = [water(one), water(two), water(one, 1, water_type=str(plain.pk))]
    answer = Caller(alice).post("water-administrations?reason=Round", rows)
    assert answer.status_code == 201, answer.content
    kinds = [row["water_type"] for row in answer.json()["results"]]
    assert kinds == [str(acid.pk), str(plain.pk), str(plain.pk)]
    told = AuditEntry.objects.filter(action="water-administration.created")
    assert {(entry.user, entry.reason) for entry in told} == {(alice, "Round")}
    assert told.count() == 3


def test_of_much_water_the_rows_that_cannot_be_are_named(animal, alice, alder):
    other = make.session(make.subject(alder, alice, "K2"), alice)
    rows = [water(animal), water(animal, 1, water_ml=800), water(animal, 2, session=str(other.pk))]
    answer = Caller(alice).post("water-administrations", rows)
    assert answer.status_code == 422
    assert errors(answer) == [(1, "water_ml"), (2, "session")]
    assert models.WaterAdministration.objects.count() == 0
    rows = [water(animal), water(animal, 1, water_ml=800, confirmed="An elephant.")]
    assert Caller(alice).post("water-administrations", rows).status_code == 201


def datasets(animal, alice, count):
    session = make.session(animal, alice)
    make.dataset(session)
    kind, form = models.DatasetType.objects.get(), models.DataFormat.objects.get()
    return [
        make.made(models.Dataset, session=session, lab=session.lab, type=kind, format=form,
                  name=f"wheel.position.{number}.npy", collection="alf")
        for number in range(count)
    ]  # fmt: skip


def test_forty_changes_ask_as_many_questions_as_one(animal, alice):
    call, asked, rows = Caller(alice), {}, datasets(animal, alice, 51)
    call.get("datasets")
    for count in (1, 10, 40):
        mine, rows = rows[:count], rows[count:]
        bodies = [{"id": str(row.pk), "version": f"1.{count}"} for row in mine]
        asked[count] = asked_by(call, lambda call, sent=bodies: call.patch("datasets", sent))
    assert asked[1] == asked[10] == asked[40]
    assert models.Dataset.objects.filter(version="1.40").count() == 40
    told = AuditEntry.objects.filter(action="dataset.changed", changes__version=["", "1.40"])
    assert told.count() == 40


def test_forty_corrections_of_water_ask_as_many_questions_as_one(alder, alice):
    call, asked = Caller(alice), {}
    call.get("water-administrations")
    for count in (1, 10, 40):
        animals = [make.subject(alder, alice, f"K{count}_{n:02d}") for n in range(count)]
        given = [make.water(animal, alice) for animal in animals]
        bodies = [{"id": str(one.pk), "water_ml": count} for one in given]
        asked[count] = asked_by(
            call, lambda call, sent=bodies: call.patch("water-administrations", sent)
        )
    assert asked[1] == asked[10] == asked[40]
    assert models.WaterAdministration.objects.filter(water_ml=40).count() == 40
    too_much = [{"id": str(one.pk), "water_ml": 400} for one in given]
    answer = call.patch("water-administrations", too_much)
    assert {field for _, field in errors(answer)} == {"water_ml"}
    assert len(errors(answer)) == 40


def test_forty_corrections_of_weights_ask_as_many_questions_as_one(alder, alice):
    call, asked = Caller(alice), {}
    call.get("weighings")
    for count in (1, 10, 40):
        animals = [make.subject(alder, alice, f"K{count}_{n:02d}") for n in range(count)]
        weighed = [make.weighing(animal, alice) for animal in animals]
        bodies = [{"id": str(one.pk), "weight_g": 20 + count / 100} for one in weighed]
        asked[count] = asked_by(call, lambda call, sent=bodies: call.patch("weighings", sent))
    assert asked[1] == asked[10] == asked[40]
    assert models.Weighing.objects.filter(weight_g=20.4).count() == 40
    too_much = [{"id": str(one.pk), "weight_g": 9999} for one in weighed]
    assert errors(call.patch("weighings", too_much)) == [(n, "weight_g") for n in range(40)]
    assert models.Weighing.objects.filter(weight_g=20.4).count() == 40


def test_a_week_in_the_wrong_unit_is_mended_by_one_call(animal, alice):
    days = [FIRST + timedelta(days=day) for day in range(5)]
    weighed = [make.weighing(animal, alice, 2.35, at=at) for at in days]
    bodies = [{"id": str(one.pk), "weight_g": 23.5} for one in reversed(weighed)]
    assert Caller(alice).patch("weighings", bodies).status_code == 200
    assert models.Weighing.objects.filter(weight_g=23.5).count() == 5


def test_forty_changes_of_sessions_ask_as_many_questions_as_one(alder, alice):
    call, asked = Caller(alice), {}
    call.get("sessions")
    for count in (1, 10, 40):
        animals = [make.subject(alder, alice, f"K{count}_{n:02d}") for n in range(count)]
        began = (FIRST + timedelta(days=1)).isoformat()
        bodies = [
            {"id": str(make.session(animal, alice).pk), "qc": 30, "began_at": began}
            for animal in animals
        ]
        asked[count] = asked_by(call, lambda call, sent=bodies: call.patch("sessions", sent))
    assert asked[1] == asked[10] == asked[40]
    changed = models.Session.objects.filter(qc=30, day=(FIRST + timedelta(days=1)).date())
    assert changed.count() == 51


def test_of_many_sessions_those_that_cannot_be_are_named(alder, alice, bob):
    mine = make.session(make.subject(alder, alice, "K1"), alice)
    late = make.session(make.subject(alder, alice, "K2"), alice)
    bodies = [{"id": str(mine.pk), "qc": 30}, {"id": str(late.pk), "began_at": "2090-01-01T00:00Z"}]
    answer = Caller(alice).patch("sessions", bodies)
    assert (answer.status_code, errors(answer)) == (422, [(1, "began_at")])
    mine.refresh_from_db()
    assert mine.qc == 0


def test_nobody_changes_many_of_somebody_elses(alder, alice):
    other = accounts.person("dora", lab=alder, role="experimenter")
    theirs = [make.session(make.subject(alder, other, f"K{n}"), other) for n in range(3)]
    bodies = [{"id": str(one.pk), "qc": 30} for one in theirs]
    assert Caller(alice).patch("sessions", bodies).status_code == 403
    with recording.by(None):
        other.profile.delegates.add(alice)
    assert Caller(alice).patch("sessions", bodies).status_code == 200


def test_what_one_row_does_not_say_stays_though_another_says_it(animal, alice):
    one, two = datasets(animal, alice, 2)
    bodies = [{"id": str(one.pk), "version": "2"}, {"id": str(two.pk), "hash": "ab"}]
    assert Caller(alice).patch("datasets", bodies).status_code == 200
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.version, one.hash, two.version, two.hash) == ("2", "", "", "ab")


def test_of_many_changes_the_one_that_is_refused_is_named_and_none_is_kept(animal, alice):
    one, two, three = datasets(animal, alice, 3)
    bodies = [{"id": str(one.pk), "version": "2"}, {"id": str(two.pk), "name": "../x.y.npy"},
              {"id": str(three.pk), "name": one.name}]  # fmt: skip
    answer = Caller(alice).patch("datasets", bodies)
    assert answer.status_code >= 400
    assert [index for index, _ in errors(answer)] == [1, 2]
    one.refresh_from_db()
    assert one.version == ""


def test_what_a_tag_protects_is_not_among_what_many_change(animal, alice):
    one, two = datasets(animal, alice, 2)
    tag = make.made(models.Tag, name="kept", is_protected=True)
    with recording.by(None):
        two.tags.add(tag)
    bodies = [{"id": str(row.pk), "version": "2"} for row in (one, two)]
    answer = Caller(alice).patch("datasets", bodies)
    assert answer.status_code == 403
    one.refresh_from_db()
    assert one.version == ""


def test_eight_calls_with_one_key_at_once_leave_one_record(at_once):
    house = accounts.lab("Race")
    erin = accounts.person("erin", lab=house, role="experimenter")
    animal = make.subject(house, erin, "RA01")
    call, body = Caller(erin), water(animal)
    call.get("water-administrations")

    def send(_number):
        answer = call.post("water-administrations", body, headers={"Idempotency-Key": "k"})
        return answer.status_code, answer.content, answer.get("Idempotency-Replayed")

    answers = at_once(AT_ONCE, send)
    done = [json.loads(content) for status, content, _ in answers if status == 201]
    assert all(one == done[0] for one in done)
    assert {status for status, _, _ in answers} <= {201, 503}
    assert sum(status == 201 and not again for status, _, again in answers) == 1
    assert models.WaterAdministration.objects.count() == 1


def test_of_eight_different_calls_with_one_key_at_once_one_is_done(at_once):
    house = accounts.lab("Race")
    erin = accounts.person("erin", lab=house, role="experimenter")
    animal = make.subject(house, erin, "RA01")
    call = Caller(erin)
    call.get("water-administrations")

    def send(number):
        body = water(animal, number)
        answer = call.post("water-administrations", body, headers={"Idempotency-Key": "k"})
        return answer.status_code

    statuses = at_once(AT_ONCE, send)
    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 409, 503}
    assert models.WaterAdministration.objects.count() == 1


def test_numbers_that_no_folder_has_a_place_for_are_refused_on_both_surfaces(
    animal, alice, program
):
    ours = {"subject": str(animal.pk), "began_at": FIRST.isoformat(), "number": 1000}
    answer = Caller(alice).post("sessions", ours)
    assert (answer.status_code, errors(answer)) == (422, [(None, "number")])
    one = {"subject": animal.nickname, "start_time": "2026-03-02T09:00:00", "number": 1000}
    answer = program(alice).post("sessions", **one)
    assert (answer.status_code, "number" in answer.json()) == (400, True)
    session = make.session(animal, alice)
    answer = Caller(alice).patch(f"sessions/{session.pk}", {"number": 1000})
    assert (answer.status_code, errors(answer)) == (422, [(None, "number")])


def test_water_that_no_animal_drinks_is_refused_on_both_surfaces(animal, alice, program):
    answer = Caller(alice).post("water-administrations", water(animal, water_ml=101))
    assert (answer.status_code, errors(answer)) == (422, [(None, "water_ml")])
    one = {"subject": animal.nickname, "date_time": "2026-03-02T09:00:00"}
    answer = program(alice).post("water-administrations", **one, water_administered=101)
    assert (answer.status_code, "water_administered" in answer.json()) == (400, True)
    said = program(alice).post("water-administrations", **one, water_administered=101,
                               confirmed="A bucket for the rack.")  # fmt: skip
    assert said.status_code == 201


BAD = [
    ("repositories", {"name": "far", "kind": "folder", "time_zone": "Mars/Base"}, "time_zone"),
    ("datasets", {"name": "../spikes.times.npy"}, "name"),
    ("datasets", {"name": "a.b.npy", "collection": "alf/../../etc"}, "collection"),
]


@pytest.mark.parametrize(("path", "given", "field"), BAD)
def test_names_and_zones_are_checked_wherever_they_come_from(
    path, given, field, animal, alice, carol
):
    """The surface for ONE said so; now the records themselves do, and so does every surface."""
    session = make.session(animal, alice)
    make.dataset(session)
    if path == "datasets":
        given = {"session": str(session.pk), **given,
                 "type": str(models.DatasetType.objects.get().pk),
                 "format": str(models.DataFormat.objects.get().pk)}  # fmt: skip
    answer = Caller(carol).post(path, given)
    assert (answer.status_code, [name for _, name in errors(answer)]) == (422, [field])


def test_a_dataset_of_an_old_name_can_still_be_changed(animal, alice):
    """Records that were moved in keep names that nobody could give them today."""
    [dataset] = datasets(animal, alice, 1)
    with recording.by(None):
        models.Dataset.objects.filter(pk=dataset.pk).update(name="old:name.npy")
    answer = Caller(alice).patch(f"datasets/{dataset.pk}", {"version": "2"})
    assert answer.status_code == 200, answer.content
    answer = Caller(alice).patch(f"datasets/{dataset.pk}", {"name": "new:name.npy"})
    assert (answer.status_code, errors(answer)) == (422, [(None, "name")])


def test_two_types_without_a_pattern_are_not_alike(carol):
    for name in ("one.kind", "other.kind"):
        body = {"name": name, "filename_pattern": ""}
        assert Caller(carol).post("dataset-types", body).status_code == 201
