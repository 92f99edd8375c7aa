"""The formulas for weight and water, held to numbers that labs know."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lab.models import LabProfile
from lab.weights import Course, Growth, Norm, Restriction, Rule

GROWTH = Growth({
    ("M", 12): Norm(27.7, 1.7), ("M", 13): Norm(28.4, 1.9), ("M", 20): Norm(31.8, 2.5),
    ("F", 12): Norm(20.7, 1.4), ("F", 13): Norm(21.7, 1.5),
})  # fmt: skip
WEIGHTS = (24, 23, 21, 20.5, 20, 18)
COURSE = Course(
    sex="M",
    born_on=date(2026, 1, 1),
    rule=Rule(0.8, 0.0),
    growth=GROWTH,
    weighings=[(date(2026, 4, 2 + number), weight) for number, weight in enumerate(WEIGHTS)],
    restrictions=[Restriction(date(2026, 4, 1), None, 25.0)],
)
FIFTH, SEVENTH = date(2026, 4, 5), date(2026, 4, 7)
IMPLANT = [(date(2026, 3, 1), 2.0)]


@pytest.mark.parametrize(
    ("course", "day", "expected"),
    [
        (COURSE, FIFTH, (20.5, 25.0, 25.382, 25.0, 20.0, 82.0, 0.82)),
        (COURSE, SEVENTH, (18.0, 25.0, 25.382, 25.0, 20.0, 72.0, 0.90)),
        (replace(COURSE, rule=Rule(0.0, 0.8)), FIFTH,
         (20.5, 25.0, 25.382, 25.382, 20.306, 80.765, 0.82)),
        (replace(COURSE, rule=Rule(0.4, 0.4)), FIFTH,
         (20.5, 25.0, 25.382, 25.191, 20.153, 81.378, 0.82)),
        (replace(COURSE, implants=IMPLANT), FIFTH,
         (20.5, 23.0, 23.147, 25.0, 20.4, 80.435, 0.74)),
        (replace(COURSE, rule=Rule(0.0, 0.8), implants=IMPLANT, sex="F"), FIFTH,
         (20.5, 23.0, 24.164, 26.164, 21.331, 76.559, 0.925)),
        (replace(COURSE, rule=Rule(0.0, 0.0)), FIFTH, (20.5, 25.0, 25.382, 0, 0, 0, 0.82)),
    ],
)  # fmt: skip
def test_the_numbers_are_those_that_labs_know(course, day, expected):
    found = course.on(day)
    numbers = (
        found.weight_g, found.reference_g, found.zscore_g, found.expected_g, found.minimum_g,
        found.percentage, found.required_ml,
    )  # fmt: skip
    assert numbers == pytest.approx(expected, abs=0.0006)


@pytest.mark.parametrize(
    ("weight", "status"), [(20.6, "good"), (20.4, "warning"), (20.0, "warning"), (19.9, "harm")]
)
def test_the_status_follows_the_sum_of_both_fractions(weight, status):
    course = replace(COURSE, rule=Rule(0.8, 0.0), weighings=[(FIFTH, weight)])
    assert course.on(FIFTH).status == status


def test_before_a_restriction_nothing_is_expected():
    found = COURSE.on(date(2026, 3, 31))
    assert (found.expected_g, found.percentage, found.is_restricted) == (0, 0, False)
    assert found.status == "neutral"


def test_a_restriction_that_has_ended_stays_the_reference():
    ended = replace(COURSE, restrictions=[Restriction(date(2026, 4, 1), date(2026, 4, 3), 25.0)])
    assert ended.on(FIFTH).reference_g == 25.0
    assert not ended.on(FIFTH).is_restricted
    assert ended.on(date(2026, 4, 3)).is_restricted


@pytest.mark.parametrize(
    ("weight", "required"), [(24.8, 0.5), (24.4, 0.9), (20.0, 1.2), (30.0, 0.5)]
)
def test_under_the_rule_of_the_deficit_water_follows_what_is_lacking(weight, required):
    course = replace(COURSE, rule=Rule(1.0, 0.0, water="deficit"), weighings=[(FIFTH, weight)])
    assert course.on(FIFTH).required_ml == pytest.approx(required)


@pytest.mark.parametrize(
    ("weight", "implants", "required"),
    [(20.5, (), 1.125), (21.0, (), 0.5), (18.0, (), 1.2), (20.9, IMPLANT, 0.975)],
)
def test_what_is_lacking_is_counted_from_the_labs_fraction_of_the_reference(
    weight, implants, required
):
    rule = Rule(0.85, 0.0, water="deficit")
    course = replace(COURSE, rule=rule, weighings=[(FIFTH, weight)], implants=implants)
    assert course.on(FIFTH).required_ml == pytest.approx(required)


@pytest.mark.parametrize("water", ["gram", "deficit", "fixed"])
def test_an_animal_that_nobody_weighed_never_needs_less_than_nothing(water):
    rule = Rule(0.8, 0.0, water=water, fixed_ml=1.0)
    course = replace(COURSE, rule=rule, weighings=(), implants=IMPLANT)
    assert course.on(FIFTH).required_ml >= 0


def test_under_a_fixed_rule_every_animal_gets_the_same():
    course = replace(COURSE, rule=Rule(0.8, 0.0, water="fixed", fixed_ml=1.0))
    assert course.on(FIFTH).required_ml == 1.0


def test_between_two_ages_the_norm_is_on_the_line_that_joins_them():
    growth = Growth({("M", 10): Norm(20, 1), ("M", 20): Norm(30, 3)})
    assert growth.norm("M", 15) == Norm(25, 2)
    assert growth.norm("M", 4) == Norm(20, 1)
    assert growth.norm("M", 90) == Norm(30, 3)
    assert growth.norm("F", 15) is None


@given(some.floats(5, 60), some.floats(0, 1), some.floats(0, 1))
def test_the_expected_weight_is_a_hundred_percent(reference, of_reference, of_zscore):
    rule = Rule(of_reference, of_zscore)
    course = replace(
        COURSE, rule=rule, restrictions=[Restriction(date(2026, 4, 1), None, reference)]
    )
    expected = course.on(FIFTH).expected_g
    if expected > 0:
        again = replace(course, weighings=[(FIFTH, expected)])
        assert again.on(FIFTH).percentage == pytest.approx(100)


def test_the_rule_of_the_deficit_says_which_weight_it_is_about():
    """It compares with the lab's fraction of the reference, not with the expected weight."""
    said = str(LabProfile.WaterRule.DEFICIT.label)
    assert "the lab's fraction of its reference weight" in said
    assert "expected" not in said
