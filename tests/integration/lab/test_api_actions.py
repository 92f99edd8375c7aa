"""The lab's API beyond single records: litters, moves, culls, restrictions, genotypes, today."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from tests.factories import accounts
from tests.factories import lab as make
from tests.integration.lab.test_api import Caller, errors

from lab import models

AT = "2026-03-02T09:00:00Z"


@pytest.fixture
def cole(alder):
    return Caller(accounts.person("cole", lab=alder, role="colony manager"))


@pytest.fixture
def line(alder):
    return make.made(models.Line, name="PV-Cre", nickname="PV", lab=alder)


def test_a_litter_comes_with_its_animals(cole, line):
    animals = [{"sex": "F"}, {"sex": "M", "ear_mark": "L1"}]
    body = {"line": str(line.pk), "born_on": "2026-03-02", "animals": animals}
    made = cole.post("litters", body)
    assert made.status_code == 201, made.content
    found = models.Subject.objects.filter(litter=made.json()["id"]).order_by("nickname")
    assert [(one.nickname, one.sex) for one in found] == [("PV_0001", "F"), ("PV_0002", "M")]
    assert {str(one.born_on) for one in found} == {"2026-03-02"}


def test_a_litter_with_one_wrong_animal_is_no_litter(cole, line):
    body = {"line": str(line.pk), "animals": [{"sex": "F"}, {"sex": "X"}]}
    answer = cole.post("litters", body)
    assert answer.status_code == 422
    assert models.Litter.objects.count() == models.Subject.objects.count() == 0


def test_many_animals_move_at_once_or_none_does(alder, alice, cole):
    animals = [make.subject(alder, alice, f"KS{number:03d}") for number in range(5)]
    cage = make.made(models.Housing, cage_name="C1", lab=alder)
    keys = [str(one.pk) for one in animals]
    moved = cole.post("moves", {"subjects": keys, "housing": str(cage.pk), "at": AT})
    assert moved.json() == {"count": 5}, moved.content
    assert models.HousingPeriod.objects.filter(housing=cage, ended_at=None).count() == 5
    lost = "00000000-0000-4000-8000-000000000000"
    answer = cole.post("moves", {"subjects": [*keys, lost], "housing": None})
    assert (answer.status_code, errors(answer)[0][1][:8]) == (422, "subjects")
    assert models.HousingPeriod.objects.filter(ended_at=None).count() == 5
    assert cole.post("moves", {"subjects": keys, "housing": None}).json() == {"count": 5}


def test_a_cull_is_written_down_and_taken_back(animal, cole):
    made = cole.post("culls", {"subject": str(animal.pk), "culled_on": "2026-03-03"})
    assert made.status_code == 201, made.content
    assert cole.get(f"subjects/{animal.pk}").json()["died_on"] == "2026-03-03"
    back = cole.post(f"subjects/{animal.pk}/revive?reason=The wrong cage")
    assert back.json() == {"id": str(animal.pk), "is_alive": True}, back.content
    assert cole.get("culls").json()["results"] == []


def test_a_restriction_begins_and_ends(animal, alice):
    call = Caller(alice)
    began = now() - timedelta(days=1)
    body = {"subject": str(animal.pk), "began_at": began.isoformat(), "reference_weight_g": 25}
    made = call.post("water-restrictions", body)
    assert made.status_code == 201, made.content
    [need] = call.get("today", lab="alder").json()["results"]
    assert (need["subject_name"], need["is_weighed"]) == ("KS001", False)
    ended = call.post(f"water-restrictions/{made.json()['id']}/end")
    assert ended.status_code == 200, ended.content
    assert call.get("today").json()["results"] == []
    assert call.get("water-restrictions", open="true").json()["results"] == []


def test_today_asks_few_questions_and_shows_no_other_labs_animals(
    alder, alice, bob, django_assert_max_num_queries
):
    for number in range(12):
        make.restriction(make.subject(alder, alice, f"KS{number:03d}"))
    call = Caller(alice)
    call.get("today")
    with django_assert_max_num_queries(10):
        assert len(call.get("today").json()["results"]) == 12
    assert Caller(bob).get("today").json()["results"] == []


def test_genotypes_are_entered_many_at_once_and_zygosities_follow(alder, alice, cole, line):
    sequence = make.made(models.Sequence, name="Cre")
    allele = make.made(models.Allele, nickname="PV-Cre")
    made = cole.post("zygosity-rules", {
        "line": str(line.pk), "allele": str(allele.pk), "sequence0": str(sequence.pk),
        "result0": "present", "value": "+/-",
    })  # fmt: skip
    assert made.status_code == 201, made.content
    animals = [make.subject(alder, alice, f"KS{number}", line=line) for number in range(3)]
    rows = [
        {"subject": str(one.pk), "sequence": str(sequence.pk), "result": "present"}
        for one in animals
    ]
    answer = cole.post("genotype-tests", rows)
    assert answer.status_code == 201, answer.content
    found = cole.get("zygosities").json()["results"]
    assert [(one["value"], one["origin"]) for one in found] == [("+/-", "tested")] * 3


def test_a_dataset_belongs_to_its_sessions_lab_and_stays_when_it_is_protected(animal, alice, alder):
    session, call = make.session(animal, alice), Caller(alice)
    kinds = make.dataset(make.session(animal, alice, number=2))
    kind = models.DatasetType.objects.get(name=kinds["dataset_type"])
    form = models.DataFormat.objects.get(name=kinds["format"])
    body = {"session": str(session.pk), "name": "wheel.velocity.npy", "type": str(kind.pk),
            "format": str(form.pk)}  # fmt: skip
    made = call.post("datasets", body)
    assert (made.status_code, made.json()["lab"]) == (201, "alder"), made.content
    path = f"datasets/{made.json()['id']}"
    tag = make.made(models.Tag, name="Paper", is_protected=True)
    assert call.patch(path, {"tags": [str(tag.pk)]}).status_code == 200
    assert call.patch(path, {"version": "2"}).status_code == 403
    assert call.delete(path).status_code == 403


def test_what_one_does_not_see_stays_linked(animal, alder, alice, carol):
    shown, hidden = accounts.project(alder), accounts.project(alder, "Secret", visibility="members")
    with make.recording.by(None):
        animal.projects.set([shown, hidden])
    call = Caller(alice)
    assert call.get(f"subjects/{animal.pk}").json()["projects"] == ["memory"]
    assert call.patch(f"subjects/{animal.pk}", {"projects": []}).status_code == 404
    with make.recording.by(None):
        animal.projects.set([shown, hidden])
    other = accounts.project(alder, "Maze")
    assert call.patch(f"subjects/{animal.pk}", {"projects": ["maze"]}).status_code == 200
    assert set(animal.projects.all()) == {hidden, other}
