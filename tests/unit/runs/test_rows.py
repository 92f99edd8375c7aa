"""What a browser sends is read without trust."""

import pytest
from tests.factories.runs import row

from runs.errors import Unreadable
from runs.rows import LARGEST_ROW, MOST_ROWS, read, rows_of, said_in


def one(**data):
    (found,) = rows_of([row(0, **data)])
    return found


def test_a_row_tells_when_it_began_and_ended():
    found = one(onset=10.5, time_elapsed=600, rt=412.5, trial_type="image-keyboard-response")
    assert (found.onset_ms, found.end_ms, found.rt_ms) == (10.5, 600.0, 412.5)
    assert found.plugin == "image-keyboard-response"


def test_the_order_of_keys_makes_no_other_content():
    there, back = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    first, second = rows_of([{"index": 0, "data": there}]) + rows_of([{"index": 0, "data": back}])
    assert first.digest == second.digest


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "a list"),
        ([1], "Row 0"),
        ([{"index": 0}], "Row 0"),
        ([{"index": -1, "data": {}}], "index"),
        ([{"index": True, "data": {}}], "index"),
        ([{"index": "0", "data": {}}], "index"),
        ([{"index": 10**7, "data": {}}], "index"),
        ([row(0), row(0, rt=1)], "Row 1 has the index 0 of another"),
        ([row(number) for number in range(MOST_ROWS + 1)], "at most 200"),
        ([row(0, response="x" * LARGEST_ROW)], "larger than 256 kB"),
    ],
)
def test_what_is_no_batch_is_refused_and_named(sent, says):
    with pytest.raises(Unreadable, match=says):
        rows_of(sent)


@pytest.mark.parametrize(
    "body", ["", "[", "[NaN]", "[Infinity]", "[" * 100_000, b"\xff\xfe[1]", "[1] 2"]
)
def test_what_is_no_json_is_refused(body):
    with pytest.raises(Unreadable):
        read(body)


def test_the_same_row_twice_in_a_batch_is_one():
    assert len(rows_of([row(0), row(0)])) == 1


@pytest.mark.parametrize("rt", [None, "fast", True, 10**400, [1]])
def test_a_time_that_is_no_number_is_none(rt):
    assert one(rt=rt).rt_ms is None


def test_what_no_database_holds_is_replaced_where_it_is_read_and_kept_where_it_is_raw():
    found = one(response={"Q\0": "a\0b", "lone": "\ud800", "large": 10**30})
    assert found.response == {"Q\N{REPLACEMENT CHARACTER}": "a\N{REPLACEMENT CHARACTER}b",
                              "lone": "?", "large": str(10**30)}  # fmt: skip
    assert "\\u0000" in found.raw
    assert "\\ud800" in found.raw


def told(**data):
    return [(said.name, said.value, said.number, said.text, said.missing)
            for said in said_in(one(**data), "stroop")]  # fmt: skip


def test_a_key_is_an_answer_under_the_name_of_the_step():
    assert told(response="r") == [("stroop", "r", None, "r", "")]


def test_a_trial_may_name_its_item():
    assert told(response=3, item="rating") == [("rating", 3, 3.0, "3", "")]


def test_a_survey_answers_under_each_of_its_names():
    assert told(response={"Q0": 4, "liked": True, "why": ["a", "b"]}) == [
        ("Q0", 4, 4.0, "4", ""),
        ("liked", True, 1.0, "true", ""),
        ("why", ["a", "b"], None, '["a", "b"]', ""),
    ]


def test_no_response_in_time_is_missing_and_says_so():
    assert told(response=None, item="ink") == [("ink", None, None, "", "timed out")]


def test_a_screen_that_asks_for_nothing_answers_nothing():
    assert told(response=None) == []


def test_a_trial_without_a_response_answers_nothing():
    (found,) = rows_of([{"index": 0, "data": {"trial_type": "preload", "success": True}}])
    assert list(said_in(found, "stroop")) == []
