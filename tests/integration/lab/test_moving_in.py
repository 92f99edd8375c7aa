"""An Alyx dump comes in whole, once, with its ids, times and passwords."""

import json
import uuid
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Lab, Membership, User
from lab import models, recording
from lab.alyx.kinds import KINDS
from lab.services.moving_in import leftovers

DUMP = Path(__file__).with_name("alyx_dump.json")


@pytest.fixture
def rows():
    return json.loads(DUMP.read_text())


@pytest.fixture
def moved(db):
    call_command("import_alyx", DUMP, stdout=StringIO())


def test_every_record_came_in(moved, rows):
    counts = Counter(row["model"] for row in rows)
    for kind, how in KINDS.items():
        assert how.model._default_manager.count() == counts[kind], kind
    assert Lab.objects.count() == counts["misc.lab"]
    assert User.objects.count() == counts["misc.labmember"]
    assert models.ProjectProfile.objects.count() == counts["subjects.project"]


def test_ids_are_kept(moved, rows):
    for row in rows:
        if row["model"] in KINDS:
            assert KINDS[row["model"]].model._default_manager.filter(pk=row["pk"]).exists(), row
    people = {row["pk"] for row in rows if row["model"] == "misc.labmember"}
    assert {str(key) for key in models.PersonProfile.objects.values_list("pk", flat=True)} == people


def test_entries_of_short_lists_that_are_here_by_the_same_name_are_taken_for_those(db, rows):
    lists = {"subjects.species": models.Species, "misc.cagetype": models.CageType,
             "data.datarepository": models.Repository, "data.revision": models.Revision,
             "actions.watertype": models.WaterType}  # fmt: skip
    with recording.by(None):
        ours = {
            (row["model"], row["fields"]["name"]): lists[row["model"]].objects.create(
                name=row["fields"]["name"]
            )
            for row in rows if row["model"] in lists
        }  # fmt: skip
    for _ in range(2):
        call_command("import_alyx", DUMP, stdout=StringIO())
        for kind, model in lists.items():
            assert model.objects.count() == sum(row["model"] == kind for row in rows)
    [species] = {one.species for one in models.Subject.objects.exclude(species=None)}
    assert species in ours.values()
    assert {one.repository for one in models.FileRecord.objects.all()} <= set(ours.values())
    assert models.LabProfile.objects.filter(repositories__in=[
        one for (kind, _), one in ours.items() if kind == "data.datarepository"
    ]).exists()  # fmt: skip


def test_passwords_are_kept_and_nobody_but_an_administrator_is_staff(moved, rows):
    for row in (row for row in rows if row["model"] == "misc.labmember"):
        user = User.objects.get(username=row["fields"]["username"])
        assert user.password == row["fields"]["password"]
        assert user.is_staff is row["fields"]["is_superuser"]


def test_times_are_those_of_the_labs_clock(moved):
    session = models.Session.objects.get(pk="1e68970e-30d5-4916-9359-28c7e70c4b91")
    assert session.began_at.isoformat() == "2026-02-02T13:00:00+00:00"  # 14:00 in Paris
    assert str(session) == "LN1_0001/2026-02-02/001"


def test_links_hold(moved):
    animal = models.Subject.objects.get(nickname="LN1_0001")
    assert (animal.litter.name, animal.line.nickname) == ("LN1_L_001", "LN1")
    assert animal.litter.breeding_pair.father is not None
    assert [str(name) for name in animal.names.all()] == ["LN1_0001"]
    region = models.BrainRegion.objects.get(pk=567)
    assert region.path == "/0/997/8/567/"
    note = models.Note.objects.get(text="note on an animal")
    assert note.content_object == animal
    insertion = models.ChronicInsertion.objects.get()
    assert insertion.recording.name == "chronic00"


def test_who_kept_the_colony_still_does(moved):
    roles = dict(Membership.objects.values_list("user__username", "role"))
    assert roles["stock1"] == "colony manager"
    assert roles["user1"] == "experimenter"
    assert "former1" not in roles


def test_a_second_time_brings_nothing(moved):
    before = AuditEntry.objects.count()
    out = StringIO()
    call_command("import_alyx", DUMP, stdout=out)
    numbers = [line.split()[-2:] for line in out.getvalue().splitlines()[1:] if "." in line[:20]]
    assert {new for new, _there in numbers if new.isdigit()} == {"0"}
    assert AuditEntry.objects.count() == before


def test_a_dry_run_counts_and_keeps_nothing(db, rows):
    out = StringIO()
    call_command("import_alyx", DUMP, dry_run=True, stdout=out)
    assert "Nothing was kept" in out.getvalue()
    assert User.objects.count() == models.Subject.objects.count() == 0
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1"),
        ("{}", "no list"),
        ('[{"model": "subjects.subject"}]', "record 1"),
        ('[{"model": "moon.base", "pk": 1, "fields": {}}]', "moon.base"),
    ],
)
def test_what_is_no_dump_is_refused(db, tmp_path, content, said):
    file = tmp_path / "dump.json"
    file.write_text(content)
    with pytest.raises(CommandError, match=said):
        call_command("import_alyx", file)


@pytest.fixture
def refused(db, rows, tmp_path):
    """Return a function that moves rows in and tells by what words they were refused."""

    def move(text=None):
        file = tmp_path / "dump.json"
        file.write_text(json.dumps(rows, indent=1) if text is None else text)
        with pytest.raises(CommandError) as raised:
            call_command("import_alyx", file)
        assert not User.objects.exists()
        assert not AuditEntry.objects.exists()
        return str(raised.value)

    return move


def first(rows, kind):
    return next(row for row in rows if row["model"] == kind)


def test_a_dump_that_was_cut_off_is_refused(refused, rows):
    text = json.dumps(rows, indent=1)
    said = refused(text[: len(text) // 2])
    assert "begins in line" in said


def test_a_dump_that_was_cut_off_between_two_records_is_refused(refused, rows):
    assert "it was cut off" in refused(json.dumps(rows)[:-1])


def test_a_record_that_is_spoilt_in_the_middle_is_named_by_its_line(refused, rows):
    text = json.dumps(rows, indent=1).replace('"nickname": "AN003"', '"nickname": AN003', 1)
    line = text[: text.index("AN003,")].count("\n") + 1
    assert f"line {line}" in refused(text)


def test_a_record_that_stands_there_twice_is_named(refused, rows):
    animal = first(rows, "subjects.subject")
    rows.append(animal)
    said = refused()
    assert animal["pk"] in said
    assert "stands there already" in said


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("actions.session", "subject"),
        ("actions.session", "parent_session"),
        ("subjects.subject", "litter"),
        ("subjects.subject", "lab"),
        ("subjects.subject", "responsible_user"),
        ("subjects.subject", "projects"),
        ("data.dataset", "dataset_type"),
        ("data.dataset", "tags"),
        ("misc.labmembership", "user"),
        ("misc.labmember", "allowed_users"),
        ("subjects.project", "users"),
        ("misc.note", "object_id"),
    ],
)
def test_a_link_that_leads_nowhere_is_named(refused, rows, kind, field):
    nobody = "00000000-0000-4000-8000-000000000001"
    row = first(rows, kind)
    row["fields"][field] = [nobody] if isinstance(row["fields"][field], list) else nobody
    said = refused()
    assert kind in said
    assert row["pk"] in said
    assert nobody in said


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("subjects.subject", "birth_date", "yesterday"),
        ("subjects.subject", "sex", "X"),
        ("actions.weighing", "weight", -1),
        ("actions.weighing", "date_time", None),
        ("actions.session", "number", "one"),
        ("misc.labmember", "username", None),
        ("experiments.fovlocation", "x", "[1"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_record(refused, rows, kind, field, value):
    row = first(rows, kind)
    row["fields"][field] = value
    said = refused()
    assert kind in said
    assert row["pk"] in said


def test_every_field_is_carried_or_left_out_for_a_reason(rows):
    for row in rows:
        kind = row["model"]
        if kind not in leftovers.KINDS_LEFT:
            unknown = set(row["fields"]) - leftovers.carried(kind)
            assert {leftovers.reason(kind, field) for field in unknown} <= REASONS, (kind, unknown)


REASONS = {
    reason for fields in leftovers.FIELDS_LEFT.values() for reason in fields.values()
}  # the words for a field that nobody knows are none of them


def test_what_is_left_out_is_counted_and_explained(db, rows, tmp_path):
    first(rows, "actions.session")["fields"]["moon"] = "full"
    file, out = tmp_path / "dump.json", StringIO()
    file.write_text(json.dumps(rows))
    call_command("import_alyx", file, stdout=out)
    said = out.getvalue()
    assert "actions.session.moon" in said
    assert "Studium has no such field" in said
    assert "auth.group" in said
    assert "misc.labmember.is_staff" in said


def test_the_counts_of_the_real_dump_come_in(moved, rows):
    counts = json.loads(DUMP.with_name("alyx_counts.json").read_text())
    assert Counter(row["model"] for row in rows) == counts
    for kind, how in KINDS.items():
        assert how.model._default_manager.count() == counts.get(kind, 0), kind


def test_a_name_that_has_no_place_is_kept_in_the_free_data(db, rows, tmp_path):
    weighing = first(rows, "actions.weighing")
    weighing["fields"]["name"] = "before surgery"
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(rows))
    call_command("import_alyx", file, stdout=StringIO())
    assert models.Weighing.objects.get(pk=weighing["pk"]).json == {leftovers.NAME: "before surgery"}


def test_more_records_take_no_more_questions(db, rows, tmp_path):
    weighing, questions = first(rows, "actions.weighing"), []
    for more in (0, 0, 40):  # the first asks what a process asks once
        copies = [weighing | {"pk": str(uuid.UUID(int=2**64 + number))} for number in range(more)]
        file = tmp_path / "dump.json"
        file.write_text(json.dumps(rows + copies))
        with CaptureQueriesContext(connection) as asked:
            call_command("import_alyx", file, dry_run=True, stdout=StringIO())
        questions.append(len(asked))
    assert questions[1] == questions[2]


@pytest.fixture
def renamed(db, rows, tmp_path):
    """An animal of the dump that had other names, people and cages."""
    row = next(row for row in rows if row["fields"].get("nickname") == "AN003")
    row["fields"]["json"] = {
        "history": {
            "nickname": [
                {"value": "-", "date_time": "2026-01-01T09:00:00"},
                {"value": "OLD_1", "date_time": "2026-01-10T09:00:00"},
                {"value": "an003", "date_time": "2026-01-11T09:00:00"},
                {"value": "AN004", "date_time": "2026-01-20T09:00:00"},
            ],
            "responsible_user": [{"value": "stock1", "date_time": "2026-01-15T00:00:00"}],
            "cage": [{"value": "None", "date_time": "2026-02-05T00:00:00"}],
        }
    }
    file, out = tmp_path / "dump.json", StringIO()
    file.write_text(json.dumps(rows))
    call_command("import_alyx", file, stdout=out)
    return models.Subject.objects.get(nickname="AN003"), out.getvalue()


def test_former_nicknames_stay_names_of_the_animal(renamed):
    animal, said = renamed
    names = {name.name: name for name in animal.names.all()}
    assert set(names) == {"AN003", "OLD_1"}
    assert (names["OLD_1"].kind, names["AN003"].kind) == ("former", "present")
    assert names["OLD_1"].since.isoformat() == "2026-01-01T08:00:00+00:00"  # 9 o'clock in Paris
    assert names["OLD_1"].until.isoformat() == "2026-01-10T08:00:00+00:00"
    assert names["AN003"].since.isoformat() == "2026-01-20T08:00:00+00:00"
    assert "former name AN004 is another animal's" in said


def test_former_people_and_cages_are_in_the_animals_history(renamed):
    animal, _said = renamed
    told = [entry.changes for entry in AuditEntry.objects.on(animal) if "In Alyx" in entry.reason]
    assert {"responsible_user": ["stock1", "user1"]} in told
    assert {"cage_label": ["", "C2"]} in told
    assert {"nickname": ["", "OLD_1"]} in told


def test_a_record_that_does_not_fit_keeps_all_out(db, rows, tmp_path):
    session = next(row for row in rows if row["model"] == "actions.session")
    session["fields"]["end_time"] = "2020-01-01T00:00:00"
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(rows))
    with pytest.raises(CommandError, match="Nothing was kept"):
        call_command("import_alyx", file)
    assert User.objects.count() == models.Subject.objects.count() == 0
