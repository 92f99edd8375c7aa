"""A search in pieces: whoever does them, in whatever order, the same is found."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fmriplan.design import pieces, specification
from fmriplan.design.orders import check
from fmriplan.design.pieces import Effort, Kept, Pieces
from fmriplan.errors import NotAnOption

TOLD = specification.read("""
trials = 16
tr_s = 2.0
tail_s = 10.0
[[conditions]]
name = "faces"
share = 0.5
shown_s = 1.0
[[conditions]]
name = "houses"
share = 0.5
shown_s = 1.0
[gaps]
model = "uniform"
min_s = 2.0
max_s = 6.0
[rules]
longest_run = 3
exact_counts = true
""")
SMALL = Effort(seed=5, moves=60, restarts=6, generations=8, designs=2)


def _done(effort, numbers):
    made, pool = Pieces(TOLD, effort), []
    for number in numbers:
        pool = pieces.added(effort, pool, made.do(number))
    return pool


@pytest.mark.parametrize("method", pieces.METHODS)
def test_the_order_of_pieces_and_who_does_them_change_nothing(method):
    effort = replace(SMALL, method=method, restarts=1 if method == "front" else 6)
    numbers = list(range(effort.pieces))
    whole = pieces.chosen(effort, _done(effort, numbers))
    numbers = numbers[3:] + numbers[:3][::-1]
    halves = [_done(effort, numbers[::2]), _done(effort, numbers[1::2])]
    assert pieces.chosen(effort, halves[0] + halves[1]) == whole


@pytest.mark.parametrize("method", pieces.METHODS)
def test_what_is_found_keeps_the_rules_and_the_waits(method):
    effort = replace(SMALL, method=method, restarts=1 if method == "front" else 2)
    rules = check(TOLD.experiment, TOLD.rules)
    for each in pieces.chosen(effort, _done(effort, range(effort.pieces))):
        order, waits = np.array(each.order), np.array(each.waits)
        assert rules.keeps(order, waits)
        assert sorted(each.waits) == sorted(TOLD.experiment.waits.tolist())


def test_pieces_are_shared_without_one_left_over_or_done_twice():
    effort = replace(SMALL, restarts=11, islands=4)
    shared = [number for island in range(4) for number in effort.of_island(island)]
    assert sorted(shared) == list(range(11))
    assert len({effort.seed_of(number) for number in shared}) == 11


def test_the_same_piece_again_replaces_itself():
    effort = replace(SMALL, method="random")
    once = _done(effort, [0, 1])
    assert _done(effort, [0, 1, 0, 1]) == once


def test_a_design_is_the_same_after_it_was_stored():
    kept = Pieces(TOLD, SMALL).do(0)
    assert Kept.read(json.loads(json.dumps(kept.plain()))) == kept


def test_a_set_has_as_many_designs_as_were_asked_for_and_none_twice():
    effort = replace(SMALL, method="set", designs=3)
    found = pieces.chosen(effort, _done(effort, range(effort.pieces)))
    assert len({each.order for each in found}) == 3


def test_no_design_of_a_front_beats_another():
    effort = replace(SMALL, method="front", restarts=1)
    points = [each.point for each in pieces.chosen(effort, _done(effort, range(effort.pieces)))]
    assert len(points) > 1
    for one in points:
        for other in points:
            assert one == other or any(a < b for a, b in zip(other, one, strict=True))


def test_a_piece_ends_when_it_is_told_to_and_hands_back_its_best():
    told = []
    kept = Pieces(TOLD, SMALL).do(0, lambda share, worth: told.append((share, worth)) or True)
    assert len(told) == 1
    assert np.isfinite(kept.worth)


@pytest.mark.parametrize("wrong", [{"method": "magic"}, {"seed": -1}, {"moves": 0},
                                   {"islands": 17}, {"patience": -1}])  # fmt: skip
def test_an_effort_that_means_nothing_is_refused(wrong):
    with pytest.raises(NotAnOption):
        Effort(**wrong)


def test_scores_tell_all_that_is_shown_of_a_design():
    made = Pieces(TOLD, SMALL)
    scores = made.scores(made.do(0))
    assert set(scores) >= {*pieces.CRITERIA, "inflation", "surprise", "longest_run"}
    assert scores["longest_run"] <= 3


def test_how_long_it_takes_grows_with_what_is_asked():
    ticks = iter(range(100))
    little = pieces.expected_s(TOLD, replace(SMALL, restarts=2), lambda: next(ticks))
    more = pieces.expected_s(TOLD, replace(SMALL, restarts=200), lambda: next(ticks))
    assert more > little
