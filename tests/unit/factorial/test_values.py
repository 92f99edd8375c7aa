"""What clients log, read without trust."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from factorial.values import as_text, event_names, flattened, typed

KEYS = some.text("abc.", max_size=3)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=3),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(some.lists(some.dictionaries(KEYS, VALUES, max_size=4), max_size=4))
def test_the_names_of_events_are_those_of_each_event_flattened(events):
    assert event_names(events) == {name for event in events for name in flattened(event)}


@pytest.mark.parametrize(
    ("value", "kind", "found"),
    [
        ("412", "Integer", (412, True)),
        (412.0, "integer", (412, True)),
        (412.5, "Integer", (412.5, False)),
        ("fast", "Integer", ("fast", False)),
        (True, "Integer", (True, False)),
        ("1e2", "Float", (100.0, True)),
        ("1e999", "Float", ("1e999", False)),
        (2**70, "Float", (2**70, True)),
        ("yes", "Boolean", (True, True)),
        (0, "Boolean", (False, True)),
        ("maybe", "Boolean", ("maybe", False)),
        (True, "String", ("1", True)),
        ([1], "", ([1], True)),
    ],
)
def test_a_value_is_read_as_the_type_that_the_design_declares(value, kind, found):
    assert typed(value, kind) == found


def test_texts_are_those_that_clients_of_2020_know():
    assert [as_text(value) for value in (True, False, 1.5, 12, "x")] == ["1", "0", "1.5", "12", "x"]
