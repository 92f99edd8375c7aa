"""Tests, rules and parents: what follows for an animal's zygosities, and whose word counts."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from tests.factories import accounts
from tests.factories import lab as make

from accounts.models import AuditEntry
from common.errors import NotAllowed
from lab import models, recording
from lab.errors import DoesNotFit
from lab.models import Origin
from lab.queries import genetics as read
from lab.services import colony, genetics, subjects

ABSENT, HETEROZYGOUS, HOMOZYGOUS, PRESENT = range(4)


@pytest.fixture
def pvalb():
    return make.made(models.Allele, nickname="Pvalb")


@pytest.fixture
def cre():
    return make.made(models.Sequence, name="Cre")


@pytest.fixture
def wild():
    return make.made(models.Sequence, name="Wild type")


@pytest.fixture
def line(alder, pvalb, cre, wild):
    """A line whose Pvalb is known by two tests, or by one alone."""
    line = make.line(alder)
    with recording.by(None):
        line.alleles.add(pvalb)
        pvalb.sequences.add(cre, wild)
    for result0, result1, value in ((1, 1, 1), (1, 0, 2), (0, 1, 0)):
        make.made(models.ZygosityRule, line=line, allele=pvalb, sequence0=cre, result0=result0,
                  sequence1=wild, result1=result1, value=value)  # fmt: skip
    make.made(models.ZygosityRule, line=line, allele=pvalb, sequence0=cre, result0=1, value=3)
    return line


@pytest.fixture
def mouse(line, alice):
    return make.subject(line.lab, alice, "M1", line=line)


@pytest.fixture
def family(line, alder, alice):
    """Father, mother, and two of their young."""
    father = make.subject(alder, alice, "Dad", line=line)
    mother = make.subject(alder, alice, "Mum", line=line, sex="F")
    litter = make.litter(line, breeding_pair=make.pair(line, father, mother))
    young = [make.subject(alder, alice, name, line=line, litter=litter) for name in ("A", "B")]
    return father, mother, *young


def test(animal, sequence, result):
    return {"subject": animal, "sequence": sequence, "result": result}


test.__test__ = False  # what `record_tests` wants, no test of ours


def known(animal):
    rows = models.Zygosity.objects.filter(subject=animal)
    return {row.allele.nickname: (row.value, row.origin) for row in rows}


def say(by, animal, allele, value):
    return genetics.state_zygosity(by=by, subject=animal, allele=allele, value=value)


# --- tests and rules ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cre_result", "wild_result", "value"),
    [(1, 1, HETEROZYGOUS), (1, 0, HOMOZYGOUS), (0, 1, ABSENT), (1, None, PRESENT)],
)
def test_tests_say_what_the_line_s_rules_make_of_them(
    mouse, cre, wild, alice, cre_result, wild_result, value
):
    done = genetics.record_tests(
        by=alice, results=[test(mouse, cre, cre_result), test(mouse, wild, wild_result)]
    )
    assert known(mouse) == {"Pvalb": (value, Origin.TESTED)}
    [change] = done.changes
    assert (change.subject, change.before, change.after) == (mouse, None, value)


@pytest.mark.parametrize("results", [(0, 0), (0, None), (None, 1), (None, None)])
def test_what_no_rule_says_is_not_known(mouse, cre, wild, alice, results):
    given = [test(mouse, cre, results[0]), test(mouse, wild, results[1])]
    assert genetics.record_tests(by=alice, results=given).changes == []
    assert known(mouse) == {}


def test_a_result_entered_again_replaces_the_first(mouse, cre, alice):
    genetics.record_tests(by=alice, results=[test(mouse, cre, 1)])
    done = genetics.record_tests(by=alice, results=[test(mouse, cre, 0)])
    assert models.GenotypeTest.objects.get().result == 0
    assert known(mouse) == {}
    assert [(each.before, each.after) for each in done.changes] == [(PRESENT, None)]


def test_two_results_of_one_sequence_that_differ_say_nothing_and_are_named(mouse, cre, alice):
    for result in (0, 1):
        make.made(models.GenotypeTest, subject=mouse, sequence=cre, result=result)
    other = make.made(models.Sequence, name="Other")
    done = genetics.record_tests(by=alice, results=[test(mouse, other, 1)])
    assert done.contradictions == [(mouse, cre.pk)]
    assert known(mouse) == {}


def test_genotyped_on_a_day_it_is_not_to_be_genotyped_any_more(mouse, cre, alice):
    subjects.change_subject(subject=mouse, by=alice, values={"to_be_genotyped": True})
    day = date(2026, 4, 1)
    genetics.record_tests(by=alice, results=[test(mouse, cre, 1)], genotyped_on=day)
    mouse.refresh_from_db()
    assert (mouse.genotyped_on, mouse.to_be_genotyped) == (day, False)


@pytest.mark.parametrize("result", [2, -1, "present", True + 1])
def test_a_result_that_is_none_is_refused(mouse, cre, alice, result):
    with pytest.raises(DoesNotFit) as refusal:
        genetics.record_tests(by=alice, results=[test(mouse, cre, 1), test(mouse, cre, result)])
    assert refusal.value.field == "result"
    assert not models.GenotypeTest.objects.exists()


def test_a_test_removed_takes_with_it_what_followed(mouse, cre, wild, alice):
    genetics.record_tests(by=alice, results=[test(mouse, cre, 1), test(mouse, wild, 0)])
    mine = models.GenotypeTest.objects.filter(sequence=wild)
    genetics.remove_tests(by=alice, tests=list(mine))
    assert known(mouse) == {"Pvalb": (PRESENT, Origin.TESTED)}
    genetics.remove_tests(by=alice, tests=list(models.GenotypeTest.objects.all()))
    assert known(mouse) == {}


def test_a_rule_that_changes_changes_the_animals_of_the_line_and_no_others(
    line, mouse, cre, pvalb, alice, carol
):
    other = make.line(line.lab, "Other")
    stranger = make.subject(line.lab, alice, "X1", line=other)
    genetics.record_tests(by=alice, results=[test(mouse, cre, 1), test(stranger, cre, 1)])
    rule = models.ZygosityRule.objects.get(sequence1=None)
    _, done = genetics.change_rule(rule=rule, by=carol, values={"value": HOMOZYGOUS})
    assert [(each.subject, each.before, each.after) for each in done.changes] == [
        (mouse, PRESENT, HOMOZYGOUS)
    ]
    done = genetics.delete_rule(rule=rule, by=carol)
    assert [each.after for each in done.changes] == [None]
    assert known(mouse) == {}
    values = {"line": line, "allele": pvalb, "sequence0": cre, "result0": 1, "value": 1}
    _, done = genetics.create_rule(by=carol, values=values)
    assert known(mouse) == {"Pvalb": (HETEROZYGOUS, Origin.TESTED)}
    assert known(stranger) == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"result1": 1}, "result1"),
        ({"sequence1": "wild"}, "result1"),
        ({"sequence1": "cre", "result1": 0}, "sequence1"),
        ({"sequence0": None}, "sequence0"),
        ({"line": None}, "line"),
        ({"value": 7}, "value"),
        ({"result0": 5}, "result0"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(line, pvalb, cre, wild, carol, change, field):
    found = {"cre": cre, "wild": wild}
    change = {name: found.get(value, value) for name, value in change.items()}
    values = {"line": line, "allele": pvalb, "sequence0": cre, "result0": 0, "value": 0} | change
    with pytest.raises(DoesNotFit) as refusal:
        genetics.create_rule(by=carol, values=values)
    assert refusal.value.field == field


def test_the_same_rule_is_refused_twice(line, pvalb, cre, carol):
    values = {"line": line, "allele": pvalb, "sequence0": cre, "result0": 1, "value": 1}
    with pytest.raises(DoesNotFit, match="zygosity_rule_of_one_test_unique"):
        genetics.create_rule(by=carol, values=values)


def test_who_may_enter_tests_may_not_write_rules(line, mouse, cre, pvalb, alder):
    tom = accounts.person("tom", lab=alder, role="technician")
    genetics.record_tests(by=tom, results=[test(mouse, cre, 1)])
    rule = models.ZygosityRule.objects.first()
    for act in (
        lambda: genetics.delete_rule(rule=rule, by=tom),
        lambda: genetics.change_rule(rule=rule, by=tom, values={"value": 0}),
        lambda: genetics.recompute(by=tom, line=line),
        lambda: say(tom, mouse, pvalb, 1),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert known(mouse) == {"Pvalb": (PRESENT, Origin.TESTED)}


# --- parents --------------------------------------------------------------------------------------
def test_what_parents_have_fills_gaps_and_follows_their_tests(family, cre, wild, carol):
    father, mother, one, two = family
    results = [test(each, cre, 1) for each in (father, mother)]
    results += [test(each, wild, 0) for each in (father, mother)]
    genetics.record_tests(by=carol, results=results)
    assert known(one) == known(two) == {"Pvalb": (HOMOZYGOUS, Origin.INFERRED)}
    genetics.record_tests(by=carol, results=[test(mother, wild, 1)])
    assert known(one) == {"Pvalb": (PRESENT, Origin.INFERRED)}
    done = genetics.record_tests(by=carol, results=[test(father, wild, 1)])
    assert known(one) == {}, "two heterozygous parents leave it open"
    assert {each.subject.nickname for each in done.changes} == {"Dad", "A", "B"}


def test_what_follows_goes_on_to_the_young_of_the_young(family, line, alder, alice, pvalb, carol):
    father, mother, one, _ = family
    aunt = make.subject(alder, alice, "Aunt", line=line, sex="F")
    pair = make.pair(line, one, aunt, name="second")
    young = make.subject(alder, alice, "C", line=line,
                         litter=make.litter(line, name="second", breeding_pair=pair))  # fmt: skip
    for each in (father, mother, aunt):
        say(carol, each, pvalb, HOMOZYGOUS)
    assert known(young) == {"Pvalb": (HOMOZYGOUS, Origin.INFERRED)}


@pytest.mark.parametrize("origin", [Origin.STATED, Origin.TESTED, Origin.UNKNOWN])
def test_what_is_known_otherwise_is_never_replaced_by_what_parents_have(
    family, line, pvalb, cre, carol, origin
):
    father, mother, one, two = family
    if origin == Origin.TESTED:
        genetics.record_tests(by=carol, results=[test(one, cre, 1)])
    else:
        make.made(models.Zygosity, subject=one, allele=pvalb, value=PRESENT, origin=origin)
    say(carol, father, pvalb, ABSENT)
    say(carol, mother, pvalb, ABSENT)
    done = genetics.recompute(by=carol, line=line)
    assert known(one) == {"Pvalb": (PRESENT, origin)}
    assert known(two) == {"Pvalb": (ABSENT, Origin.INFERRED)}
    told = [(each.subject, each.value, each.derived) for each in done.disagreements]
    assert told == ([] if origin == Origin.TESTED else [(one, PRESENT, ABSENT)])


def test_two_possible_mothers_decide_only_what_both_would(family, alder, alice, pvalb, carol):
    father, mother, one, _ = family
    aunt = make.subject(alder, alice, "Aunt", sex="F")
    colony.change_pair(pair=models.BreedingPair.objects.get(), by=carol, values={"mother2": aunt})
    for each in (father, mother):
        say(carol, each, pvalb, HOMOZYGOUS)
    assert known(one) == {}, "the aunt is not known: her young would be +/-"
    say(carol, aunt, pvalb, HOMOZYGOUS)
    assert known(one) == {"Pvalb": (HOMOZYGOUS, Origin.INFERRED)}
    say(carol, aunt, pvalb, ABSENT)
    assert known(one) == {}


def test_young_have_at_once_what_follows_from_their_parents(family, pvalb, carol):
    father, mother, *_ = family
    for each in (father, mother):
        say(carol, each, pvalb, HOMOZYGOUS)
    litter = models.Litter.objects.get()
    [young] = colony.add_young(litter=litter, by=carol, animals=[{}])
    late = subjects.create_subject(
        by=carol, values={"litter": litter, "line": litter.line, "lab": litter.lab}
    )
    assert known(young) == known(late) == {"Pvalb": (HOMOZYGOUS, Origin.INFERRED)}
    subjects.change_subject(subject=late, by=carol, values={"litter": None})
    assert known(late) == {}


def test_an_animal_that_is_its_own_ancestor_ends_the_way_up(family, pvalb, carol):
    father, _mother, one, _ = family
    with recording.by(None):
        models.Subject.objects.filter(pk=father.pk).update(litter=one.litter)
    say(carol, one, pvalb, HOMOZYGOUS)
    assert known(one) == {"Pvalb": (HOMOZYGOUS, Origin.STATED)}


# --- what people say ------------------------------------------------------------------------------
def test_what_a_person_has_said_stays_and_tests_that_disagree_are_named(mouse, pvalb, cre, carol):
    say(carol, mouse, pvalb, HOMOZYGOUS)
    done = genetics.record_tests(by=carol, results=[test(mouse, cre, 1)])
    assert known(mouse) == {"Pvalb": (HOMOZYGOUS, Origin.STATED)}
    [one] = done.disagreements
    assert (one.value, one.derived, one.origin) == (HOMOZYGOUS, PRESENT, Origin.TESTED)


def test_what_was_said_can_be_withdrawn_and_tests_speak_again(mouse, pvalb, cre, carol):
    say(carol, mouse, pvalb, HOMOZYGOUS)
    genetics.record_tests(by=carol, results=[test(mouse, cre, 1)])
    genetics.withdraw_zygosity(zygosity=models.Zygosity.objects.get(), by=carol)
    assert known(mouse) == {"Pvalb": (PRESENT, Origin.TESTED)}


def test_what_came_from_elsewhere_is_replaced_by_tests_and_that_is_on_record(
    mouse, pvalb, cre, carol
):
    make.made(models.Zygosity, subject=mouse, allele=pvalb, value=ABSENT)
    genetics.record_tests(by=carol, results=[test(mouse, cre, 1)], reason="Plate 7")
    assert known(mouse) == {"Pvalb": (PRESENT, Origin.TESTED)}
    told = AuditEntry.objects.get(action="zygosity.changed")
    assert (told.user, told.reason) == (carol, "Plate 7")
    assert told.changes["value"] == [ABSENT, PRESENT]


def test_an_unknown_zygosity_is_refused(mouse, pvalb, carol):
    with pytest.raises(DoesNotFit) as refusal:
        say(carol, mouse, pvalb, 9)
    assert refusal.value.field == "value"


def test_one_zygosity_for_an_animal_and_an_allele(mouse, pvalb, carol):
    say(carol, mouse, pvalb, HOMOZYGOUS)
    say(carol, mouse, pvalb, ABSENT)
    assert models.Zygosity.objects.count() == 1


# --- many at once ---------------------------------------------------------------------------------
def test_many_animals_take_as_many_statements_as_few(line, alder, alice, cre, wild, carol):
    animals = [make.subject(alder, alice, f"N{number}", line=line) for number in range(12)]

    def statements(some):
        with CaptureQueriesContext(connection) as asked:
            for result in (1, 0):  # made first, replaced then: some go, some change
                genetics.record_tests(
                    by=carol, results=[test(each, cre, 1) for each in some]
                    + [test(each, wild, result) for each in some],
                )  # fmt: skip
            genetics.record_tests(by=carol, results=[test(each, cre, 0) for each in some])
        return len(asked)

    assert statements(animals[:2]) == statements(animals[2:])
    rule = models.ZygosityRule.objects.filter(value=ABSENT).get()
    with CaptureQueriesContext(connection) as asked:
        _, done = genetics.change_rule(rule=rule, by=carol, values={"result1": 0})
    assert len(done.changes) == 12
    assert len(asked) < 45


# --- reading --------------------------------------------------------------------------------------
def test_what_is_written_of_a_genotype_is_that_of_the_line_s_alleles(
    line, mouse, pvalb, carol, django_assert_num_queries
):
    ai32 = make.made(models.Allele, nickname="Ai32")
    say(carol, mouse, pvalb, HETEROZYGOUS)
    make.made(models.Zygosity, subject=mouse, allele=ai32, value=HOMOZYGOUS)
    with django_assert_num_queries(1):
        assert read.strings([mouse]) == {mouse.pk: ["Pvalb +/-"]}
    with recording.by(None):
        line.alleles.add(ai32)
    assert read.strings([mouse]) == {mouse.pk: ["Ai32 +/+", "Pvalb +/-"]}


def test_an_animal_is_negative_when_it_is_known_to_have_nothing(line, mouse, pvalb, carol):
    assert not list(read.negative(models.Subject.objects.all()))
    say(carol, mouse, pvalb, ABSENT)
    assert list(read.negative(models.Subject.objects.all())) == [mouse]
    ai32 = make.made(models.Allele, nickname="Ai32")
    with recording.by(None):
        line.alleles.add(ai32)
    say(carol, mouse, ai32, PRESENT)
    assert not list(read.negative(models.Subject.objects.all()))
    assert (read.is_negative([0, 0]), read.is_negative([0, 3]), read.is_negative([])) == (
        True, False, False,
    )  # fmt: skip


def test_a_pair_s_young_are_expected_by_mendel(family, alder, alice, pvalb, carol):
    father, mother, *_ = family
    aunt = make.subject(alder, alice, "Aunt", sex="F")
    pair = colony.change_pair(
        pair=models.BreedingPair.objects.get(), by=carol, values={"mother2": aunt}
    )
    say(carol, father, pvalb, HETEROZYGOUS)
    say(carol, mother, pvalb, ABSENT)
    first, second = read.expected(pair)
    assert (first.father, first.mother, first.whose) == ("+/-", "-/-", mother)
    assert {zygosity: float(share) for zygosity, share in first.shares.items()} == {
        "-/-": 0.5, "+/-": 0.5,
    }  # fmt: skip
    assert (second.mother, second.whose, second.shares) == ("?", aunt, None)


def test_a_line_in_numbers(family, line, pvalb, carol, django_assert_max_num_queries):
    father, _mother, one, two = family
    say(carol, father, pvalb, HETEROZYGOUS)
    say(carol, one, pvalb, HETEROZYGOUS)
    subjects.change_subject(subject=two, by=carol, values={"died_on": date(2026, 3, 9)})
    subjects.change_subject(subject=one, by=carol, values={"weaned_on": date(2026, 3, 22)})
    with django_assert_max_num_queries(4):
        counts = read.counts(line)
    assert (counts.alive, counts.dead, counts.males, counts.females) == (3, 1, 3, 1)
    assert (counts.litters, counts.pairs, counts.young_per_litter) == (1, 1, 2.0)
    assert counts.weaned_share == 0.5
    assert counts.observed == {"Pvalb": {"+/-": 2}}


def test_the_sheet_for_genotyping_has_the_line_s_sequences_in_order(
    mouse, cre, wild, alice, django_assert_max_num_queries
):
    make.made(models.Sequence, name="Elsewhere")
    genetics.record_tests(by=alice, results=[test(mouse, cre, 1)])
    with django_assert_max_num_queries(4):
        assert read.sheet([mouse]) == {mouse.pk: [(cre, 1), (wild, None)]}


# --- what the database itself refuses -------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"value": 4}, "zygosity_rule_value_is_known"),
        ({"result0": 2}, "zygosity_rule_results_are_known"),
        ({"result1": 2}, "zygosity_rule_results_are_known"),
        ({"sequence1": "cre", "result1": 1}, "zygosity_rule_asks_for_two_sequences"),
    ],
)
def test_the_database_refuses_a_rule_that_says_nothing(line, pvalb, cre, change, constraint):
    change = {name: cre if value == "cre" else value for name, value in change.items()}
    values = {"line": line, "allele": pvalb, "sequence0": cre, "result0": 0, "value": 0} | change
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make.made(models.ZygosityRule, **values)


def test_the_database_knows_one_zygosity_and_whence_it_is(mouse, pvalb):
    make.made(models.Zygosity, subject=mouse, allele=pvalb, value=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        make.made(models.Zygosity, subject=mouse, allele=pvalb, value=1)
    with (
        pytest.raises(IntegrityError, match="zygosity_origin_is_known"),
        transaction.atomic(),
        recording.by(None),
    ):
        models.Zygosity.objects.update(origin="guessed")


@pytest.mark.parametrize("role", ["mother1", "mother2"])
def test_the_database_refuses_a_father_that_is_a_mother(line, mouse, role):
    values = {"line": line, "name": "odd", "father": mouse, role: mouse}
    with pytest.raises(IntegrityError, match="pair_s_father_is_no_mother"), transaction.atomic():
        make.made(models.BreedingPair, **values)
