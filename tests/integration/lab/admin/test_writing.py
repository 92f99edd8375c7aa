"""Writes of the administration go through services: permitted, attributed, told at their field."""

import pytest
from tests.factories import accounts
from tests.factories import lab as make

from accounts.models import AuditEntry
from lab.models import DeletedRecord, Session, Subject, SubjectName

NINE = {"began_at_0": "2026-03-01", "began_at_1": "09:00"}


def told(record):
    return AuditEntry.objects.on(record).first()


def test_an_animal_is_entered_with_its_author_and_reason(as_, alice, alder, at, added):
    answer = added(as_(alice), "subject", nickname="KS050", sex="F", why="came by courier")
    assert answer.status_code == 302, errors(answer)
    animal = Subject.objects.get(nickname="KS050")
    assert (animal.lab, animal.responsible_user) == (alder, alice)
    assert SubjectName.objects.filter(subject=animal, name="KS050").exists()
    assert (told(animal).user, told(animal).reason) == (alice, "came by courier")


def errors(answer):
    return answer.context and answer.context["errors"]


def change(client, at, untouched, record, kind="subject", **values):
    address = at(kind, "change", record.pk)
    return client.post(address, untouched(client.get(address)) | values)


def test_a_page_sent_as_it_came_changes_nothing(as_, alice, animal, at, untouched):
    client = as_(alice)
    before = AuditEntry.objects.count()
    answer = change(client, at, untouched, animal)
    assert answer.status_code == 302, errors(answer)
    assert AuditEntry.objects.count() == before


def test_only_what_was_changed_is_told(as_, alice, animal, at, untouched):
    change(as_(alice), at, untouched, animal, ear_mark="LR", why="a new mark")
    assert told(animal).changes == {"ear_mark": ["", "LR"]}
    assert told(animal).reason == "a new mark"


def test_a_new_name_keeps_the_old_one(as_, alice, animal, at, untouched):
    change(as_(alice), at, untouched, animal, nickname="KS099")
    assert set(animal.names.values_list("name", "kind")) == {
        ("KS001", "former"),
        ("KS099", "present"),
    }


def test_what_a_service_refuses_stands_at_its_field(as_, alice, alder, animal, at, untouched):
    make.subject(alder, alice, "KS002")
    answer = change(as_(alice), at, untouched, animal, nickname="KS002", ear_mark="X")
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    assert "Another animal of Alder" in form.errors["nickname"][0]
    animal.refresh_from_db()
    assert (animal.nickname, animal.ear_mark) == ("KS001", "")


def test_a_session_after_death_is_refused_at_its_start(as_, alice, alder, added):
    dead = make.subject(alder, alice, "KS003", died_on="2026-02-01")
    answer = added(as_(alice), "session", **NINE | {"subject": str(dead.pk)})
    assert answer.status_code == 200
    assert "died on 2026-02-01" in answer.context["adminform"].form.errors["began_at"][0]
    assert not Session.objects.exists()


def test_a_session_takes_its_lab_from_the_animal_and_the_next_number(as_, alice, animal, added):
    for _ in range(2):
        answer = added(as_(alice), "session", **NINE | {"subject": str(animal.pk)})
        assert answer.status_code == 302, errors(answer)
    found = Session.objects.order_by("number").values_list("lab", "number")
    assert list(found) == [(animal.lab_id, 1), (animal.lab_id, 2)]


def test_the_next_entry_begins_with_the_animal_of_the_last(as_, alice, animal, at, added):
    client = as_(alice)
    added(client, "session", **NINE | {"subject": str(animal.pk)})
    page = client.get(at("session", "add"))
    assert page.context["adminform"].form.initial["subject"] == str(animal.pk)
    assert ">KS001</option>" in page.content.decode()


def test_a_deleted_animal_lies_in_the_trash_with_the_reason(as_, alice, animal, at):
    answer = as_(alice).post(
        at("subject", "delete", animal.pk), {"post": "yes", "why": "entered twice"}
    )
    assert answer.status_code == 302
    kept = DeletedRecord.objects.get(object_id=animal.pk)
    assert (kept.deleted_by, kept.reason) == (alice, "entered twice")


def test_several_are_deleted_into_the_trash_one_by_one(as_, carol, alice, alder, at):
    animals = [make.subject(alder, alice, f"KS01{number}") for number in range(2)]
    facts = {"action": "delete_selected", "post": "yes", "why": "mice of a course"}
    facts["_selected_action"] = [str(one.pk) for one in animals]
    assert as_(carol).post(at("subject"), facts).status_code == 302
    assert DeletedRecord.objects.filter(reason="mice of a course").count() == 2


@pytest.mark.parametrize("kind", ["subject", "session"])
def test_a_viewer_does_not_come_in(as_, viewer, at, kind):
    assert as_(viewer).get(at(kind)).status_code == 403
    assert as_(viewer).post(at(kind, "add"), {"nickname": "X"}).status_code == 403


def test_a_technician_sees_animals_and_changes_none(as_, technician, animal, at):
    client = as_(technician)
    address = at("subject", "change", animal.pk)
    page = client.get(address)
    assert page.status_code == 200
    assert not page.context["has_change_permission"]
    assert client.post(address, {"nickname": "KS1"}).status_code == 403
    assert client.get(at("subject", "add")).status_code == 403
    assert client.post(at("subject", "delete", animal.pk), {"post": "yes"}).status_code == 403


def test_somebody_elses_animal_is_shown_and_not_changed(as_, alder, animal, at):
    other = accounts.person("erin", lab=alder, role="experimenter")
    address = at("subject", "change", animal.pk)
    assert as_(other).get(address).status_code == 200
    assert as_(other).post(address, {"nickname": "KS1"}).status_code == 403


def test_a_superuser_who_is_no_operator_any_more_stays_out(as_, alder):
    former = accounts.person("ole", lab=alder, role="manager", is_superuser=True)
    assert as_(former).get("/admin/").status_code == 403


@pytest.mark.parametrize("kind", ["user", "lab", "project", "apitoken", "auditentry"])
def test_members_of_a_lab_get_at_no_account(as_, carol, alice, kind):
    assert as_(carol).get(f"/admin/accounts/{kind}/").status_code == 403


def test_nobody_makes_an_operator_of_themselves(as_, carol):
    address = f"/admin/accounts/user/{carol.pk}/change/"
    answer = as_(carol).post(address, {"username": "carol", "is_staff": "on", "is_superuser": "on"})
    assert answer.status_code == 403
    carol.refresh_from_db()
    assert (carol.is_staff, carol.is_superuser) == (False, False)


def test_a_password_is_not_changed_there(as_, carol):
    answer = as_(carol).get("/admin/password_change/")
    assert (answer.status_code, answer.url) == (302, "/accounts/password/")
