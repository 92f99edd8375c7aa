"""A cull ends what only the living have, and gives all of it back when it was a mistake."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from tests.factories import lab as make

from accounts.models import AuditEntry
from common.errors import NotAllowed
from lab import models, recording
from lab.errors import DoesNotFit
from lab.services import culls, subjects, trash

DAY = date(2026, 4, 10)


@pytest.fixture
def father(animal):
    """An animal that is restricted, housed, and father of two pairs."""
    make.restriction(animal)
    house = make.made(models.Housing, cage_name="C1", lab=animal.lab)
    began = datetime(2026, 2, 1, tzinfo=UTC)
    make.made(models.HousingPeriod, subject=animal, housing=house, began_at=began)
    line = make.line(animal.lab)
    mother = make.subject(animal.lab, animal.responsible_user, "Mum", sex="F")
    make.pair(line, animal, mother)
    make.pair(line, animal, name="Planned", began_on=None)
    make.pair(line, animal, name="Past", ended_on=date(2026, 3, 1))
    return get(animal)


def get(record):
    return type(record).objects.get(pk=record.pk)


def still_going(animal):
    mine = {"subject": animal, "ended_at": None}
    return (
        models.WaterRestriction.objects.filter(**mine).count(),
        models.HousingPeriod.objects.filter(**mine).count(),
        models.BreedingPair.objects.filter(father=animal, ended_on=None).count(),
    )


def test_a_cull_ends_the_animal_s_life_and_what_belongs_to_it(father, carol):
    why = make.made(models.CullReason, name="Surplus")
    how = make.made(models.CullMethod, name="CO2")
    [cull] = culls.cull(
        by=carol, subjects=[father], values={"culled_on": DAY, "reason": why, "method": how}
    )
    father = get(father)
    assert (father.died_on, father.alive) == (DAY, False)
    assert (cull.user, cull.reason, cull.method) == (carol, why, how)
    assert still_going(father) == (0, 0, 0)
    ended = models.HousingPeriod.objects.get(subject=father).ended_at
    assert ended == models.WaterRestriction.objects.get(subject=father).ended_at
    assert ended.date() == DAY
    days = models.BreedingPair.objects.order_by("name").values_list("name", "ended_on")
    assert list(days) == [("PV_BP_900", DAY), ("Past", date(2026, 3, 1)), ("Planned", DAY)]


def test_without_a_date_it_was_today(father, carol):
    [cull] = culls.cull(by=carol, subjects=[father])
    assert cull.culled_on == now().date()
    assert models.HousingPeriod.objects.get(subject=father).ended_at <= now()


def test_a_cull_taken_back_brings_back_what_it_has_ended(father, carol):
    with recording.by(None):
        models.Subject.objects.filter(pk=father.pk).update(to_be_culled=True)
    [cull] = culls.cull(by=carol, subjects=[father], values={"culled_on": DAY})
    assert not get(father).to_be_culled
    culls.revive(cull=cull, by=carol, reason="The wrong cage.")
    father = get(father)
    assert (father.alive, father.died_on, father.to_be_culled) == (True, None, True)
    assert father.ended_with_death is None
    assert still_going(father) == (1, 1, 2)
    assert get(models.BreedingPair.objects.get(name="Past")).ended_on == date(2026, 3, 1)
    assert not models.Cull.objects.exists()
    told = AuditEntry.objects.filter(action="cull.deleted").get()
    assert (told.user, told.reason) == (carol, "The wrong cage.")


def test_what_somebody_has_changed_since_stays_as_they_said(father, carol):
    [cull] = culls.cull(by=carol, subjects=[father], values={"culled_on": DAY})
    with recording.by(carol):
        models.WaterRestriction.objects.update(ended_at=datetime(2026, 4, 1, tzinfo=UTC))
        models.BreedingPair.objects.filter(name="Planned").update(ended_on=date(2026, 4, 1))
    culls.revive(cull=cull, by=carol)
    assert still_going(father) == (0, 1, 1)


def test_a_pair_goes_on_while_one_mother_lives(animal, alder, alice, carol):
    one, two = (make.subject(alder, alice, name, sex="F") for name in ("One", "Two"))
    pair = make.pair(make.line(alder), animal, one, mother2=two)
    culls.cull(by=carol, subjects=[one], values={"culled_on": DAY})
    assert get(pair).ended_on is None
    [cull] = culls.cull(by=carol, subjects=[two], values={"culled_on": DAY})
    assert get(pair).ended_on == DAY
    culls.cull(by=carol, subjects=[animal], values={"culled_on": DAY})
    culls.revive(cull=cull, by=carol)
    assert get(pair).ended_on == DAY, "its father is dead by now"


def test_another_date_moves_the_death_and_what_ended_with_it(father, carol):
    [cull] = culls.cull(by=carol, subjects=[father], values={"culled_on": DAY})
    sooner = DAY - timedelta(days=2)
    culls.change_cull(cull=cull, by=carol, values={"culled_on": sooner, "description": "Typo"})
    assert get(father).died_on == sooner
    assert models.HousingPeriod.objects.get(subject=father).ended_at.date() == sooner
    assert models.BreedingPair.objects.get(name="Planned").ended_on == sooner
    culls.revive(cull=get(cull), by=carol)
    assert still_going(father) == (1, 1, 2)


@pytest.mark.parametrize("day", [date(2025, 12, 31), now().date() + timedelta(days=2)])
def test_a_day_that_is_none_of_its_life_is_refused(father, carol, day):
    with pytest.raises(DoesNotFit) as refusal:
        culls.cull(by=carol, subjects=[father], values={"culled_on": day})
    assert refusal.value.field == "culled_on"
    [cull] = culls.cull(by=carol, subjects=[father], values={"culled_on": DAY})
    with pytest.raises(DoesNotFit):
        culls.change_cull(cull=cull, by=carol, values={"culled_on": day})
    assert get(father).died_on == DAY


def test_an_animal_is_culled_once(father, carol):
    culls.cull(by=carol, subjects=[father], values={"culled_on": DAY})
    with pytest.raises(DoesNotFit, match="was culled on 2026-04-10"):
        culls.cull(by=carol, subjects=[get(father)])


def test_a_cull_stays_with_its_animal(father, alder, alice, carol):
    [cull] = culls.cull(by=carol, subjects=[father], values={"culled_on": DAY})
    other = make.subject(alder, alice, "Other")
    with pytest.raises(DoesNotFit) as refusal:
        culls.change_cull(cull=cull, by=carol, values={"subject": other})
    assert refusal.value.field == "subject"


def test_a_death_without_a_cull_is_the_same_end_and_can_be_taken_back(father, alice):
    subjects.change_subject(subject=father, by=alice, values={"died_on": DAY})
    assert still_going(father) == (0, 0, 0)
    subjects.change_subject(subject=get(father), by=alice, values={"died_on": None})
    assert still_going(father) == (1, 1, 2)


def test_another_death_date_moves_the_cull_and_none_takes_it_back(father, carol):
    culls.cull(by=carol, subjects=[father], values={"culled_on": DAY})
    sooner = DAY - timedelta(days=1)
    subjects.change_subject(subject=get(father), by=carol, values={"died_on": sooner})
    assert models.Cull.objects.get().culled_on == sooner
    subjects.change_subject(subject=get(father), by=carol, values={"died_on": None})
    assert not models.Cull.objects.exists()
    assert still_going(father) == (1, 1, 2)


def test_a_cull_of_one_whose_death_was_known_keeps_what_that_has_ended(father, carol):
    subjects.change_subject(subject=father, by=carol, values={"died_on": date(2026, 4, 1)})
    [cull] = culls.cull(by=carol, subjects=[get(father)], values={"culled_on": DAY})
    assert get(father).died_on == DAY
    assert models.HousingPeriod.objects.get(subject=father).ended_at.date() == DAY
    culls.revive(cull=cull, by=carol)
    assert still_going(father) == (1, 1, 2)


def test_a_cull_restored_from_the_deleted_ends_the_life_again(father, carol):
    [cull] = culls.cull(by=carol, subjects=[father], values={"culled_on": DAY})
    culls.revive(cull=cull, by=carol)
    with recording.by(carol):
        trash.restore(kept=models.DeletedRecord.objects.get())
    assert get(father).died_on == DAY
    assert still_going(father) == (0, 0, 0)


def test_only_who_keeps_the_colony_culls(father, alice):
    with pytest.raises(NotAllowed):
        culls.cull(by=alice, subjects=[father])
    assert get(father).alive


def test_many_are_culled_at_once_or_none(alder, alice, carol):
    line = make.line(alder)
    house = make.made(models.Housing, cage_name="C1", lab=alder)
    animals = [make.subject(alder, alice, f"A{number}") for number in range(9)]
    for number, animal in enumerate(animals):
        make.restriction(animal)
        make.made(models.HousingPeriod, subject=animal, housing=house,
                  began_at=datetime(2026, 2, 1, tzinfo=UTC))  # fmt: skip
        make.pair(line, animal, name=f"P{number}")
    late = make.subject(alder, alice, "Late", born_on=date(2026, 5, 1))
    with pytest.raises(DoesNotFit, match="Late was born"):
        culls.cull(by=carol, subjects=[*animals, late], values={"culled_on": DAY})
    assert not models.Cull.objects.exists()
    counts = []
    for some in (animals[:2], animals[2:]):
        with CaptureQueriesContext(connection) as asked:
            culls.cull(by=carol, subjects=some, values={"culled_on": DAY})
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert sum(still_going(animals[0])) == 0
    assert len(culls.revive_all(subjects=animals, by=carol)) == len(animals)
    assert models.Subject.objects.alive().count() == len(animals) + 1
    assert models.HousingPeriod.objects.filter(ended_at=None).count() == len(animals)
