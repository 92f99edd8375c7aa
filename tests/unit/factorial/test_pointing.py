"""The design of the example."""

from collections import Counter
from itertools import pairwise

from factorial.examples import pointing

DESIGN = pointing.design()
ORDERS = [
    [(trial.values["D"], trial.values["W"]) for trial in run.blocks[0].trials]
    for run in DESIGN.runs
]


def test_each_condition_comes_once_at_each_place_of_six_runs():
    for place in range(6):
        assert len({order[place] for order in ORDERS[:6]}) == 6


def test_each_condition_follows_each_other_one_once_in_six_runs():
    pairs = Counter(pair for order in ORDERS[:6] for pair in pairwise(order))
    assert set(pairs.values()) == {1}
    assert len(pairs) == 30


def test_each_run_has_practice_and_three_blocks_of_six():
    for run in DESIGN.runs:
        assert [block.is_practice for block in run.blocks] == [True, False, False, False]
        assert {len(block.trials) for block in run.blocks} == {6}
