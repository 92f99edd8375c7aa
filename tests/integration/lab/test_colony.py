"""Lines, breeding pairs, litters and the animals that are born in them."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from tests.factories import accounts
from tests.factories import lab as make

from accounts.models import AuditEntry
from common.errors import NotAllowed
from lab import models, recording
from lab.errors import DoesNotFit
from lab.queries import colony as read
from lab.services import colony, subjects

BIRTH = date(2026, 3, 1)


@pytest.fixture
def line(alder):
    return make.line(alder)


@pytest.fixture
def father(alder, alice):
    return make.subject(alder, alice, "Dad")


@pytest.fixture
def mother(alder, alice):
    return make.subject(alder, alice, "Mum", sex="F")


@pytest.fixture
def aunt(alder, alice):
    return make.subject(alder, alice, "Aunt", sex="F")


@pytest.fixture
def litter(line, father, mother):
    return make.litter(line, breeding_pair=make.pair(line, father, mother))


# --- lines ----------------------------------------------------------------------------------------
def test_a_line_begins_by_the_hand_of_who_keeps_the_colony(alder, alice, carol):
    values = {"name": "Parvalbumin", "nickname": "PV-Cre", "lab": alder}
    with pytest.raises(NotAllowed):
        colony.create_line(by=alice, values=values)
    line = colony.create_line(by=carol, values=values)
    assert AuditEntry.objects.get(action="line.created").user == carol
    assert line.lab == alder


@pytest.mark.parametrize("nickname", ["", "a b", "../x", "a/b", "é", "pv"])
def test_a_nickname_that_would_not_begin_the_name_of_a_folder_is_refused(line, carol, nickname):
    with pytest.raises(DoesNotFit) as refusal:
        colony.create_line(by=carol, values={"name": "X", "nickname": nickname, "lab": line.lab})
    assert refusal.value.field == "nickname"


def test_a_line_that_came_with_an_odd_nickname_can_be_changed_otherwise(alder, carol):
    line = make.line(alder, "Emx1;Ai94")
    colony.change_line(line=line, by=carol, values={"description": "Old", "nickname": "Emx1;Ai94"})
    with pytest.raises(DoesNotFit):
        colony.change_line(line=line, by=carol, values={"nickname": "Emx1;Ai95"})


# --- pairs ----------------------------------------------------------------------------------------
def test_a_pair_begins_today_unless_told_otherwise(line, father, mother, carol):
    values = {"line": line, "father": father, "mother1": mother}
    pair = colony.create_pair(by=carol, values=values)
    assert (pair.name, pair.began_on, pair.ended_on) == ("PV_BP_001", now().date(), None)
    planned = colony.create_pair(by=carol, values={**values, "began_on": None})
    assert planned.began_on is None


@pytest.mark.parametrize(
    ("role", "facts", "word"),
    [
        ("father", {"sex": "F"}, "has to be male"),
        ("father", {"sex": "U"}, "has to be male"),
        ("mother1", {"sex": "M"}, "has to be female"),
        ("mother2", {"sex": "M"}, "has to be female"),
        ("father", {"died_on": date(2026, 1, 20)}, "died on 2026-01-20"),
        ("mother2", {"sex": "F", "died_on": date(2026, 1, 20)}, "died on 2026-01-20"),
        ("father", {"born_on": date(2026, 2, 20)}, "was born on 2026-02-20"),
    ],
)
def test_a_parent_that_cannot_have_young_is_refused(line, alder, alice, carol, role, facts, word):
    parent = make.subject(alder, alice, "Odd", **facts)
    values = {"line": line, role: parent, "began_on": date(2026, 2, 1)}
    with pytest.raises(DoesNotFit, match=word) as refusal:
        colony.create_pair(by=carol, values=values)
    assert refusal.value.field == role
    assert not models.BreedingPair.objects.exists()


def test_a_parent_of_another_lab_is_refused(line, birch, bob, carol):
    stranger = make.subject(birch, bob, "Stranger")
    with pytest.raises(DoesNotFit, match="lives in Birch"):
        colony.create_pair(by=carol, values={"line": line, "father": stranger})


def test_one_mother_is_not_two(line, mother, carol):
    with pytest.raises(DoesNotFit, match="twice") as refusal:
        colony.create_pair(by=carol, values={"line": line, "mother1": mother, "mother2": mother})
    assert refusal.value.field == "mother2"


def test_a_pair_without_a_line_is_refused(carol):
    with pytest.raises(DoesNotFit) as refusal:
        colony.create_pair(by=carol, values={})
    assert refusal.value.field == "line"


def test_a_pair_outlives_its_animals(line, father, mother, aunt, carol):
    pair = make.pair(line, father, mother)
    with recording.by(None):
        models.Subject.objects.filter(pk=father.pk).update(died_on=date(2026, 2, 10))
    pair = models.BreedingPair.objects.get(pk=pair.pk)
    colony.change_pair(pair=pair, by=carol, values={"description": "Went on"})
    colony.change_pair(pair=pair, by=carol, values={"mother2": aunt})
    colony.end_pair(pair=pair, by=carol, on=date(2026, 2, 11))
    pair.refresh_from_db()
    assert (pair.mother2, pair.ended_on) == (aunt, date(2026, 2, 11))
    with pytest.raises(DoesNotFit, match="pair_ends_after"):
        colony.end_pair(pair=pair, by=carol, on=date(2026, 1, 1))


def test_a_pair_is_refused_to_who_does_not_keep_the_colony(line, father, alice):
    with pytest.raises(NotAllowed):
        colony.create_pair(by=alice, values={"line": line, "father": father})
    line.refresh_from_db()
    assert line.last_pair_number == 0


def test_active_breeders_are_in_a_pair_that_has_begun_and_not_ended(
    line, father, mother, aunt, alder, alice
):
    make.pair(line, father, mother)
    make.pair(line, make.subject(alder, alice, "Past"), name="b", ended_on=date(2026, 2, 9))
    make.pair(line, make.subject(alder, alice, "Planned"), name="c", began_on=None)
    make.pair(line, make.subject(alder, alice, "Dead", died_on=BIRTH), name="d", mother2=aunt)
    assert {animal.nickname for animal in read.breeders()} == {"Dad", "Mum", "Aunt"}


# --- litters --------------------------------------------------------------------------------------
def test_a_litter_has_the_line_of_its_pair(line, father, mother, carol):
    pair = make.pair(line, father, mother)
    litter = colony.create_litter(by=carol, values={"breeding_pair": pair, "born_on": BIRTH})
    assert (litter.line, litter.name) == (line, "PV_L_001")


@pytest.mark.parametrize(
    ("born_on", "word"),
    [
        (date(2026, 1, 15), "was put together on 2026-02-01"),
        (now().date() + timedelta(days=3), "not here yet"),
    ],
)
def test_a_litter_is_born_after_its_pair_began_and_not_in_the_future(
    line, father, carol, born_on, word
):
    pair = make.pair(line, father)
    with pytest.raises(DoesNotFit, match=word) as refusal:
        colony.create_litter(by=carol, values={"breeding_pair": pair, "born_on": born_on})
    assert refusal.value.field == "born_on"


def test_a_litter_is_younger_than_its_parents(line, father, carol):
    pair = make.pair(line, father, began_on=None)
    with pytest.raises(DoesNotFit, match="Dad was born on 2026-01-01"):
        colony.create_litter(
            by=carol, values={"breeding_pair": pair, "born_on": date(2025, 12, 31)}
        )


def test_a_litter_of_nothing_is_refused(carol):
    with pytest.raises(DoesNotFit) as refusal:
        colony.create_litter(by=carol, values={})
    assert refusal.value.field == "line"


# --- the animals of a litter ----------------------------------------------------------------------
def test_young_inherit_from_their_litter_and_parents(line, alder, carol, litter, father, mother):
    mouse = make.made(models.Species, name="Mus musculus")
    black = make.made(models.Strain, name="C57BL/6J")
    shop = make.made(models.Source, name="Shop")
    with recording.by(None):
        models.Subject.objects.filter(pk=father.pk).update(species=mouse)
        models.Subject.objects.filter(pk=mother.pk).update(strain=black)
        models.Line.objects.filter(pk=line.pk).update(source=shop)
    litter = models.Litter.objects.get(pk=litter.pk)
    wanted = colony.young(count=3, sexes="MFU", ear_marks=["L", "R", "LR"])
    made = colony.add_young(litter=litter, by=carol, animals=wanted)
    assert [each.nickname for each in made] == ["PV_0001", "PV_0002", "PV_0003"]
    first = models.Subject.objects.get(nickname="PV_0001")
    assert (first.species, first.strain, first.source) == (mouse, black, shop)
    assert (first.born_on, first.line, first.litter, first.lab) == (BIRTH, line, litter, alder)
    assert first.responsible_user == father.responsible_user
    assert [(each.sex, each.ear_mark) for each in made] == [("M", "L"), ("F", "R"), ("U", "LR")]
    assert models.SubjectName.objects.filter(name="PV_0003", kind="present").exists()


def test_what_is_said_of_one_goes_before_what_it_inherits(litter, carol):
    [one, two] = colony.add_young(
        litter=litter, by=carol, animals=[{"nickname": "Zoe", "responsible_user": carol}, {}]
    )
    assert (one.nickname, one.responsible_user) == ("Zoe", carol)
    assert (two.nickname, two.responsible_user.username) == ("PV_0001", "alice")


def test_young_of_parents_whose_keeper_has_left_belong_to_who_keeps_the_colony(
    litter, alice, carol
):
    alice.is_active = False
    alice.save()
    litter = models.Litter.objects.get(pk=litter.pk)
    [one] = colony.add_young(litter=litter, by=carol, animals=[{}])
    assert one.responsible_user == carol


def test_a_litter_takes_the_same_number_of_statements_however_large(litter, carol):
    def statements(count):
        with CaptureQueriesContext(connection) as asked:
            colony.add_young(litter=get(litter), by=carol, animals=colony.young(count=count))
        return len(asked)

    assert statements(1) == statements(12)


def get(record):
    return type(record).objects.get(pk=record.pk)


def test_all_young_are_entered_or_none(litter, carol, alder, alice):
    make.subject(alder, alice, "Taken")
    for bad, word in (
        ([{}, {"sex": "Q"}], "Number 2 of 2"),
        ([{}, {"nickname": "taken"}], "name taken"),
        ([{"nickname": "Twin"}, {"nickname": "twin"}], "Twin, twin"),
        ([{}, {"nickname": "no/path"}], "Number 2 of 2: nickname"),
        ([], "1 to 50"),
        ([{}] * 51, "1 to 50"),
    ):
        with pytest.raises(DoesNotFit, match=word):
            colony.add_young(litter=litter, by=carol, animals=bad)
    assert not models.Subject.objects.filter(litter=litter).exists()


@pytest.mark.parametrize("given", [{"sexes": "MF"}, {"ear_marks": ["L"]}])
def test_as_many_sexes_and_marks_as_animals(given):
    with pytest.raises(DoesNotFit, match="There are 3 animals and"):
        colony.young(count=3, **given)


def test_a_technician_enters_no_young(litter, alder):
    tom = accounts.person("tom", lab=alder, role="technician")
    with pytest.raises(NotAllowed):
        colony.add_young(litter=litter, by=tom, animals=[{}])


def test_a_litter_s_new_birth_date_is_that_of_its_young(litter, carol):
    one, two = colony.add_young(
        litter=litter, by=carol, animals=[{}, {"born_on": date(2026, 3, 2)}]
    )
    colony.change_litter(litter=litter, by=carol, values={"born_on": date(2026, 3, 3)})
    assert (get(one).born_on, get(two).born_on) == (date(2026, 3, 3), date(2026, 3, 2))


def test_weaning_leaves_out_the_dead_and_those_weaned_before(litter, carol):
    one, two, three = colony.add_young(litter=litter, by=carol, animals=[{}, {}, {}])
    early, day = date(2026, 3, 20), date(2026, 3, 22)
    subjects.change_subject(subject=one, by=carol, values={"weaned_on": early})
    subjects.change_subject(subject=two, by=carol, values={"died_on": early})
    weaned = colony.wean(
        by=carol, subjects=[one, two, three], on=day, values={"to_be_genotyped": True}
    )
    assert weaned == [three]
    assert [get(each).weaned_on for each in (one, two, three)] == [early, None, day]
    assert get(three).to_be_genotyped
    with pytest.raises(DoesNotFit) as refusal:
        colony.wean(by=carol, subjects=[two], on=date(2026, 2, 1))
    assert refusal.value.field == "weaned_on"


def test_weaning_animals_of_others_needs_their_keeper(litter, carol, alder):
    young = colony.add_young(litter=litter, by=carol, animals=[{}, {"responsible_user": carol}])
    erin = accounts.person("erin", lab=alder, role="experimenter")
    with pytest.raises(NotAllowed):
        colony.wean(by=erin, subjects=young)
    with recording.by(None):
        carol.profile.delegates.add(erin)
    with pytest.raises(NotAllowed):
        colony.wean(by=erin, subjects=young)
    with recording.by(None):
        young[0].responsible_user.profile.delegates.add(erin)
    assert len(colony.wean(by=erin, subjects=young)) == 2
