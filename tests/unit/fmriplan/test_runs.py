"""Several runs, trials of several parts, derivatives, drift: against models made another way."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmriplan.__main__ import main
from fmriplan.design import accelerator, criteria, diagnostics, events, noise
from fmriplan.design.annealing import Goal, Scales, judged, scales_of, search
from fmriplan.design.compiled import Compiled
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.experiment import Condition, Experiment, Part, Rest
from fmriplan.design.gaps import Exponential, Fixed, Uniform
from fmriplan.design.orders import Rules
from fmriplan.design.response import NAMED, Response
from fmriplan.design.scoring import score
from fmriplan.errors import NotAnOption

DIFFERENCES = ((1.0, -1.0, 0.0), (0.0, 1.0, -1.0))
MEMORY = (
    Condition("low", 0.5, 6.0, (Part("cue", 0, 1), Part("delay low", 1, 4), Part("probe", 5, 1))),
    Condition("high", 0.5, 6.0, (Part("cue", 0, 1), Part("delay high", 1, 4), Part("probe", 5, 1))),
)


@pytest.fixture(scope="module", autouse=True)
def built():
    accelerator.build()
    accelerator.kernel.cache_clear()


def planned(shown=(1.0, 1.0, 1.0), **facts):
    conditions = facts.pop("conditions", None) or tuple(
        Condition(n, s, d) for n, s, d in zip("abc", (0.3, 0.3, 0.4), shown, strict=True)
    )
    usual = {"trials": 30, "tr_s": 2.0, "gaps": Exponential(2, 3, 8), "contrasts": DIFFERENCES}
    return Experiment(conditions, **{**usual, **facts})


def designs(experiment, count=3, seed=0):
    rng = np.random.default_rng(seed)
    made = rng.integers(len(experiment.conditions), size=(count, experiment.trials))
    return made, experiment.shuffled_waits(rng, count)


def plain_model(experiment, order, waits):
    """Return whitened signals and drift of all runs (columns, scans), by boxcars of all ticks."""
    shapes = experiment.response.with_derivatives(experiment.tick_s, experiment.derivatives)
    step, ticks = experiment.scan_ticks, experiment.run_scans * experiment.scan_ticks
    signals, drifts = [], []
    for run in range(experiment.runs):
        shown = np.zeros((len(experiment.columns), ticks))
        for each in events.of_run(events.of_design(experiment, order, waits), run + 1):
            first = round(each.onset_s / experiment.tick_s)
            last = first + round(each.shown_s / experiment.tick_s)
            shown[experiment.columns.index(each.condition), first:last] += 1
        rows = [np.convolve(one, shape)[:ticks][::step] for shape in shapes for one in shown]
        signals.append(np.array(rows))
        if experiment.high_pass_s:
            drift = noise.cosines(experiment.run_scans, experiment.tr_s, experiment.high_pass_s)
        else:
            drift = noise.legendre(experiment.run_scans, experiment.drift_order)
        whole = np.zeros((drift.shape[1], experiment.scans))
        whole[:, run * experiment.run_scans : (run + 1) * experiment.run_scans] = drift.T
        drifts.append(whole)
    return np.concatenate(signals, axis=1), np.concatenate(drifts)


def plain_information(experiment, order, waits):
    signal, drift = plain_model(experiment, order, waits)
    scans, rho = experiment.run_scans, experiment.rho
    one = (1 + rho**2) * np.eye(scans) - rho * (np.eye(scans, k=1) + np.eye(scans, k=-1))
    one[0, 0] = one[-1, -1] = 1
    precision = np.kron(np.eye(experiment.runs), one)
    lost = precision @ drift.T
    weight = precision - lost @ np.linalg.pinv(drift @ lost) @ lost.T
    return signal @ weight @ signal.T


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    runs=st.sampled_from([1, 2, 3]),
    derivatives=st.sampled_from([0, 1, 2]),
    conditions=st.sampled_from([None, MEMORY]),
    high_pass=st.sampled_from([None, 40.0]),
    drift_order=st.sampled_from([0, 3]),
    lead_in=st.sampled_from([0.0, 3.0]),
    tr=st.sampled_from([0.8, 2.0]),
)
def test_the_information_is_that_of_a_model_made_of_whole_boxcars(
    seed, runs, derivatives, conditions, high_pass, drift_order, lead_in, tr
):
    contrasts = ((0.0, 1.0, 0.0, -1.0),) if conditions else DIFFERENCES
    experiment = planned(
        conditions=conditions, contrasts=contrasts, trials=12, runs=runs, derivatives=derivatives,
        high_pass_s=high_pass, drift_order=drift_order, lead_in_s=lead_in, tr_s=tr, tail_s=20.0,
        rest=Rest(3, 4.0), gaps=Uniform(1, 5),
    )  # fmt: skip
    orders, waits = designs(experiment, 2, seed)
    evaluation = Evaluation(experiment)
    made = evaluation.information(orders, waits)
    for order, wait, ours in zip(orders, waits, made, strict=True):
        theirs = plain_information(experiment, order, wait)
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)
    numpy = evaluation._detection(orders, waits)
    assert Compiled.of(evaluation).detect(orders, waits) == pytest.approx(numpy, rel=1e-8)


@pytest.mark.parametrize(
    "facts",
    [
        {"runs": 3},
        {"conditions": MEMORY, "contrasts": ((1, 0, 0, 0),)},
        {"derivatives": 2},
        {"shown": (0.5, 2, 1), "runs": 2},
    ],
)
@pytest.mark.parametrize("goal", [Goal(), Goal(0.5, 0.2, 0.2, 0.1)])
def test_the_worth_of_a_long_search_is_that_of_a_whole_evaluation(facts, goal):
    experiment = planned(**facts, tail_s=10.0, window_s=8.0)
    scales = Scales(scales_of(experiment, Goal(), moves=9000).detection)  # parts have no estimation
    found = search(experiment, goal, moves=9000, seed=2, scales=scales)
    assert found.worth == pytest.approx(judged(experiment, goal, found), rel=1e-9)
    assert found.worth > 0.5


def test_nothing_reaches_from_a_run_into_the_next():
    two = tuple(Condition(name, 0.5, 1.0) for name in "ab")
    experiment = planned(conditions=two, contrasts=((1.0, -1.0),), trials=8, runs=2, depth=1)
    signals = Evaluation(experiment).signals(np.array([0, 0, 0, 0, 1, 1, 1, 1]), experiment.waits)
    half = experiment.run_scans
    assert not signals[0, half:].any()
    assert not signals[1, :half].any()
    assert signals[0, half - 1] > 0  # the response was cut, and did not go on


def test_each_run_has_the_same_waits_whatever_a_search_does():
    experiment = planned(runs=3)
    found = search(experiment, Goal(), moves=5000)
    for run in found.waits.reshape(3, -1):
        assert run[0] == 0
        assert (np.sort(run) == np.sort(experiment.waits[:10])).all()


def test_transitions_between_runs_are_not_counted():
    counts = criteria.transitions(np.array([[0, 0], [1, 1]]), 2, 1).sum(axis=0)
    two = tuple(Condition(name, 0.5, 1.0) for name in "ab")
    experiment = planned(
        conditions=two, contrasts=((1.0, -1.0),), trials=4, runs=2, depth=1, tail_s=9
    )
    order = np.array([[0, 0, 1, 1]])
    away = np.abs(counts - 2 * 0.25).sum()
    assert criteria.imbalance_of_order(order, experiment.shares, 1, runs=2)[0] == away
    assert away != criteria.imbalance_of_order(order, experiment.shares, 1)[0]


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 5]))
def test_scores_of_counts_stay_between_0_and_1_over_runs(seed, runs):
    experiment = planned(runs=runs, depth=2)
    orders, _ = designs(experiment, 20, seed)
    made = Evaluation(experiment)
    for scores in (made.frequencies(orders), made.counterbalancing(orders)):
        assert (scores >= -1e-12).all()
        assert (scores <= 1 + 1e-12).all()


def test_twice_the_runs_tell_twice_as_much():
    one, two = planned(trials=15), planned(trials=30, runs=2)
    order, waits = (each[0] for each in designs(one, 1))
    twice = Evaluation(two).detection(np.tile(order, 2)[None], np.tile(waits, 2)[None])
    assert twice[0] == pytest.approx(2 * Evaluation(one).detection(order[None], waits[None])[0])


def test_each_run_is_balanced_when_asked():
    experiment = planned(trials=30, runs=3)
    found = search(experiment, Goal(), rules=Rules(exact_in_runs=True), moves=3000)
    for run in found.order.reshape(3, -1):
        assert np.bincount(run).tolist() == [3, 3, 4]


def test_the_first_and_the_last_are_those_of_each_run():
    found = search(planned(runs=3), Goal(), rules=Rules(first="a", last="c"), moves=3000)
    runs = found.order.reshape(3, -1)
    assert (runs[:, 0] == 0).all()
    assert (runs[:, -1] == 2).all()


def test_foresight_does_not_look_across_runs():
    order = np.array([0, 0, 1, 1, 1, 0])
    seen = diagnostics.foresight(order, np.zeros(6, dtype=int), 2, runs=2)
    assert seen.longest_run == 2
    assert diagnostics.foresight(order, np.zeros(6, dtype=int), 2).longest_run == 3


# --- parts ----------------------------------------------------------------------------------------
def test_parts_of_one_name_are_one_signal():
    experiment = planned(conditions=MEMORY, contrasts=((0, 1, 0, -1),), trials=4, tail_s=20.0)
    assert experiment.columns == ("cue", "delay low", "probe", "delay high")
    shown = events.of_design(experiment, np.array([0, 1, 0, 1]), experiment.waits)
    assert [each.condition for each in shown[:3]] == ["cue", "delay low", "probe"]
    assert [each.onset_s for each in shown[:3]] == [0, 1, 5]
    assert sum(each.condition == "cue" for each in shown) == 4


def test_responses_to_parts_are_told_bin_by_bin():
    experiment = planned(
        conditions=MEMORY, contrasts=((0, 1, 0, -1),), trials=80, window_s=12, gaps=Uniform(2, 9)
    )
    order, waits = (each[0] for each in designs(experiment, 1))
    why = Evaluation(experiment).why_not_estimable(order, waits)
    assert "tells only" in why  # cue, delay and probe follow one another at fixed distances
    assert Evaluation(experiment).estimation(order[None], waits[None])[0] == 0


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ((Part("cue", 0, 1), Part("cue", 1, 1)), "name of its own"),
        ((Part("", 0, 1),), "name of its own"),
        ((Part("cue", 0, 9),), "ends within the 6 s"),
        ((Part("cue", 0, 0),), "at least a tick"),
        ((Part("cue", -1, 1),), "begins is -1"),
        ((Part("cue", 0.03, 1),), "no whole number of ticks"),
    ],
)
def test_parts_that_cannot_be_are_refused_by_name(parts, says):
    conditions = (Condition("a", 0.5, 6.0, parts), Condition("b", 0.5, 6.0))
    with pytest.raises(NotAnOption, match=says):
        planned(conditions=conditions, contrasts=((1.0, 0.0),))


# --- responses ------------------------------------------------------------------------------------
@pytest.mark.parametrize("tick", [0.1, 0.5])
@pytest.mark.parametrize("name", NAMED)
def test_responses_sum_to_1_and_their_derivatives_to_nothing(name, tick):
    plain, temporal, dispersion = NAMED[name].with_derivatives(tick, 2)
    assert plain.sum() == pytest.approx(1)
    assert temporal.sum() == pytest.approx(0, abs=1e-12)
    assert dispersion.sum() == pytest.approx(0, abs=1e-9)


def test_an_early_response_peaks_before_a_late_one():
    early, late = (int(NAMED[name].sampled(0.1).argmax()) for name in ("early", "late"))
    assert early + 20 < late


def test_a_temporal_derivative_catches_a_response_that_is_late():
    plain, temporal = Response().with_derivatives(0.1, 1)
    late = Response(onset=0.5).sampled(0.1)
    with_one, with_two = np.array([plain]), np.array([plain, temporal])
    left = [
        np.linalg.norm(late - np.linalg.lstsq(model.T, late, rcond=None)[0] @ model)
        for model in (with_one, with_two)
    ]
    assert left[1] < left[0] / 3


def test_derivatives_cost_precision():
    one, other = planned(tail_s=10.0), planned(tail_s=10.0, derivatives=2)
    orders, waits = designs(one)
    fewer = Evaluation(other).detection(orders, waits)
    assert (fewer < Evaluation(one).detection(orders, waits)).all()
    assert (fewer > 0).all()


# --- what is refused, and what is doubted ---------------------------------------------------------
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"runs": 4}, "30 trials do not make 4 runs of equal size; 32 would"),
        ({"runs": 0}, "do not make 0 runs"),
        ({"runs": 15, "depth": 2}, "fewer trials than there are in a run"),
        ({"derivatives": 3}, "0, 1 or 2 derivatives"),
        ({"drift_order": 99}, "order 0 to 12"),
        ({"runs": 10, "drift_order": 12, "gaps": Fixed(0.0), "depth": 1}, "13 functions of drift"),
    ],
)
def test_runs_and_drifts_that_cannot_be_are_refused(wrong, says):
    with pytest.raises(NotAnOption, match=says):
        planned(**wrong)


def test_a_missing_tail_and_slow_blocks_are_doubted():
    assert "the last responses are cut" in planned().doubts[0]
    assert planned(tail_s=10.0).doubts == ()
    slow = planned(tail_s=10.0, rest=Rest(20, 20.0), high_pass_s=100.0)
    assert "blocks would be filtered away" in slow.doubts[0]


# --- scored again ---------------------------------------------------------------------------------
def test_events_of_several_runs_score_as_the_design_does():
    experiment = planned(runs=3, tail_s=20.0, high_pass_s=60.0)
    order, waits = (each[0] for each in designs(experiment, 1))
    made = score(
        events.of_design(experiment, order, waits), tr_s=2.0, scans=experiment.run_scans,
        high_pass_s=60.0, contrasts=[[1, -1, 0], [0, 1, -1]],
    )  # fmt: skip
    names = [experiment.columns.index(name) for name in made.conditions]
    turned = replace(
        experiment, contrasts=tuple(tuple(np.array(row)[np.argsort(names)]) for row in DIFFERENCES)
    )
    ours = Evaluation(turned).detection(order[None], waits[None])[0]
    assert made.detection == pytest.approx(ours, rel=0.01)  # its ticks are 0.05 s


def test_files_of_several_runs_are_told_apart_by_their_names(tmp_path, capsys):
    experiment = planned(runs=2, tail_s=10.0)
    order, waits = (each[0] for each in designs(experiment, 1))
    shown = events.of_design(experiment, order, waits)
    files = []
    for run in (1, 2):
        file = tmp_path / f"sub-01_run-{run:02}_events.tsv"
        file.write_text(events.bids(events.of_run(shown, run)))
        files.append(str(file))
    words = ["--tr", "2", "--scans", str(experiment.run_scans)]
    precisions = []
    for some in (files, files[:1]):
        assert main(["score", *some, *words]) == 0
        precisions.append(float(capsys.readouterr().out.split("together ")[1].split()[0]))
    assert precisions[0] > 1.5 * precisions[1]
