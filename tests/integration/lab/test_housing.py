"""Who lives in which cage since when, and under which conditions they lived before."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from tests.factories import accounts
from tests.factories import lab as make

from accounts.models import AuditEntry
from common.errors import NotAllowed
from lab import models, recording
from lab.errors import DoesNotFit
from lab.queries import housing as read
from lab.services import housing


def at(day, hour=9, month=3):
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def cage(alder):
    return make.made(models.Housing, cage_name="C1", lab=alder)


@pytest.fixture
def other(alder):
    return make.made(models.Housing, cage_name="C2", lab=alder)


@pytest.fixture
def pups(alder, alice):
    return [make.subject(alder, alice, f"P{number}") for number in range(3)]


def times(animal):
    rows = models.HousingPeriod.objects.filter(subject=animal).order_by("began_at", "ended_at")
    return [(row.housing.cage_name, row.began_at, row.ended_at) for row in rows]


def get(record):
    return type(record).objects.get(pk=record.pk)


# --- cages ----------------------------------------------------------------------------------------
def test_a_new_cage_is_as_the_lab_usually_has_them(alder, carol, pups):
    food, tube = make.made(models.Food, name="Pellets"), make.made(models.Enrichment, name="Tube")
    with recording.by(None):
        alder.profile.food, alder.profile.light_cycle = food, 1
        alder.profile.save()
    room = make.location(alder, "Room 3")
    values = {"cage_name": "C9", "lab": alder, "enrichment": tube, "room": room}
    made = housing.create_housing(by=carol, values=values, subjects=pups, at=at(2))
    assert (made.food, made.light_cycle, made.enrichment, made.room) == (food, 1, tube, room)
    assert {each.nickname for each in read.residents(made)} == {"P0", "P1", "P2"}


def test_a_room_of_another_lab_is_refused(alder, birch, carol):
    room = make.location(birch, "Far away")
    with pytest.raises(DoesNotFit) as refusal:
        housing.create_housing(by=carol, values={"cage_name": "C9", "lab": alder, "room": room})
    assert refusal.value.field == "room"


def test_two_cages_that_animals_live_in_have_different_names(alder, carol, cage, other, pups):
    housing.create_housing(by=carol, values={"cage_name": "c1", "lab": alder})  # C1 is empty
    housing.move(by=carol, subjects=pups, housing=cage, at=at(2))
    for act in (
        lambda: housing.create_housing(by=carol, values={"cage_name": "c1", "lab": alder}),
        lambda: housing.change_housing(housing=other, by=carol, values={"cage_name": "C1"}),
    ):
        with pytest.raises(DoesNotFit) as refusal:
            act()
        assert refusal.value.field == "cage_name"


# --- moves ----------------------------------------------------------------------------------------
def test_a_move_ends_the_time_in_the_cage_before(cage, other, pups, carol):
    housing.move(by=carol, subjects=pups, housing=cage, at=at(2))
    housing.move(by=carol, subjects=pups[:1], housing=other, at=at(5))
    assert times(pups[0]) == [("C1", at(2), at(5)), ("C2", at(5), None)]
    assert times(pups[1]) == [("C1", at(2), None)]
    assert list(read.mates(pups[1])) == [pups[2]]
    assert {each.nickname for each in read.mates(pups[1], at(4))} == {"P0", "P2"}
    assert {each.nickname for each in read.mates(pups[1], at(5))} == {"P2"}
    assert not read.mates(pups[1], at(1))


def test_who_lives_there_already_stays(cage, pups, carol):
    housing.move(by=carol, subjects=pups[:1], housing=cage, at=at(2))
    assert len(housing.move(by=carol, subjects=pups, housing=cage, at=at(5))) == 2
    assert times(pups[0]) == [("C1", at(2), None)]


def test_animals_move_out(cage, pups, carol):
    housing.move(by=carol, subjects=pups, housing=cage, at=at(2))
    assert housing.move_out(by=carol, subjects=pups[:2], at=at(4)) == 2
    assert times(pups[0]) == [("C1", at(2), at(4))]
    assert list(read.homeless(carol).order_by("nickname")) == pups[:2]


def test_a_technician_moves_animals_and_changes_no_cage(cage, pups, alder, alice):
    tom = accounts.person("tom", lab=alder, role="technician")
    viewer = accounts.person("vera", lab=alder, role="viewer")
    housing.move(by=tom, subjects=pups, housing=cage)
    with pytest.raises(NotAllowed):
        housing.move_out(by=viewer, subjects=pups)
    for person in (tom, alice):
        with pytest.raises(NotAllowed):
            housing.change_housing(housing=cage, by=person, values={"cage_name": "X"})


@pytest.mark.parametrize(
    ("moment", "field"), [(at(1), "at"), (now() + timedelta(days=1), "at"), (at(1, month=2), "at")]
)
def test_a_move_is_after_all_that_is_known_and_not_in_the_future(
    cage, other, pups, carol, moment, field
):
    housing.move(by=carol, subjects=pups, housing=cage, at=at(2))
    with pytest.raises(DoesNotFit) as refusal:
        housing.move(by=carol, subjects=pups, housing=other, at=moment)
    assert refusal.value.field == field
    assert times(pups[0]) == [("C1", at(2), None)]


def test_what_does_not_live_or_lives_elsewhere_is_not_moved(cage, pups, birch, bob, carol, alice):
    stranger = make.subject(birch, bob, "Stranger")
    dead = make.subject(cage.lab, alice, "Dead", died_on=date(2026, 2, 1))
    unborn = make.subject(cage.lab, alice, "Late", born_on=date(2026, 3, 10))
    for one, word in ((dead, "died on"), (unborn, "was born on")):
        with pytest.raises(DoesNotFit, match=word):
            housing.move(by=carol, subjects=[*pups, one], housing=cage, at=at(2))
    olga = accounts.person("olga", is_staff=True)
    with pytest.raises(DoesNotFit, match="lives in Birch"):
        housing.move(by=olga, subjects=[stranger], housing=cage)
    assert not models.HousingPeriod.objects.exists()


def test_many_move_in_as_many_statements_as_few(cage, other, alder, alice, carol):
    animals = [make.subject(alder, alice, f"A{number}") for number in range(20)]

    def statements(some):
        with CaptureQueriesContext(connection) as asked:
            housing.move(by=carol, subjects=some, housing=cage, at=at(2))
            housing.move(by=carol, subjects=some, housing=other, at=at(3))
        return len(asked)

    assert statements(animals[:2]) == statements(animals[2:])


# --- conditions -----------------------------------------------------------------------------------
def test_new_conditions_take_the_place_of_the_old_ones_which_history_keeps(cage, pups, carol):
    food = make.made(models.Food, name="Pellets")
    housing.move(by=carol, subjects=pups[:2], housing=cage, at=at(2))
    made = housing.change_housing(housing=cage, by=carol, values={"food": food}, at=at(6))
    assert made != cage
    assert (made.cage_name, made.food, get(cage).food) == ("C1", food, None)
    assert get(cage).replaced_by == made
    assert times(pups[0]) == [("C1", at(2), at(6)), ("C1", at(6), None)]
    assert read.present(pups)[pups[0].pk].housing == made
    assert list(read.cages(carol)) == [made]
    with pytest.raises(DoesNotFit, match="other conditions by now"):
        housing.move(by=carol, subjects=pups, housing=cage)
    with pytest.raises(DoesNotFit, match="other conditions by now"):
        housing.change_housing(housing=cage, by=carol, values={"cage_name": "C5"})


def test_a_cage_in_which_nobody_ever_lived_is_simply_changed(cage, carol):
    assert housing.change_housing(housing=cage, by=carol, values={"cage_name": "C5"}) == cage
    assert get(cage).cage_name == "C5"


def test_the_same_conditions_again_change_nothing(cage, pups, carol):
    housing.move(by=carol, subjects=pups, housing=cage, at=at(2))
    values = {"cage_name": "C1", "json": {"rack": 4}}
    assert housing.change_housing(housing=cage, by=carol, values=values) == cage
    assert get(cage).json == {"rack": 4}
    assert times(pups[0]) == [("C1", at(2), None)]


def test_conditions_are_not_changed_before_somebody_moved_in(cage, pups, carol):
    housing.move(by=carol, subjects=pups, housing=cage, at=at(2))
    with pytest.raises(DoesNotFit) as refusal:
        housing.change_housing(housing=cage, by=carol, values={"cage_name": "X"}, at=at(1))
    assert refusal.value.field == "at"
    assert models.Housing.objects.count() == 1


# --- corrections ----------------------------------------------------------------------------------
def test_a_time_can_be_added_and_corrected(cage, other, pups, carol):
    housing.move(by=carol, subjects=pups, housing=cage, at=at(10))
    values = {"subject": pups[0], "housing": other, "began_at": at(2), "ended_at": at(8)}
    added = housing.add_period(by=carol, values=values)
    housing.change_period(period=added, by=carol, values={"ended_at": at(10)}, reason="Notebook")
    assert times(pups[0]) == [("C2", at(2), at(10)), ("C1", at(10), None)]
    told = AuditEntry.objects.filter(action="housing-period.changed").first()
    assert told.reason == "Notebook"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"ended_at": at(11)}, "lived in C1 at that time"),
        ({"ended_at": at(1)}, "ends before it begins"),
        ({"began_at": at(1, month=1) - timedelta(days=3)}, "was born on"),
    ],
)
def test_a_time_that_cannot_be_true_is_refused(cage, other, pups, carol, change, word):
    housing.move(by=carol, subjects=pups, housing=cage, at=at(10))
    values = {"subject": pups[0], "housing": other, "began_at": at(2), "ended_at": at(8)}
    with pytest.raises(DoesNotFit, match=word):
        housing.add_period(by=carol, values=values | change)
    added = housing.add_period(by=carol, values=values)
    with pytest.raises(DoesNotFit, match=word):
        housing.change_period(period=added, by=carol, values=change)
    assert times(pups[0])[0] == ("C2", at(2), at(8))


def test_a_time_without_an_end_is_a_move(cage, other, pups, carol):
    housing.move(by=carol, subjects=pups, housing=cage, at=at(2))
    values = {"subject": pups[0], "housing": other, "began_at": at(5), "json": {"from": "sheet"}}
    added = housing.add_period(by=carol, values=values)
    assert times(pups[0]) == [("C1", at(2), at(5)), ("C2", at(5), None)]
    assert get(added).json == {"from": "sheet"}
    with pytest.raises(DoesNotFit, match="lives in C2 already"):
        housing.add_period(by=carol, values=values)
    first = models.HousingPeriod.objects.get(subject=pups[0], housing=cage)
    with pytest.raises(DoesNotFit, match="lived in C2 at that time"):
        housing.change_period(period=first, by=carol, values={"ended_at": None})


# --- reading --------------------------------------------------------------------------------------
def test_cages_are_listed_with_who_lives_in_them(
    cage, other, pups, alder, alice, bob, carol, django_assert_max_num_queries
):
    female = make.subject(alder, alice, "F", sex="F")
    housing.move(by=carol, subjects=[*pups, female], housing=cage, at=at(2))
    housing.move_out(by=carol, subjects=pups[:1], at=at(3))
    with django_assert_max_num_queries(3):
        found = {each.cage_name: (each.animals, each.males, each.females)
                 for each in read.cages(alice)}  # fmt: skip
    assert found == {"C1": (3, 2, 1), "C2": (0, 0, 0)}
    assert not read.cages(bob)
    with django_assert_max_num_queries(1):
        assert len(read.present([*pups, female])) == 3
    assert [row.subject.nickname for row in read.history(pups[:1])] == ["P0"]


# --- what the database itself refuses -------------------------------------------------------------
def period(animal, cage, began_at, ended_at):
    return make.made(models.HousingPeriod, subject=animal, housing=cage, began_at=began_at,
                     ended_at=ended_at)  # fmt: skip


@pytest.mark.parametrize(
    ("began_at", "ended_at", "fits"),
    [
        (at(1), at(2), True),
        (at(8), at(9), True),
        (at(8), None, True),
        (at(1), at(3), False),
        (at(3), at(4), False),
        (at(1), at(9), False),
        (at(7), None, False),
        (at(2), at(8), False),
    ],
)
def test_the_database_lets_no_animal_live_in_two_cages_at_a_time(
    cage, other, pups, began_at, ended_at, fits
):
    period(pups[0], cage, at(2), at(8))
    if fits:
        period(pups[0], other, began_at, ended_at)
        return
    with pytest.raises(IntegrityError, match="lives in another cage"), transaction.atomic():
        period(pups[0], other, began_at, ended_at)
    period(pups[1], other, began_at, ended_at)


def test_the_database_refuses_a_change_that_makes_times_overlap(cage, other, pups):
    period(pups[0], cage, at(2), at(8))
    later = period(pups[0], other, at(8), None)
    for change in ({"began_at": at(7)}, {"began_at": at(1), "ended_at": at(3)}):
        with (
            pytest.raises(IntegrityError, match="lives in another cage"),
            transaction.atomic(),
            recording.by(None),
        ):
            models.HousingPeriod.objects.filter(pk=later.pk).update(**change)
    with recording.by(None):
        models.HousingPeriod.objects.filter(pk=later.pk).update(ended_at=at(9))


def test_eight_at_once_move_an_animal_into_one_cage(at_once):
    lab = accounts.lab("Alder")
    carol = accounts.person("carol", lab=lab, role="manager")
    animal = make.subject(lab, carol, "P1")
    cages = [make.made(models.Housing, cage_name=f"C{n}", lab=lab) for n in range(8)]

    def act(number):
        try:
            housing.move(by=carol, subjects=[animal], housing=cages[number])
        except DoesNotFit:  # somebody was faster, with a clock that is later
            return False
        return True

    assert any(at_once(8, act))
    rows = list(models.HousingPeriod.objects.order_by("began_at"))
    assert [row.ended_at for row in rows[:-1]] == [row.began_at for row in rows[1:]]
    assert rows[-1].ended_at is None


def test_the_database_alone_keeps_two_at_once_apart(at_once):
    lab = accounts.lab("Alder")
    carol = accounts.person("carol", lab=lab, role="manager")
    animal = make.subject(lab, carol, "P1")
    cages = [make.made(models.Housing, cage_name=f"C{n}", lab=lab) for n in range(8)]

    def act(number):
        try:
            period(animal, cages[number], at(2), at(8 + number))
        except IntegrityError:
            return False
        return True

    assert sum(at_once(8, act)) == 1
    assert models.HousingPeriod.objects.count() == 1
