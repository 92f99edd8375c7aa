"""Nothing is done with an animal before its birth or after death, unless the record says why."""

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import now
from tests.factories import lab as make

from accounts.models import AuditEntry
from lab import models, recording, triggers
from lab.errors import DoesNotFit
from lab.services import culls, life, measurements, sessions, subjects

DUMP = Path(__file__).with_name("alyx_dump.json")
DIED = date(2026, 4, 1)
KINDS = [
    models.Session, models.Surgery, models.VirusInjection, models.ChronicRecording,
    models.OtherAction, models.WaterRestriction, models.Weighing, models.WaterAdministration,
]  # fmt: skip


def at(day, hour=9):
    return datetime(2026, 4, day, hour, tzinfo=UTC)


def row(kind, animal, moment, **words):
    """Return an unsaved record of any kind of action."""
    if kind in {models.Weighing, models.WaterAdministration}:
        extra = {"weight_g": 20.0} if kind is models.Weighing else {"water_ml": 1.0}
        return kind(subject=animal, at=moment, **extra, **words)
    extra = {"day": moment.date(), "number": 1} if kind is models.Session else {}
    return kind(subject=animal, lab=animal.lab, began_at=moment, **extra, **words)


@pytest.fixture
def dead(animal):
    with recording.by(None):
        animal.died_on = DIED
        animal.save()
    return animal


@pytest.mark.parametrize("kind", KINDS)
def test_the_database_refuses_what_comes_after_death(dead, kind):
    with recording.by(None), pytest.raises(IntegrityError, match="after_death"):
        row(kind, dead, at(2)).save()


@pytest.mark.parametrize("kind", KINDS)
def test_also_among_many_at_once(dead, kind):
    rows = [row(kind, dead, at(1)), row(kind, dead, at(3))]
    with recording.by(None), transaction.atomic(), pytest.raises(IntegrityError):
        kind.objects.bulk_create(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_a_word_why_lets_it_in(dead, kind):
    with recording.by(None):
        row(kind, dead, at(2), after_death="post mortem").save()
        assert kind.objects.count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_day_of_death_belongs_to_life(dead, kind):
    with recording.by(None):
        row(kind, dead, at(1, 23)).save()
        assert kind.objects.count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_entered_cannot_be_moved_behind_death(dead, kind):
    with recording.by(None):
        entered = row(kind, dead, at(1))
        entered.save()
        setattr(entered, life.WHEN[kind], at(5))
        with transaction.atomic(), pytest.raises(IntegrityError):
            entered.save()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_before_birth(animal, kind):
    early = datetime(2025, 12, 1, tzinfo=UTC)
    with recording.by(None):
        with transaction.atomic(), pytest.raises(IntegrityError, match="confirmed"):
            row(kind, animal, early).save()
        row(kind, animal, early, confirmed="born earlier than written").save()


def test_a_day_is_that_of_the_lab_in_the_database_too(dead):
    dead.lab.time_zone = "Pacific/Auckland"
    dead.lab.save()
    with recording.by(None):
        with transaction.atomic(), pytest.raises(IntegrityError):
            row(models.Weighing, dead, at(1, 13)).save()  # the second, over there
        row(models.Weighing, dead, at(1, 9)).save()


@pytest.mark.parametrize("kind", KINDS)
def test_a_death_before_what_was_done_is_refused_by_the_database(animal, kind):
    with recording.by(None):
        row(kind, animal, at(5)).save()
        animal.died_on = DIED
        with transaction.atomic(), pytest.raises(IntegrityError, match="Something was done"):
            animal.save()
        with transaction.atomic(), pytest.raises(IntegrityError, match="Something was done"):
            models.Subject.objects.filter(pk=animal.pk).update(born_on=date(2026, 5, 1))


def test_the_triggers_are_as_many_as_they_have_to_be(db):
    if connection.vendor == "postgresql":
        ask = "SELECT COUNT(*) FROM pg_trigger WHERE tgname LIKE 'lab%in_life'"
    else:
        ask = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'lab%'"
    with connection.cursor() as cursor:
        cursor.execute(ask)
        found = cursor.fetchone()[0]
    actions = len(triggers.ACTIONS)
    assert found == (actions + 1 if connection.vendor == "postgresql" else 4 * actions + 2 + 2)


# --- services ------------------------------------------------------------------------------------
def test_a_death_ends_measured_water_and_with_it_the_step(animal, alice):
    restriction = make.restriction(animal, began_at=at(1) - timedelta(days=9))
    changed = subjects.change_subject(subject=animal, by=alice, values={"died_on": DIED})
    restriction.refresh_from_db()
    assert restriction.ended_at.date() == DIED
    assert changed.protocol_number == models.Subject.objects.get().protocol_number == 1


def test_a_cull_names_what_contradicts_it(animal, alice, carol):
    weighing = make.weighing(animal, alice, at=at(4))
    cull = {"by": carol, "subjects": [animal], "values": {"culled_on": DIED}}
    with pytest.raises(DoesNotFit, match="a weighing of 2026-04-04"):
        culls.cull(**cull)
    assert not models.Cull.objects.exists()
    culls.cull(**cull, after_death="carcass weighed")
    weighing.refresh_from_db()
    assert weighing.after_death == "carcass weighed"


def test_a_death_in_the_future_is_refused(animal, alice):
    with pytest.raises(DoesNotFit, match="future"):
        subjects.change_subject(
            subject=animal, by=alice, values={"died_on": now().date() + timedelta(days=3)}
        )


def test_a_death_names_what_contradicts_it(animal, alice):
    make.weighing(animal, alice, at=at(4))
    make.session(animal, alice, began_at=at(6))
    with pytest.raises(DoesNotFit, match=r"a session of 2026-04-06, .*: 2") as it:
        subjects.change_subject(subject=animal, by=alice, values={"died_on": DIED})
    assert it.value.field == "death_date"
    animal.refresh_from_db()
    assert animal.died_on is None


def test_a_word_lets_what_contradicts_a_death_stay(animal, alice):
    weighing = make.weighing(animal, alice, at=at(4))
    died = {"subject": animal, "by": alice, "values": {"died_on": DIED}, "reason": "found dead"}
    subjects.change_subject(**died, after_death="carcass weighed")
    weighing.refresh_from_db()
    assert weighing.after_death == "carcass weighed"
    entry = AuditEntry.objects.on(weighing).first()
    assert (entry.user, entry.reason) == (alice, "found dead")


@pytest.mark.parametrize(
    ("field", "moment"), [("date_time", at(1, 9)), ("date_time", now() + timedelta(days=2))]
)
def test_a_weighing_outside_of_life_is_named(animal, alice, field, moment):
    with recording.by(None):
        animal.born_on = date(2026, 4, 2)
        animal.save()
    values = {"subject": animal, "weight_g": 20.0, "at": moment}
    with pytest.raises(DoesNotFit) as caught:
        measurements.weigh(by=alice, values=values)
    assert caught.value.field == field
    assert measurements.weigh(by=alice, values={**values, "confirmed": "clock was wrong"}).pk


def test_a_session_in_the_future_is_refused(animal, alice):
    values = {"subject": animal, "began_at": now() + timedelta(days=2)}
    with pytest.raises(DoesNotFit, match="future"):
        sessions.create_session(by=alice, values=values)


def test_records_that_contradict_a_death_move_in_and_say_so(db, tmp_path):
    rows = json.loads(DUMP.read_text())
    animal = next(row for row in rows if row["model"] == "subjects.subject")
    for each in rows:
        if each["model"] == "subjects.subject":
            each["fields"]["death_date"] = "2020-02-01"
            each["fields"]["birth_date"] = "2020-01-01"
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(rows))
    call_command("import_alyx", file, stdout=StringIO())
    words = models.Weighing.objects.values_list("after_death", flat=True)
    assert set(words) == {"imported"}
    assert models.Subject.objects.get(pk=animal["pk"]).died_on == date(2020, 2, 1)


def test_restrictions_that_overlap_move_in_one_after_the_other(db, tmp_path):
    rows = json.loads(DUMP.read_text())
    first = next(row for row in rows if row["model"] == "actions.waterrestriction")
    first["fields"] |= {"start_time": "2026-02-01T09:00:00", "end_time": None}
    again = json.loads(json.dumps(first))
    again["pk"] = "00000000-0000-4000-8000-000000000001"
    again["fields"] |= {"start_time": "2026-02-03T09:00:00"}
    file = tmp_path / "dump.json"
    file.write_text(json.dumps([*rows, again]))
    call_command("import_alyx", file, stdout=StringIO())
    found = models.WaterRestriction.objects.filter(subject=first["fields"]["subject"]).open()
    assert [str(each.pk) for each in found] == [again["pk"]]
    earlier = models.WaterRestriction.objects.get(pk=first["pk"])
    assert (earlier.ended_at, earlier.confirmed) == (found[0].began_at, "imported")
