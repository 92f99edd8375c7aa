"""What is deleted comes back whole."""

import pytest
from tests.factories import lab as make

from accounts.models import AuditEntry
from lab import models, recording
from lab.errors import CannotBeRestored, StillNeeded
from lab.models.deletion import throw_away
from lab.services import records, trash


def test_an_animal_comes_back_with_all_that_it_owned(animal, alice, carol):
    session, weighing = make.session(animal, alice).pk, make.weighing(animal, alice).pk
    key = animal.pk
    records.delete(record=animal, by=carol, reason="A mistake.")
    assert models.Subject.objects.count() == models.Session.objects.count() == 0
    kept = models.DeletedRecord.objects.get()
    assert (kept.deleted_by, kept.reason, kept.label) == (carol, "A mistake.", "KS001")
    with recording.by(carol):
        trash.restore(kept=kept)
    assert models.Subject.objects.get().pk == key
    assert models.Session.objects.get().pk == session
    assert list(models.Session.objects.get().users.all()) == [alice]
    assert models.Weighing.objects.get().pk == weighing
    assert models.SubjectName.objects.get().name == "KS001"


def test_links_that_a_deletion_cuts_are_made_again(animal, alice, carol):
    session = make.session(animal, alice)
    child, key = make.session(animal, alice, number=2, parent=session), session.pk
    records.delete(record=session, by=carol)
    child.refresh_from_db()
    assert child.parent is None
    with recording.by(carol):
        trash.restore(kept=models.DeletedRecord.objects.get())
    child.refresh_from_db()
    assert child.parent_id == key


def test_a_record_is_restored_once(animal, carol):
    records.delete(record=animal, by=carol)
    kept = models.DeletedRecord.objects.get()
    with recording.by(carol):
        trash.restore(kept=kept)
        with pytest.raises(CannotBeRestored):
            trash.restore(kept=kept)


def test_what_does_not_fit_any_more_stays_deleted(animal, alder, alice, carol):
    records.delete(record=animal, by=carol)
    make.subject(alder, alice, "KS001")
    with recording.by(carol), pytest.raises(CannotBeRestored):
        trash.restore(kept=models.DeletedRecord.objects.get())
    assert models.Subject.objects.count() == 1
    assert models.DeletedRecord.objects.get().restored_at is None


def test_what_others_need_is_not_deleted(animal, alder, alice, carol):
    line = make.made(models.Line, name="A line", nickname="LN", lab=alder)
    with recording.by(None):
        animal.line = line
        animal.save()
    with recording.by(carol), pytest.raises(StillNeeded, match="1 subjects"):
        throw_away(record=line)


def test_a_write_without_an_author_is_a_mistake(animal):
    animal.description = "x"
    with pytest.raises(RuntimeError, match="no author"):
        animal.save()
    with pytest.raises(RuntimeError, match="no author"):
        models.Subject.objects.update(description="x")
    with pytest.raises(RuntimeError, match="no author"):
        animal.delete()
    assert models.Subject.objects.get().description == ""


def test_many_changed_at_once_are_told_one_by_one(animal, alder, alice):
    other = make.subject(alder, alice, "KS002")
    with recording.by(alice):
        assert models.Subject.objects.update(description="Both") == 2
    told = AuditEntry.objects.filter(action="subject.changed")
    assert {entry.object_label for entry in told} == {str(animal), str(other)}
    assert {tuple(entry.changes["description"]) for entry in told} == {("", "Both")}
