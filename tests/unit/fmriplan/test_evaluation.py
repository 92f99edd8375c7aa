"""The fast evaluation, against the plain one and against what is known by thought."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmriplan.design import compatible, criteria
from fmriplan.design.criteria import Optimality
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.experiment import Condition, Experiment, Rest
from fmriplan.design.gaps import Exponential, Fixed, Uniform
from fmriplan.errors import NotAnOption

DIFFERENCES = ((1.0, -1.0, 0.0), (0.0, 1.0, -1.0))


def planned(**facts):
    conditions = facts.pop("conditions", None) or tuple(
        Condition(name, share, 1.0) for name, share in zip("abc", (0.3, 0.3, 0.4), strict=True)
    )
    usual = {
        "trials": 40,
        "tr_s": 2.0,
        "gaps": Uniform(2, 4),
        "contrasts": DIFFERENCES,
        "tick_s": 0.25,
    }
    return Experiment(conditions, **{**usual, **facts})


def designs(experiment, count=5, seed=0):
    rng = np.random.default_rng(seed)
    orders = rng.integers(len(experiment.conditions), size=(count, experiment.trials))
    waits = np.array(
        [np.concatenate([[0], rng.permutation(experiment.waits[1:])]) for _ in range(count)]
    )
    return orders, waits


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    tr=st.sampled_from([0.5, 1.0, 1.5, 2.0]),
    shown=st.sampled_from([0.25, 1.0, 2.5]),
    before=st.sampled_from([0.0, 0.5]),
    after=st.sampled_from([0.0, 1.0]),
    rho=st.sampled_from([0.0, 0.3, -0.2]),
    rest=st.sampled_from([None, Rest(7, 10.0)]),
)
def test_detection_is_that_of_the_plain_evaluation(seed, tr, shown, before, after, rho, rest):
    fast = planned(
        conditions=tuple(
            Condition(name, share, shown)
            for name, share in zip("abc", (0.25, 0.25, 0.5), strict=True)
        ),
        tr_s=tr,
        before_s=before,
        after_s=after,
        rho=rho,
        rest=rest,
        tail_s=60.0,
    )
    orders, waits = designs(fast, 2, seed)
    evaluation = Evaluation(fast)
    for order, wait in zip(orders, waits, strict=True):
        plain = compatible.Experiment(
            tr, fast.trials, [0.25, 0.25, 0.5], DIFFERENCES, rho, shown, 0.0, 0.25, before, after,
            rest_after_trials=rest.after_trials if rest else 0, rest=rest.lasts_s if rest else 0.0,
        )  # fmt: skip
        object.__setattr__(  # as long as the fast one's run, tail included
            plain,
            "mean_iti",
            (fast.scans - 0.5) * tr / fast.trials - plain.trial - (5 * 10.0 / 40 if rest else 0),
        )
        assert plain.scans == fast.scans
        seconds = [float(each) * 0.25 for each in wait]
        assert evaluation.signals(order, wait) == pytest.approx(
            compatible.expected_signals(plain, list(order), seconds), abs=1e-12
        )
        assert evaluation.detection(order[None], wait[None])[0] == pytest.approx(
            compatible.score(plain, list(order), seconds).detection, rel=1e-9
        )


def test_estimation_in_bins_of_a_scan_is_that_of_the_plain_evaluation():
    experiment = planned(
        trials=60,
        tick_s=2.0,
        gaps=Uniform(2, 6),
        conditions=shares(0.3, 0.3, 0.4, shown_s=2.0),
        window_s=32.0,
        tail_s=40.0,
    )
    plain = compatible.Experiment(
        2.0, 60, [0.3, 0.3, 0.4], DIFFERENCES, 0.3, 2.0, experiment.scans * 2 / 60 - 2 - 1e-9, 2.0
    )
    orders, waits = designs(experiment, 3)
    fast = Evaluation(experiment).estimation(orders, waits)
    for order, wait, made in zip(orders, waits, fast, strict=True):
        assert made == pytest.approx(
            compatible.estimation(plain, list(order), list(wait * 2.0)), rel=1e-9
        )


def test_responses_that_cannot_be_told_apart_score_nothing_and_say_why():
    experiment = planned(gaps=Fixed(3.0), tr_s=2.0)
    evaluation = Evaluation(experiment)
    order = np.tile([0, 1, 2, 0], 10)
    assert evaluation.estimation(order[None], experiment.waits[None])[0] == 0
    assert "tells only" in evaluation.why_not_estimable(order, experiment.waits)


def test_varied_waits_can_be_told_apart():
    experiment = planned(trials=150, gaps=Exponential(1, 3, 10))
    orders, waits = designs(experiment, 1)
    assert Evaluation(experiment).why_not_estimable(orders[0], waits[0]) == ""
    assert Evaluation(experiment).estimation(orders, waits)[0] > 0


def test_a_condition_that_never_comes_tells_nothing():
    experiment = planned()
    order = np.tile([0, 1], 20)[None]
    assert Evaluation(experiment).detection(order, experiment.waits[None])[0] == 0


def test_dependent_contrasts_leave_d_optimality_finite():
    every_pair = (*DIFFERENCES, (1.0, 0.0, -1.0))
    orders, waits = designs(planned())
    made = Evaluation(planned(contrasts=every_pair), Optimality.D).detection(orders, waits)
    assert made == pytest.approx(Evaluation(planned(), Optimality.D).detection(orders, waits))


def test_scores_do_not_depend_on_the_batch():
    experiment = planned()
    orders, waits = designs(experiment, 600)
    evaluation = Evaluation(experiment)
    one_by_one = [
        evaluation.detection(o[None], w[None])[0] for o, w in zip(orders, waits, strict=True)
    ]
    assert evaluation.detection(orders, waits) == pytest.approx(one_by_one, rel=1e-12)


@given(st.integers(0, 10**6))
def test_counting_scores_are_between_0_and_1(seed):
    orders, _ = designs(planned(trials=12), 20, seed)
    made = Evaluation(planned(trials=12))
    for scores in (made.frequencies(orders), made.counterbalancing(orders)):
        assert (scores >= -1e-12).all()
        assert (scores <= 1 + 1e-12).all()


def test_the_right_counts_reach_1_whatever_the_number_of_trials():
    experiment = planned(trials=20, conditions=tuple(Condition(n, 1 / 3, 1.0) for n in "abc"))
    order = np.array([([0, 1, 2] * 7)[:20]])
    assert Evaluation(experiment).frequencies(order)[0] == pytest.approx(1)


def test_a_balanced_order_reaches_1():
    """In a de Bruijn sequence each pair comes once; here of two conditions, five trials."""
    two = tuple(Condition(name, 0.5, 1.0) for name in "ab")
    experiment = planned(conditions=two, trials=5, contrasts=((1.0, -1.0),), depth=1)
    order = np.array([[0, 0, 1, 1, 0]])
    assert Evaluation(experiment).counterbalancing(order)[0] == pytest.approx(1)


def test_conditions_of_other_lengths_move_what_comes_after():
    conditions = (Condition("short", 0.5, 1.0), Condition("long", 0.5, 3.0))
    experiment = planned(conditions=conditions, trials=4, gaps=Fixed(2.0), contrasts=((1.0, -1.0),))
    onsets = experiment.onsets(np.array([[0, 1, 0, 1]]), experiment.waits[None])[0] * 0.25
    assert list(onsets) == [0, 3, 8, 11]


def test_a_design_that_does_not_fit_scores_nothing():
    experiment = planned()
    late = experiment.waits.copy()
    late[-1] += 1000
    order = np.tile([0, 1, 2, 0], 10)[None]
    assert Evaluation(experiment).detection(order, late[None])[0] == 0


# --- waits ----------------------------------------------------------------------------------------
@given(
    st.integers(2, 400),
    st.floats(0, 3),
    st.floats(0.5, 6),
    st.floats(0.08, 0.45),
    st.sampled_from([0.1, 0.25]),
)
def test_waits_stay_in_their_range_and_keep_their_mean(count, low, width, part, tick):
    low, high = round(low / tick) * tick, round((low + width) / tick) * tick
    gaps = Exponential(low, low + part * (high - low), high)
    ticks = gaps.ticks(count, tick)
    assert ticks.min() * tick >= low - 1e-9
    assert ticks.max() * tick <= high + 1e-9
    assert abs(ticks.sum() * tick - gaps.mean_s * count) <= tick


def test_a_range_of_one_tick_ends():
    assert Uniform(2, 2.1).ticks(99, 0.1).mean() * 0.1 == pytest.approx(2.05, abs=0.01)


def test_exponential_waits_are_mostly_short():
    ticks = Exponential(2, 3, 8).ticks(1000, 0.1) * 0.1
    assert np.median(ticks) < 3
    assert ticks.max() > 7


@pytest.mark.parametrize(
    "wrong",
    [
        Uniform(4, 2),
        Uniform(-1, 2),
        Exponential(2, 6, 8),
        Exponential(2, 2, 8),
        Exponential(0, 0.001, 8),
        Fixed(-1),
    ],
)
def test_waits_that_cannot_be_are_refused(wrong):
    with pytest.raises(NotAnOption):
        wrong.ticks(10, 0.1)


# --- refusals -------------------------------------------------------------------------------------
def shares(*values, shown_s=1.0):
    return tuple(Condition(str(n), each, shown_s) for n, each in enumerate(values))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"conditions": shares(0.5, 0.5, 0.0)}, "above 0"),
        ({"conditions": shares(0.3, 0.3, 0.3)}, "sum to 0.9"),
        ({"conditions": shares(0.5, float("nan"), 0.5)}, "above 0"),
        ({"conditions": shares(1.0), "contrasts": ((1.0,),)}, "2 to 50"),
        ({"trials": 2}, "as many trials"),
        ({"trials": 10**6}, "20,000"),
        ({"tr_s": 0.0}, "longer than 0"),
        ({"tr_s": 0.3}, "tr_s is 0.3"),
        ({"tick_s": 0.0}, "tick"),
        ({"tick_s": 1e-6}, "at least 0.001"),
        ({"tick_s": float("nan")}, "tick"),
        ({"window_s": 100_000.0}, "bins in all"),
        ({"conditions": (Condition("a", 0.5, 1.0), Condition("a", 0.5, 1.0))}, "name of its own"),
        ({"conditions": (Condition("", 0.5, 1.0), Condition("a", 0.5, 1.0))}, "name of its own"),
        ({"before_s": -1.0}, "before_s"),
        ({"after_s": float("inf")}, "after_s"),
        ({"conditions": shares(0.3, 0.3, 0.4, shown_s=0.0)}, "at least one tick"),
        ({"contrasts": ((0.0, 0.0, 0.0),)}, "Contrast 1"),
        ({"contrasts": ((1.0, -1.0),)}, "3 weights"),
        ({"contrasts": ((1.0, float("nan"), 0.0),)}, "Contrast 1"),
        ({"rest": Rest(0, 10.0)}, "rest"),
        ({"rho": 1.0}, "autocorrelation"),
        ({"high_pass_s": 1.0}, "high-pass"),
        ({"depth": 40}, "balanced"),
        ({"bin_s": 0.0}, "bin"),
        ({"window_s": 0.0}, "window"),
        ({"gaps": Uniform(0, 2000), "trials": 4000}, "scans"),
    ],
)  # fmt: skip
def test_an_experiment_that_cannot_be_is_refused_by_name(wrong, says):
    with pytest.raises(NotAnOption, match=says):
        planned(**wrong)


def test_transitions_are_counted_from_what_came_before():
    counts = criteria.transitions(np.array([[0, 1, 1, 0]]), 2, 1)[0]
    assert counts.tolist() == [[0, 1], [1, 1]]
