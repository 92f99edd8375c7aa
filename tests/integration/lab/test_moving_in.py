"""An Alyx dump comes in whole, once, with its ids, times and passwords."""

import json
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import AuditEntry, Lab, Membership, User
from lab import models
from lab.alyx.kinds import KINDS

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


def test_a_record_that_does_not_fit_keeps_all_out(db, rows, tmp_path):
    session = next(row for row in rows if row["model"] == "actions.session")
    session["fields"]["end_time"] = "2020-01-01T00:00:00"
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(rows))
    with pytest.raises(CommandError, match="Nothing was kept"):
        call_command("import_alyx", file)
    assert User.objects.count() == models.Subject.objects.count() == 0
