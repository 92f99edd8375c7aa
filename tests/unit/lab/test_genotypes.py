"""Zygosities by the rules of a line and by those of Mendel, as tables that labs know."""

from fractions import Fraction
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lab.genotypes import Rule, cross, decide, from_family, from_parents, results_of

ZYGOSITIES = {"-/-": 0, "+/-": 1, "+/+": 2, "+": 3, "?": None}
FROM_PARENTS = """
        | +/+  +/-  +    -/-  ?
    +/+ | +/+  +    +    +/-  +/-
    +/- | +    ?    ?    ?    ?
    +   | +    ?    ?    ?    ?
    -/- | +/-  ?    ?    -/-  -/-
    ?   | +/-  ?    ?    -/-  ?
"""


def table(text):
    head, *rows = (line.split("|") for line in text.strip().splitlines())
    for row in rows:
        for column, cell in zip(head[1].split(), row[1].split(), strict=True):
            yield row[0].strip(), column, cell


@pytest.mark.parametrize(("one", "other", "young"), list(table(FROM_PARENTS)))
def test_the_young_have_what_the_table_says(one, other, young):
    assert from_parents(ZYGOSITIES[one], ZYGOSITIES[other]) == ZYGOSITIES[young]


@pytest.mark.parametrize(
    ("father", "mothers", "young"),
    [
        ("+/+", "+/+ +/+", "+/+"),
        ("+/+", "+/- +", "+"),
        ("+/+", "+/+ -/-", "?"),
        ("+/+", "-/- ?", "+/-"),
        ("-/-", "-/- +/-", "?"),
        ("-/-", "-/- ?", "-/-"),
        ("+/+", "", "+/-"),
        ("?", "", "?"),
    ],
)
def test_two_possible_mothers_decide_what_both_would(father, mothers, young):
    possible = [ZYGOSITIES[mother] for mother in mothers.split()]
    assert from_family(ZYGOSITIES[father], possible) == ZYGOSITIES[young]


ONE, BOTH, FIRST_ALONE = (
    Rule(3, ("A", 1), key="one"),
    Rule(1, ("A", 1), ("B", 1), key="both"),
    Rule(2, ("A", 1), ("B", 0), key="first alone"),
)
NEITHER = Rule(0, ("A", 0), key="neither")
RULES = [ONE, BOTH, FIRST_ALONE, NEITHER]


@pytest.mark.parametrize(
    ("results", "value"),
    [
        ({"A": 1, "B": 1}, 1),
        ({"A": 1, "B": 0}, 2),
        ({"A": 1}, 3),
        ({"A": 0}, 0),
        ({"A": 0, "B": 1}, 0),
        ({"B": 1}, None),
        ({"C": 1}, None),
        ({}, None),
    ],
)
def test_rules_of_two_tests_are_asked_before_those_of_one(results, value):
    assert {decide(order, results) for order in permutations(RULES)} == {value}


def test_a_rule_of_two_tests_waits_for_both():
    assert decide([BOTH, FIRST_ALONE], {"A": 1}) is None


def test_a_position_goes_before_the_number_of_tests():
    rules = [
        Rule(1, ("A", 1), ("B", 1), position=2, key="a"),
        Rule(3, ("A", 1), position=1, key="b"),
    ]
    assert decide(rules, {"A": 1, "B": 1}) == 3
    assert decide(reversed(rules), {"A": 1, "B": 1}) == 3


def test_of_two_rules_that_are_alike_the_same_one_wins_always():
    rules = [Rule(1, ("A", 1), key="b"), Rule(2, ("B", 1), key="a")]
    assert {decide(order, {"A": 1, "B": 1}) for order in permutations(rules)} == {2}


def test_a_rule_of_no_second_test_matches_whatever_else_was_found():
    assert decide([ONE], {"A": 1, "B": 0}) == 3


def test_results_that_contradict_one_another_say_nothing():
    tests = [("A", 1), ("A", 1), ("B", 1), ("B", 0), ("C", None)]
    assert results_of(tests) == ({"A": 1}, {"B"})


@pytest.mark.parametrize(
    ("one", "other", "shares"),
    [
        ("+/-", "+/-", {0: "1/4", 1: "1/2", 2: "1/4"}),
        ("+/-", "-/-", {0: "1/2", 1: "1/2"}),
        ("+/+", "+/-", {1: "1/2", 2: "1/2"}),
        ("+/+", "-/-", {1: "1"}),
        ("-/-", "-/-", {0: "1"}),
    ],
)
def test_young_are_expected_in_the_shares_of_mendel(one, other, shares):
    wanted = {value: Fraction(share) for value, share in shares.items()}
    assert cross(ZYGOSITIES[one], ZYGOSITIES[other]) == wanted


@pytest.mark.parametrize("other", ["+", "?"])
def test_nobody_expects_shares_of_a_parent_that_nobody_knows(other):
    assert cross(2, ZYGOSITIES[other]) is None


@given(some.sampled_from(range(3)), some.sampled_from(range(3)))
def test_shares_are_a_whole_whichever_parent_is_which(one, other):
    shares = cross(one, other)
    assert sum(shares.values()) == 1
    assert shares == cross(other, one)


def test_what_follows_from_parents_is_what_mendel_leaves_possible():
    for one, other in product(range(3), repeat=2):
        value = from_parents(one, other)
        possible = set(cross(one, other))
        if value is not None:
            assert possible <= ({1, 2} if value == 3 else {value})
