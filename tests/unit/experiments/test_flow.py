"""Where a run goes: blocks in blocks, counted, until exhausted, left by a button, skipped."""

import pytest

from experiments import flow
from experiments.definition.steps import Block, Step


def step(name):
    return Step(name, "page")


def block(name, *parts, **values):
    return Block(name, parts, **values)


def names(parts, *, exhaust=(), leave=(), hide=(), most=100):
    """Go through a flow; ``exhaust`` and ``leave`` name (step, number of its showing)."""
    told, shown = [], {}

    def shows(part, _place):
        return part.name not in hide

    place = flow.next_shown(parts, flow.first(parts), shows)
    while place is not None and len(told) < most:
        name = flow.step_at(parts, place).name
        shown[name] = shown.get(name, 0) + 1
        if (name, shown[name]) in exhaust:
            place = flow.next_shown(parts, flow.exhausted(parts, place), shows)
            continue
        told.append(name)
        go = flow.leave if (name, shown[name]) in leave else flow.after
        place = flow.next_shown(parts, go(parts, place), shows)
    return "".join(told)


A, B, C, D = map(step, "abcd")


def test_steps_follow_each_other():
    assert names((A, B, C)) == "abc"


def test_a_block_is_gone_through_as_often_as_it_says():
    assert names((A, block("loop", B, C, times=3), D)) == "abcbcbcd"


def test_blocks_lie_in_blocks_and_count_anew():
    inner = block("inner", B, times=2)
    assert names((block("outer", A, inner, times=2), D)) == "abbabbd"


def test_a_block_may_begin_and_end_with_a_block():
    inner = block("inner", B, times=2)
    assert names((block("outer", inner, times=3), D)) == "bbbbbbd"


def test_exhausted_stimuli_leave_the_loop_and_nothing_else():
    # PyEnsemble lands in the middle of the loop here
    loop = block("loop", B, C, times=None, until_exhausted=True)
    assert names((A, loop, D), exhaust={("b", 3)}) == "abcbcd"


def test_exhausted_stimuli_in_an_inner_counted_block_leave_the_one_that_lasts_until_then():
    inner = block("inner", B, C, times=5)
    outer = block("outer", A, inner, times=None, until_exhausted=True)
    assert names((outer, D), exhaust={("c", 2)}) == "abcbd"


def test_exhausted_outside_of_any_loop_goes_on():
    assert names((A, B, C), exhaust={("b", 1)}) == "ac"


def test_a_button_leaves_the_innermost_block():
    inner = block("inner", B, times=None, leave_label="Enough")
    assert names((block("outer", A, inner, times=2), D), leave={("b", 2), ("b", 3)}) == "abbabd"


def test_a_hidden_step_is_skipped_and_a_hidden_block_with_all_its_passes():
    assert names((A, B, C), hide={"b"}) == "ac"
    assert names((A, block("loop", B, C, times=3), D), hide={"loop"}) == "ad"


@pytest.mark.parametrize("times", [None, 1000])
def test_a_loop_in_which_nothing_is_shown_ends(times):
    loop = block("loop", B, C, times=times, until_exhausted=True)
    assert names((A, loop, D), hide={"b", "c"}) == "ad"
    nested = block("outer", block("inner", B, times=times, until_exhausted=True), C,
                   times=times, until_exhausted=True)  # fmt: skip
    assert names((A, nested, D), hide={"b", "c"}) == "ad"
    assert names((A, nested, D), hide={"inner", "c"}) == "ad"


def test_everything_hidden_is_the_end():
    assert names((A, B), hide={"a", "b"}) == ""


def test_a_hidden_step_at_the_end_of_a_pass_does_not_end_the_loop():
    assert names((block("loop", A, B, times=3), D), hide={"b"}) == "aaad"


def test_progress_never_goes_back_and_stays_below_one():
    inner = block("inner", B, C, times=None, until_exhausted=True)
    parts = (A, block("outer", inner, D, times=2), D)
    place, told = flow.first(parts), []
    for number in range(40):
        told.append(flow.progress(parts, place))
        place = flow.exhausted(parts, place) if number % 9 == 8 else flow.after(parts, place)
        if place is None:
            break
    assert told == sorted(told)
    assert 0 <= told[0] <= told[-1] < 1


def test_a_place_is_found_again_from_what_is_stored_of_it():
    parts = (A, block("outer", block("inner", B, C, times=2), times=2), D)
    place = flow.Place((1, 0, 1), (1, 0))
    assert flow.step_at(parts, place) == C
    assert [one.name for one in flow.blocks_on(parts, place)] == ["outer", "inner"]
    assert flow.after(parts, place) == flow.Place((1, 0, 0), (1, 1))
