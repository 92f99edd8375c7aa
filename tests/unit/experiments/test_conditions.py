"""When a step is shown."""

import pytest

from experiments.conditions import holds, names_in
from experiments.definition.reading import place_of
from experiments.definition.steps import read_condition


def asked(words, **answers):
    return holds(read_condition(place_of(words)), answers)


@pytest.mark.parametrize(
    ("comparison", "value", "true_for", "false_for"),
    [
        ("=", 1, [1, [1, 2]], [2, "1", None, [2]]),
        ("≠", 1, [2, None, "1"], [1]),
        ("<", 5, [4, 4.9, -1], [5, 6, None, "4", True, [4]]),
        ("≤", 5, [5], [5.1, None]),
        (">", 5, [6], [5, None, "9"]),
        ("≥", 5, [5, 6], [4]),
        ("in", ["a", "b"], ["a", ["b", "c"]], ["c", None, []]),
        ("answered", None, [0, "", False], [None]),
    ],
)
def test_a_comparison(comparison, value, true_for, false_for):
    words = {"item": "x", "is": comparison, "value": value}
    assert [answer for answer in true_for if not asked(words, x=answer)] == []
    assert [answer for answer in false_for if asked(words, x=answer)] == []


def test_what_was_never_asked_is_not_answered():
    assert not asked({"item": "x"})
    assert asked({"none": [{"item": "x"}]})


def test_all_any_and_none():
    one, two = {"item": "x", "is": "=", "value": 1}, {"item": "y", "is": "=", "value": 2}
    assert asked({"all": [one, two]}, x=1, y=2)
    assert not asked({"all": [one, two]}, x=1, y=3)
    assert asked({"any": [one, two]}, x=0, y=2)
    assert not asked({"any": [one, two]}, x=0, y=0)
    assert asked({"none": [one, two]}, x=0, y=0)
    assert not asked({"none": [one, {"all": [two]}]}, x=0, y=2)


def test_without_a_condition_it_is_shown():
    assert holds(None, {})


def test_the_items_that_it_asks_for_are_known():
    words = {"all": [{"item": "x"}, {"any": [{"item": "y"}, {"item": "x"}]}]}
    assert sorted(names_in(read_condition(place_of(words)))) == ["x", "x", "y"]
