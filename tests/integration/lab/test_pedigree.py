"""Who descends from whom, by one question whatever the number of generations."""

from datetime import date

import pytest
from tests.factories import accounts
from tests.factories import lab as make

from lab import models, recording
from lab.queries import pedigree


@pytest.fixture
def generations(alder, alice):
    """Five generations of brother and sister; the first two are nobody's young."""
    line, found = make.line(alder), []
    litter = None
    for number in range(5):
        both = [make.subject(alder, alice, f"{sex}{number}", sex=sex, litter=litter, line=line)
                for sex in "MF"]  # fmt: skip
        pair = make.pair(line, *both, name=f"pair {number}")
        litter = make.litter(line, name=f"litter {number}", breeding_pair=pair)
        found.append(both)
    return found


def named(found):
    return {each.subject.nickname: each.generation for each in found}


def test_ancestors_are_as_far_as_they_are(generations, alice, django_assert_max_num_queries):
    last = generations[4][0]
    with django_assert_max_num_queries(4):
        found = pedigree.ancestors(last, user=alice, generations=2)
    assert named(found) == {"M4": 0, "M3": 1, "F3": 1, "M2": 2, "F2": 2}
    by_name = {each.subject.nickname: each for each in found}
    assert by_name["M4"].father == generations[3][0].pk
    assert by_name["M4"].mothers == (generations[3][1].pk,)
    assert (by_name["M2"].father, by_name["M2"].mothers) == (None, ()), "they are not asked for"
    assert len(pedigree.ancestors(last, user=alice)) == 9


def test_descendants_are_as_far_as_they_are(generations, alice, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        found = pedigree.descendants(generations[0][1], user=alice, generations=2)
    assert named(found) == {"F0": 0, "M1": 1, "F1": 1, "M2": 2, "F2": 2}


def test_a_second_mother_is_a_possible_one(generations, alder, alice):
    aunt = make.subject(alder, alice, "Aunt", sex="F")
    with recording.by(None):
        models.BreedingPair.objects.filter(name="pair 3").update(mother2=aunt)
    found = pedigree.ancestors(generations[4][0], user=alice, generations=1)
    assert named(found) == {"M4": 0, "M3": 1, "F3": 1, "Aunt": 1}
    assert len(found[0].mothers) == 2
    assert "M4" in named(pedigree.descendants(aunt, user=alice))


def test_no_more_relatives_than_asked_for(generations, alice):
    assert len(pedigree.ancestors(generations[4][0], user=alice, most=3)) == 3


def test_an_animal_that_is_its_own_ancestor_ends_the_way(generations, alice):
    with recording.by(None):
        models.Subject.objects.filter(nickname="M0").update(litter=generations[4][0].litter)
    assert len(pedigree.ancestors(generations[4][0], user=alice, generations=30)) == 9


def test_animals_of_others_are_left_out(generations, birch, bob, alder, alice):
    assert pedigree.ancestors(generations[4][0], user=bob) == []
    closed = accounts.project(alder, "Closed", visibility="members")
    with recording.by(None):
        generations[3][0].projects.set([closed])
    found = pedigree.ancestors(generations[4][0], user=alice, generations=1)
    assert named(found) == {"M4": 0, "F3": 1}
    assert found[0].father is None


def test_an_animal_alone_is_its_pedigree(alder, alice):
    alone = make.subject(alder, alice, "Alone", born_on=date(2026, 1, 1))
    assert named(pedigree.ancestors(alone, user=alice)) == {"Alone": 0}
