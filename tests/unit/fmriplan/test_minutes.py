"""Participants x minutes: known answers, simulated studies, and the cheapest of all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmriplan import minutes
from fmriplan.__main__ import main
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.experiment import Condition, Experiment
from fmriplan.design.gaps import Exponential
from fmriplan.errors import NotAnOption
from fmriplan.minutes import Costs, Criterion, Effect, Limits

COSTS = Costs(hour=500, recruit=50, setup_minutes=15)
TWO_SIDED = Criterion(0.05, sides=2)


def plain(d):
    """Return an effect that minutes do not change."""
    return Effect(d, 1.0, 0.0)


# --- power ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("d", "participants", "criterion", "known"),
    [
        (0.5, 34, TWO_SIDED, 0.8077775),  # G*Power 3.1, t tests, one sample
        (0.8, 15, TWO_SIDED, 0.8213105),
        (0.5, 27, Criterion(0.05), 0.8118316),
        (0.5, 128, Criterion(0.05, 2, 2), 0.8014596),  # two groups of 64
    ],
)
def test_power_is_that_of_published_tables(d, participants, criterion, known):
    assert minutes.power(plain(d), participants, 10, criterion) == pytest.approx(known, abs=1e-5)


def test_power_is_that_of_simulated_studies_down_to_the_scans():
    """People differ, each scan has AR(1) noise and drift that are fitted away, then a t test."""
    conditions = (Condition("a", 0.5, 1.0), Condition("b", 0.5, 1.0))
    experiment = Experiment(conditions, 20, 2.0, Exponential(2, 3, 8), ((1.0, -1.0),), tail_s=8.0)
    evaluation, order = Evaluation(experiment), np.tile([0, 1], 10)
    order[4:12] = [0, 0, 1, 1, 1, 0, 0, 1]
    contrast, rng = np.array([1.0, -1.0]), np.random.default_rng(5)
    told = minutes.precision_per_minute(evaluation, order, experiment.waits, contrast)
    noise_sd, between, mean, people, studies = 0.7, 0.35, 0.9, 12, 3000
    effect = Effect(mean, between, noise_sd / np.sqrt(told))
    long = experiment.scans * experiment.tr_s / 60

    signal = evaluation.signals(order, experiment.waits)
    amplitude = rng.normal(mean, between, (studies * people, 1)) * contrast / 2
    noise = noise_sd * rng.standard_normal((studies * people, experiment.scans))
    noise[:, 0] /= np.sqrt(1 - experiment.rho**2)
    for scan in range(1, experiment.scans):
        noise[:, scan] += experiment.rho * noise[:, scan - 1]
    drift = np.linspace(-3, 3, experiment.scans)
    model = experiment.noise
    basis = model.whitened_drift
    white = model.whiten(amplitude @ signal + noise + drift)
    white -= white @ basis @ basis.T
    fitted = np.linalg.solve(model.information(signal), model.whiten(signal) @ white.T)
    estimates = (contrast @ fitted).reshape(studies, people)
    t = estimates.mean(axis=1) / (estimates.std(axis=1, ddof=1) / np.sqrt(people))
    found = (t > 1.795885).mean()  # Student's t of 11 degrees of freedom at 0.05

    assert estimates.std() == pytest.approx(float(effect.spread(long)), rel=0.02)
    assert 0.3 < found < 0.95
    assert minutes.power(effect, people, long, Criterion(0.05)) == pytest.approx(found, abs=0.03)


@given(
    d=st.floats(0.05, 2),
    share=st.floats(0, 1),
    count=st.integers(2, 300),
    long=st.floats(1, 90),
    alpha=st.floats(1e-6, 0.2),
)
def test_more_people_and_more_minutes_never_cost_power(d, share, count, long, alpha):
    effect, asked = minutes.of_pilot(d, minutes=10, within_share=share), Criterion(alpha)
    here = minutes.power(effect, count, long, asked)
    assert alpha - 1e-9 <= here <= 1
    assert minutes.power(effect, count + 1, long, asked) >= here - 1e-9
    assert minutes.power(effect, count, long * 1.5, asked) >= here - 1e-9


@given(st.floats(0.1, 2), st.floats(0.3, 0.99), st.sampled_from([1, 2]), st.sampled_from([1, 2]))
def test_the_smallest_sample_is_the_smallest(d, wanted, sides, groups):
    asked = Criterion(0.05, sides, groups)
    count = int(minutes.participants_for(plain(d), wanted, 10, asked, most=3000)[0])
    if not count:
        assert minutes.power(plain(d), 3000, 10, asked) < wanted
        return
    assert count % groups == 0
    assert minutes.power(plain(d), count, 10, asked) >= wanted
    if count > asked.fewest:
        assert minutes.power(plain(d), count - groups, 10, asked) < wanted


# --- effects --------------------------------------------------------------------------------------
def test_a_pilots_effect_is_found_again_at_its_own_length():
    effect = minutes.of_pilot(0.8, minutes=12, within_share=0.4)
    assert effect.d(12) == pytest.approx(0.8)
    assert effect.d(24) == pytest.approx(0.8 / np.sqrt(0.8))
    assert effect.highest_d == pytest.approx(0.8 / np.sqrt(0.6))


def test_a_better_design_is_worth_as_many_minutes():
    effect = minutes.of_pilot(0.8, minutes=12, within_share=0.4)
    assert effect.with_design(2.0).d(6) == pytest.approx(0.8)


def test_noise_and_design_tell_the_share_that_is_within():
    """noise 2, rho 0: variance 4 / (1 a minute) = 4 after a minute, 0.4 after ten; d leaves 1."""
    effect = minutes.of_signal(0.5, mean=0.5, minutes=10, noise=2.0, rho=0.0, per_minute=1.0)
    assert effect.within == pytest.approx(2.0)
    assert effect.between == pytest.approx(np.sqrt(0.6))
    assert minutes.alike(effect, minutes.of_pilot(0.5, minutes=10, within_share=0.4))


def test_noise_that_contradicts_the_pilot_is_refused():
    with pytest.raises(NotAnOption, match="Noise alone would spread participants by 2, but"):
        minutes.of_signal(0.5, mean=0.5, minutes=1, noise=2.0, rho=0.0, per_minute=1.0)


# --- what it costs --------------------------------------------------------------------------------
def test_the_cheapest_study_is_that_of_a_search_through_all():
    effect = minutes.of_pilot(0.6, minutes=10, within_share=0.6)
    best = minutes.cheapest(effect, 0.8, Criterion(0.001), Limits(), COSTS)
    every = minutes.surface(effect, np.arange(2, 300), Limits().minutes, Criterion(0.001), COSTS)
    assert best.cost == pytest.approx(every.cost[every.power >= 0.8].min())
    assert best.power >= 0.8


def test_dear_participants_are_scanned_for_longer():
    effect = minutes.of_pilot(0.6, minutes=10, within_share=0.6)
    dear, cheap = Costs(100, 2000), Costs(1000, 5)
    asked = (effect, 0.8, Criterion(0.001), Limits())
    assert minutes.cheapest(*asked, dear).minutes > minutes.cheapest(*asked, cheap).minutes


def test_a_curve_of_one_power_falls_with_the_minutes():
    effect = minutes.of_pilot(0.6, minutes=10, within_share=0.6)
    found = minutes.iso_power(effect, 0.8, Criterion(0.001), Limits(), COSTS)
    assert (np.diff(found.participants) <= 0).all()
    assert found.participants[0] > found.participants[-1]
    assert found.cost[0] == pytest.approx(found.participants[0] * (50 + 500 * 20 / 60))


@pytest.mark.parametrize(
    ("effect", "limits", "says"),
    [
        (Effect(0.5, 1.0, 9.0), Limits(60, 1, 5), "Longer scans would do"),
        (Effect(0.2, 1.0, 1.0), Limits(50), "participants would do"),
        (Effect(1e-4, 1.0, 1.0), Limits(), "too small: d stays below 0.000"),
    ],
)
def test_what_is_out_of_reach_is_told_with_the_way_out(effect, limits, says):
    with pytest.raises(minutes.OutOfReach, match=says):
        minutes.cheapest(effect, 0.8, Criterion(0.05), limits, COSTS)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Effect(float("nan"), 1, 1),
        lambda: Effect(1, 0, 0),
        lambda: Effect(1, 1, 1).spread(0),
        lambda: Effect(1, 1, 1).with_design(0),
        lambda: minutes.of_pilot(0.5, minutes=0, within_share=0.5),
        lambda: minutes.of_pilot(0.5, minutes=5, within_share=1.5),
        lambda: minutes.of_signal(-0.5, mean=1, minutes=5, noise=1, rho=0, per_minute=1),
        lambda: minutes.of_signal(0.5, mean=1, minutes=5, noise=1, rho=1, per_minute=1),
        lambda: Criterion(0),
        lambda: Criterion(0.05, 3),
        lambda: Costs(-1, 1),
        lambda: Costs(0, 0),
        lambda: Limits(shortest=9, longest=8),
        lambda: Limits(step=0),
        lambda: Limits(1),
        lambda: Limits(step=1e-9),
        lambda: minutes.power(plain(1), 1, 5, Criterion()),
        lambda: minutes.participants_for(plain(1), 1.5, 5, Criterion()),
        lambda: minutes.surface(plain(1), np.arange(2, 3000), np.arange(1, 99), Criterion()),
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(NotAnOption):
        wrong()


def test_the_command_answers(capsys):
    assert main(["minutes", "--d", "0.6", "--pilot-minutes", "10", "--alpha", "0.001"]) == 0
    told = capsys.readouterr().out
    assert "5 minutes: " in told
    assert "cheapest: " in told
    assert main(["minutes", "--d", "0.01", "--pilot-minutes", "10"]) == 1
    assert "Longer scans do not help enough" in capsys.readouterr().err
