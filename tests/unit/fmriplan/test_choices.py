"""m-sequences, the genetic algorithm, sets of designs, and what to look at before using one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmriplan.design import choices, criteria, diagnostics, sequences
from fmriplan.design.annealing import Goal, search
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.experiment import Condition, Experiment
from fmriplan.design.gaps import Exponential, Fixed
from fmriplan.design.genetic import Population, evolve
from fmriplan.design.orders import Rules, check
from fmriplan.errors import NotAnOption


def planned(trials=30, count=3, **facts):
    conditions = tuple(Condition("abcdefgh"[n], 1 / count, 1.0) for n in range(count))
    contrasts = tuple(
        tuple(float(a == b) - float(a == b + 1) for a in range(count)) for b in range(count - 1)
    )
    usual = {"tr_s": 2.0, "gaps": Exponential(2, 3, 8), "contrasts": contrasts}
    return Experiment(conditions, trials, **{**usual, **facts})


# --- m-sequences ----------------------------------------------------------------------------------
@pytest.mark.parametrize("base", sequences.BASES)
def test_finite_fields_are_fields(base):
    sums, products = sequences.field(base)
    for table in (sums, products[1:, 1:]):
        assert (table == table.T).all()
        assert all(len(set(row)) == len(row) for row in table.tolist())  # each has an inverse
    for a in range(base):
        for b in range(base):
            assert (products[a, sums[b]] == sums[products[a, b], products[a]]).all()
            assert (products[products[a, b]] == products[a, products[b]]).all()


@pytest.mark.parametrize(
    ("base", "power"),
    [(2, 5), (2, 8), (3, 4), (4, 3), (5, 3), (7, 2), (8, 2), (9, 2), (11, 2), (13, 2)],
)
def test_each_tuple_but_zeros_comes_once_in_an_m_sequence(base, power):
    made = sequences.m_sequence(base, power, np.random.default_rng(0)).tolist()
    round_again = made + made[: power - 1]
    tuples = {tuple(round_again[at : at + power]) for at in range(len(made))}
    assert len(made) == base**power - 1
    assert len(tuples) == len(made)
    assert (0,) * power not in tuples


def test_taps_that_are_not_maximal_are_seen():
    """x^4 + x^2 + 1 is the square of x^2 + x + 1: its register comes round early."""
    assert len(sequences.register(2, (0, 1, 0, 1))) == 6
    assert len(sequences.register(2, (1, 0, 0, 1))) == 15


@pytest.mark.parametrize(("base", "power"), [(6, 3), (10, 2), (3, 1), (13, 5)])
def test_m_sequences_that_there_are_not_are_refused(base, power):
    with pytest.raises(NotAnOption):
        sequences.m_sequence(base, power, np.random.default_rng(0))


@given(st.integers(0, 10**6), st.integers(2, 200))
def test_an_order_from_an_m_sequence_is_as_long_as_asked(seed, trials):
    made = sequences.of_m_sequence(3, trials, np.random.default_rng(seed))
    assert len(made) == trials
    assert set(made.tolist()) <= {0, 1, 2}


# --- known optima ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("conditions", "published"), [(1, 0.5), (2, 0.293), (3, 0.211), (4, 0.167)]
)
def test_events_are_best_as_often_as_theory_says(conditions, published):
    """Liu & Frank (2004): each condition in 1 / (Q + sqrt(Q)) of the time, for white noise."""
    shares = np.linspace(0.02, 0.98 / conditions, 600)
    spread = shares * (1 - shares) * np.eye(conditions)[..., None]
    spread = spread - shares**2 * (1 - np.eye(conditions))[..., None]
    information = np.moveaxis(spread, -1, 0)
    worth = criteria.efficiency(information, np.eye(conditions), criteria.Optimality.A)
    assert shares[int(worth.argmax())] == pytest.approx(published, abs=0.01)
    assert published == pytest.approx(1 / (conditions + math.sqrt(conditions)), abs=0.001)


# --- the genetic algorithm ------------------------------------------------------------------------
def test_generations_never_lose_their_best_and_beat_random_designs():
    experiment = planned()
    scale = float(search(experiment, Goal(1, 0, 0), moves=5000).scores.detection[0])
    found = evolve(experiment, Goal(), scale=scale, generations=150, seed=1)
    start = evolve(experiment, Goal(), scale=scale, generations=1, seed=1)
    assert list(found.history) == sorted(found.history)
    assert found.worth > start.worth
    assert (np.sort(found.waits) == experiment.waits).all()


def test_annealing_is_no_worse_than_the_genetic_algorithm():
    experiment = planned()
    best = search(experiment, Goal(), moves=40_000)
    assert best.worth > evolve(experiment, Goal(), scale=best.scale, generations=200).worth


def test_generations_keep_the_rules():
    experiment = planned()
    rules = Rules(exact_counts=True, longest_run=2, first="b")
    found = evolve(experiment, Goal(), scale=1.0, generations=15, rules=rules)
    assert check(experiment, rules).keeps(found.order)


def test_a_search_without_gain_ends_early_and_one_can_be_ended():
    told = []
    kept = Population(patience=5)
    found = evolve(
        planned(trials=6), Goal(0, 0, 1), scale=1.0, generations=5000, population=kept,
        progress=lambda *at: told.append(at),
    )  # fmt: skip
    assert found.worth == pytest.approx(1)
    assert len(told) < 10
    ended = evolve(planned(), Goal(), scale=1.0, generations=500, progress=lambda *_: True)
    assert ended.was_cancelled


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 1},
        {"strangers": -1},
        {"changed": 0},
        {"patience": 0},
        {"blocked": 0.9, "sequenced": 0.2},
    ],
)
def test_a_population_that_cannot_be_is_refused(wrong):
    with pytest.raises(NotAnOption):
        Population(**wrong)


# --- several designs ------------------------------------------------------------------------------
@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=30))
def test_a_point_stays_if_and_only_if_no_other_beats_it(points):
    array = np.array(points, dtype=float)
    for one, stays in zip(points, choices.undominated(array), strict=True):
        beaten = any(
            all(b >= a for a, b in zip(one, other, strict=True)) and other != one
            for other in points
        )
        assert stays == (not beaten)


def test_no_design_of_the_front_is_beaten_by_another():
    found = choices.front(planned(trials=20), moves=2000)
    points = np.array([choices._point(one) for one in found])
    assert len(found) > 1
    assert choices.undominated(points).all()
    assert list(points[:, 0]) == sorted(points[:, 0])


def test_a_set_of_designs_differs_more_than_searches_do_by_chance():
    experiment = planned(trials=20)
    chosen = choices.differing(experiment, Goal(), 4, moves=2000)
    plain = [search(experiment, Goal(), seed=each, moves=2000) for each in range(4)]

    def nearest(found):
        return min(
            choices.distance(one.order, other.order)
            for one in found for other in found if one is not other
        )  # fmt: skip

    assert len(chosen) == 4
    assert nearest(chosen) >= nearest(plain)
    best = max(one.worth for one in chosen)
    assert all(one.worth > best - choices.WITHIN for one in chosen)
    for wrong in ({"count": 0}, {"count": 2, "within": -1.0}):
        with pytest.raises(NotAnOption):
            choices.differing(experiment, Goal(), **wrong)


def test_a_set_of_designs_tells_how_far_it_is_and_may_be_ended():
    told = []

    def progress(done, of):
        told.append((done, of))
        return True

    made = choices.differing(planned(trials=9), Goal(), 3, moves=200, progress=progress)
    assert len(made) == 3
    assert told == [(1, 12), (2, 12), (3, 12)]


@given(st.integers(0, 10**6), st.integers(1, 4))
def test_no_exchange_of_one_makes_a_set_farther(seed, count):
    orders = np.random.default_rng(seed).integers(2, size=(8, 6))
    chosen = choices.maximin(orders, count)
    assert len(set(chosen)) == count

    def nearest(some):
        return min(
            (int((orders[a] != orders[b]).sum()) for a in some for b in some if a < b), default=99
        )

    for place in range(1, count):
        for other in set(range(8)) - set(chosen):
            assert nearest([*chosen[:place], other, *chosen[place + 1 :]]) <= nearest(chosen)


# --- what to look at ------------------------------------------------------------------------------
def test_conditions_that_always_come_together_inflate_each_other():
    experiment = planned(trials=40, count=2, gaps=Fixed(1.0))
    evaluation = Evaluation(experiment)
    in_turn, blocked = np.tile([0, 1], 20), np.repeat([0, 1, 0, 1], 10)
    alike = diagnostics.collinearity(evaluation, in_turn, experiment.waits)
    apart = diagnostics.collinearity(evaluation, blocked, experiment.waits)
    assert alike.correlation == pytest.approx(alike.correlation.T)
    assert alike.inflation == pytest.approx(1 / (1 - alike.correlation[0, 1] ** 2))
    assert alike.eigenvalues.sum() == pytest.approx(2)
    assert np.abs(apart.correlation[0, 1]) != pytest.approx(np.abs(alike.correlation[0, 1]))


def test_the_inflation_of_a_condition_that_never_comes_is_no_number():
    experiment = planned(trials=10, count=2)
    found = diagnostics.collinearity(
        Evaluation(experiment), np.zeros(10, dtype=int), experiment.waits
    )
    assert np.isnan(found.inflation).all()


def test_an_order_in_turn_holds_no_surprise():
    found = diagnostics.foresight(np.tile([0, 1], 10), np.zeros(20, dtype=int), 2)
    assert found.surprise == 0
    assert found.most == pytest.approx(1)
    assert (found.longest_run, found.wait_autocorrelation) == (1, 0)


def test_clustered_waits_are_seen():
    waits = np.array([0] + [2] * 20 + [8] * 20)
    mixed = np.array([0] + [2, 8] * 20)
    order = np.tile([0, 1, 2], 14)[:41]
    assert diagnostics.foresight(order, waits, 3).wait_autocorrelation > 0.9
    assert diagnostics.foresight(order, mixed, 3).wait_autocorrelation < -0.9
