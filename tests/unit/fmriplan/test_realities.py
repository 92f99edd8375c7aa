"""Designs that stand other responses and noises, and islands of one search."""

import numpy as np
import pytest

from fmriplan.design import accelerator, robustness
from fmriplan.design.annealing import Goal, NotEstimable, Scales, judged, merge, scales_of, search
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.experiment import Condition, Experiment
from fmriplan.design.gaps import Exponential, Fixed
from fmriplan.design.goal import Realities, Reality, usual_realities
from fmriplan.design.judging import Judge
from fmriplan.design.orders import Rules, check
from fmriplan.design.response import NAMED
from fmriplan.errors import NotAnOption

DIFFERENCES = ((1.0, -1.0, 0.0), (0.0, 1.0, -1.0))
TWO = (Reality("late", NAMED["late"]), Reality("rough", rho=0.7, high_pass_s=60.0))


def planned(**facts):
    conditions = tuple(Condition(n, s, 1.0) for n, s in zip("abc", (0.3, 0.3, 0.4), strict=True))
    usual = {"trials": 30, "tr_s": 2.0, "gaps": Exponential(2, 3, 8), "contrasts": DIFFERENCES}
    return Experiment(conditions, **{**usual, "tail_s": 10.0, **facts})


@pytest.fixture(scope="module", autouse=True)
def built():
    accelerator.build()
    accelerator.kernel.cache_clear()


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setenv("FMRIPLAN_PLAIN", "1")
    accelerator.kernel.cache_clear()
    yield
    accelerator.kernel.cache_clear()


# --- realities ------------------------------------------------------------------------------------
@pytest.mark.parametrize("worst", [False, True])
def test_the_kernel_weighs_realities_as_numpy_does(worst):
    experiment = planned()
    judge = Judge(
        experiment, check(experiment, Rules()), Goal(0.5, 0.2, 0.2, 0.1),
        Scales((1.1, 0.9, 1.3), 0.02), Realities(TWO, worst),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    orders = rng.integers(3, size=(8, 30))
    waits = experiment.shuffled_waits(rng, 8)
    assert judge.worth(orders, waits) == pytest.approx(judge._weighed(orders, waits), rel=1e-9)


def test_the_mean_and_the_worst_are_those_of_each_reality_alone():
    experiment, goal = planned(), Goal(1, 0, 0)
    found = search(experiment, goal, realities=Realities(TWO), moves=4000)
    parts = [
        float(Evaluation(one).detection(found.order[None], found.waits[None])[0]) / scale
        for one, scale in zip(Realities(TWO).of(experiment), found.scales.detection, strict=True)
    ]
    assert found.worth == pytest.approx(np.mean(parts), rel=1e-9)
    worst = search(experiment, goal, realities=Realities(TWO, worst=True), moves=4000)
    parts = [
        float(Evaluation(one).detection(worst.order[None], worst.waits[None])[0]) / scale
        for one, scale in zip(Realities(TWO).of(experiment), worst.scales.detection, strict=True)
    ]
    assert worst.worth == pytest.approx(min(parts), rel=1e-9)


def test_a_design_for_the_worst_case_stands_it_better():
    experiment, goal, realities = planned(), Goal(1, 0, 0), Realities(TWO, worst=True)
    naive = search(experiment, goal, moves=20_000)
    robust = search(experiment, goal, moves=20_000, realities=realities)
    judge = Judge(experiment, check(experiment, Rules()), goal, robust.scales, realities)
    assert robust.worth >= judge.worth(naive.order[None], naive.waits[None])[0]


def test_a_report_says_what_is_lost():
    experiment = planned()
    found = search(experiment, Goal(), moves=3000)
    told = {one.name: one for one in robustness.report(experiment, found.order, found.waits)}
    assumed = told.pop("as assumed")
    assert (assumed.relative, assumed.kept, assumed.drop) == (1, pytest.approx(1), 0)
    assert len(told) == len(usual_realities(experiment).each)
    assert all(0 < one.kept < 1 + 1e-9 for one in told.values())
    assert told["late response"].kept < 0.99
    assert told["white noise"].kept == pytest.approx(1)  # only the response is not known


@pytest.mark.parametrize(
    "wrong",
    [(Reality(""),), (Reality("a"), Reality("a")), tuple(Reality(str(n)) for n in range(30))],
)
def test_realities_have_names_and_are_not_too_many(wrong):
    with pytest.raises(NotAnOption):
        Realities(wrong)


@pytest.mark.parametrize("wrong", [Reality("x", rho=1.0), Reality("x", high_pass_s=0.1)])
def test_a_reality_that_cannot_be_is_refused(wrong):
    with pytest.raises(NotAnOption):
        search(planned(), Goal(), realities=Realities((wrong,)), moves=100)


# --- estimation as a goal -------------------------------------------------------------------------
def test_a_search_for_estimation_finds_what_tells_the_response():
    experiment = planned(window_s=12.0)
    one = search(experiment, Goal(0, 0, 0, 1), moves=4000)
    other = search(experiment, Goal(1, 0, 0), moves=4000)
    told = [
        Evaluation(experiment).estimation(each.order[None], each.waits[None])[0]
        for each in (one, other)
    ]
    assert told[0] > 1.2 * told[1]
    assert one.scores.estimation[0] == pytest.approx(told[0])


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"bin_s": 0.1}, "tell at most"),
        ({"gaps": Fixed(3.0), "bin_s": 0.5, "window_s": 2.0, "trials": 90}, "tells only"),
    ],
)
def test_responses_that_no_design_tells_are_refused_with_the_reason(facts, says):
    with pytest.raises(NotEstimable, match=says):
        search(planned(**facts), Goal(0, 0, 0, 1), moves=400)


# --- islands --------------------------------------------------------------------------------------
def test_islands_are_merged_to_the_best_of_them():
    experiment, goal = planned(), Goal()
    scales = scales_of(experiment, goal, moves=4000)
    found = [search(experiment, goal, seed=n, moves=2000, scales=scales) for n in range(4)]
    best = merge(found)
    assert best.worth == max(one.worth for one in found)
    assert best.worth == pytest.approx(judged(experiment, goal, best), rel=1e-9)
    again = search(experiment, goal, seed=best.seed, moves=2000, scales=scales)
    assert (again.order == best.order).all()
    assert (again.waits == best.waits).all()
    assert merge(found[::-1]) is best


def test_islands_of_other_scales_are_not_compared():
    found = [search(planned(), Goal(), scale=scale, moves=100) for scale in (1.0, 2.0)]
    with pytest.raises(NotAnOption, match="different scales"):
        merge(found)
    with pytest.raises(NotAnOption, match="no design"):
        merge([])


@pytest.mark.parametrize("way", ["compiled", "plain"])
def test_a_search_without_gain_loses_patience(way, request):
    if way == "plain":
        request.getfixturevalue("plain")
    experiment = planned(trials=6, depth=1)
    told = []
    found = search(
        experiment, Goal(0, 0, 1), moves=60_000 if way == "compiled" else 6000, patience=50,
        progress=lambda done, _: told.append(done),
    )  # fmt: skip
    assert found.ended_early
    assert found.worth == pytest.approx(1)
    assert told[-1] == 1
    assert len(told) < 20
    assert not search(experiment, Goal(0, 0, 1), moves=200).ended_early


def test_the_best_design_so_far_is_told_and_may_be_enough():
    experiment, seen = planned(), []

    def watch(done, found):
        seen.append((done, found))
        return found.worth > 0.5

    found = search(experiment, Goal(), moves=20_000, watch=watch)
    assert found.was_cancelled
    assert seen[-1][1].worth == found.worth > 0.5
    assert found.worth == pytest.approx(judged(experiment, Goal(), seen[-1][1]), rel=1e-9)


def test_designs_that_were_told_do_not_change_afterwards():
    kept = []
    search(planned(), Goal(), moves=8000, watch=lambda _, found: kept.append(found))
    for found in kept:
        assert found.worth == pytest.approx(judged(planned(), Goal(), found), rel=1e-9)


def test_a_patience_is_a_number_of_moves():
    with pytest.raises(NotAnOption, match="patience"):
        search(planned(), Goal(), patience=-1)
