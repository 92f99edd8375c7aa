"""Searches in pieces: over several runs and by rules, whoever does a piece."""

import numpy as np
import pytest

from fmriplan.design import specification
from fmriplan.design.orders import check
from fmriplan.design.pieces import Effort, Pieces

PLAN = """
trials = 24
runs = 2
tr_s = 2.0
tail_s = 10.0
derivatives = 1
gaps = {model = "exponential", min_s = 2, mean_s = 3, max_s = 8}
conditions = [{name = "a", share = 0.5, shown_s = 1.0}, {name = "b", share = 0.5, shown_s = 1.0}]
contrasts = [{a = 1, b = -1}]
rules = {exact_in_runs = true, longest_run = 3, least_waits = [["a", "b", 3.0]]}
"""


@pytest.mark.parametrize("method", ["annealing", "genetic", "random", "front", "set"])
def test_pieces_keep_rules_and_the_waits_of_each_run(method):
    told = specification.read(PLAN)
    work = Pieces(told, Effort(method=method, moves=300, generations=5, restarts=1))
    rules = check(told.experiment, told.rules)
    made = work.do(0)
    order, waits = np.array(made.order), np.array(made.waits)
    assert rules.keeps(order, waits)
    for run in waits.reshape(2, -1):
        assert (np.sort(run) == rules.waits).all()
    assert np.isfinite(list(work.scores(made).values())).all()
    assert Pieces(told, work.effort).do(0) == made
