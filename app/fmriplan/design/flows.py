"""Whether the numbers of transitions can add up: a proof against rules that needs no search.

In an order each condition is entered as often as it is left, but where a run begins and ends. How
often it comes, how long its runs are, how far apart its repeats, and how many waits are long enough
bound those numbers; where the linear program that they are (Dantzig, 1951) has no solution, there
is no order.
"""

from typing import TYPE_CHECKING

import numpy as np
import scipy

if TYPE_CHECKING:
    from fmriplan.design.criteria import Array
    from fmriplan.design.feasibility import Checked


def add_up(rules: "Checked") -> bool:
    """Say whether some numbers of transitions keep the rules; if none, no order does."""
    size, runs = len(rules.names), rules.runs
    equal, values = _equal(rules)
    below, limits = _below(rules)
    coming, ends = _bounds_of_counts(rules), (0, runs)
    moves = [(0, None if can else 0) for can in _can_follow(rules).ravel()]
    first = [(runs, runs) if rules.first == c else ends for c in range(size)]
    last = [(runs, runs) if rules.last == c else ends for c in range(size)]
    found = scipy.optimize.linprog(
        np.zeros(size * size + 3 * size),
        A_ub=below,
        b_ub=limits,
        A_eq=equal,
        b_eq=values,
        bounds=[*moves, *coming, *first, *last],
    )
    infeasible = 2  # HiGHS proved it
    return bool(found.status != infeasible)


def _can_follow(rules: "Checked") -> "Array":
    made = rules.can_follow.astype(float)
    if rules.apart or rules.longest_run == 1:
        np.fill_diagonal(made, 0)
    return made


def _bounds_of_counts(rules: "Checked") -> list[tuple[int, int]]:
    """Return how often each condition comes at least and at most."""
    trials, runs = len(rules.waits) * rules.runs, rules.runs
    if rules.exact:
        total = rules.counts * (runs if rules.exact_in_runs else 1)
        return [(int(count), int(count)) for count in total]
    return [(1, trials)] * len(rules.names)


def _equal(rules: "Checked") -> tuple["Array", "Array"]:
    """Return rows over transitions, counts, firsts and lasts, and what each sums to."""
    size = len(rules.names)
    one, nothing = np.eye(size), np.zeros((size, size))
    entered = np.tile(one, size)  # transitions are (before, after)
    left = np.kron(one, np.ones(size))
    flow = np.vstack(
        [np.hstack([entered, -one, one, nothing]), np.hstack([left, -one, nothing, one])]
    )
    sums = np.zeros((3, flow.shape[1]))
    for row in range(3):  # of the counts, of the firsts, of the lasts
        begin = size * size + row * size
        sums[row, begin : begin + size] = 1
    values = [0] * (2 * size) + [len(rules.waits) * rules.runs, rules.runs, rules.runs]
    return np.vstack([flow, sums]), np.array(values, dtype=float)


def _below(rules: "Checked") -> tuple["Array", "Array"]:
    """Return rows (rows, variables) and what they are at most."""
    size, runs = len(rules.names), rules.runs
    rows, limits = [np.zeros(size * size + 3 * size)], [0.0]
    for c in range(size):
        counted = np.zeros_like(rows[0])
        counted[size * size + c] = 1
        if rules.longest_run:  # a run of n has n - 1 transitions to itself
            row = -counted * (1 - 1 / rules.longest_run)
            row[c * size + c] = 1
            rows.append(row)
            limits.append(0.0)
        if rules.apart:
            rows.append(counted)
            limits.append(float(runs * -(-len(rules.waits) // (rules.apart + 1))))
    for level in np.unique(rules.least_waits[rules.least_waits > 0]):
        row = np.zeros_like(rows[0])
        row[: size * size] = (rules.least_waits >= level).ravel()
        rows.append(row)
        limits.append(float(runs * (rules.waits[1:] >= level).sum()))
    return np.array(rows), np.array(limits)
