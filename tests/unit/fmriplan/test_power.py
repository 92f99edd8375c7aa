"""From peaks to sample sizes: golden numbers, gradients, and maps whose truth is known."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize

from fmriplan.errors import NotAnOption
from fmriplan.power import bootstrap, maps, mixture, neuropower, peaks, simulation, thresholds
from fmriplan.power.analysis import Settings, analyse, digest, paragraph
from fmriplan.power.curves import Model, Study
from fmriplan.power.mixture import Heights
from fmriplan.power.thresholds import Correction

VOLUME_ONLY = (0.0, 0.0, 0.0, 2590.16)  # resels of the published example


def drawn(count, active, mean, spread, threshold, seed):
    """Draw heights from the model itself."""
    rng = np.random.default_rng(seed)
    kept = []
    while len(kept) < count * active:
        one = rng.normal(mean, spread)
        kept += [one] if one > threshold else []
    null = threshold + rng.exponential(1 / threshold, count - len(kept))
    height = np.concatenate([kept, null])
    index = np.zeros((count, 3), dtype=int)
    return peaks.described(index, height, np.eye(4), threshold)


# --- the published units of neuropower's own tests ------------------------------------------------
def test_densities_are_those_of_the_paper():
    at_4 = np.array([4.0])
    assert mixture.active_density(at_4, 2, 3, 1)[0] == pytest.approx(0.28759997, abs=1e-8)
    assert mixture.null_density(at_4, 2)[0] == pytest.approx(0.03663128, abs=1e-8)
    assert 1 - mixture.active_above(4, 2, 3, 1) == pytest.approx(0.81142658, abs=1e-8)
    assert 1 - peaks.p_of(np.array([3.0]), 2)[0] == pytest.approx(0.86466472, abs=1e-8)
    both = 0.5 * mixture.null_density(at_4, 2) + 0.5 * mixture.active_density(at_4, 2, 3, 1)
    assert both[0] == pytest.approx(0.16211562, abs=1e-8)


def test_the_likelihood_of_the_mixture_is_the_papers():
    height = np.random.RandomState(100).uniform(2, 10, 30)
    null = math.log(2) - 2 * (height - 2)
    assert mixture._truncated(np.array([4.0, 1.0]), height, null, 2, 0.5)[0] == pytest.approx(
        156.03373494, abs=1e-7
    )


def test_heights_needed_are_those_of_the_published_example():
    assert thresholds.of_p(0.05, 2) == pytest.approx(3.4979, abs=1e-4)
    assert thresholds.of_p(0.05 / 81, 2) == pytest.approx(5.6951, abs=1e-4)
    assert thresholds.random_field(0.05, VOLUME_ONLY) == pytest.approx(4.8641, abs=1e-4)


def test_neuropowers_own_heights_are_reproduced():
    found = drawn(81, 0.5, 4, 1, 2.0, 1)
    made = neuropower.thresholds(found, 0.05, VOLUME_ONLY[3])
    assert made[Correction.NONE] == pytest.approx(3.498, abs=1e-9)
    assert made[Correction.BONFERRONI] == pytest.approx(5.696, abs=1e-9)
    assert made[Correction.RANDOM_FIELD] == pytest.approx(5.3295, abs=1e-3)
    assert made[Correction.FALSE_DISCOVERY] > thresholds.false_discovery(found, 0.05)


# --- fitting --------------------------------------------------------------------------------------
def test_the_gradient_of_the_prevalence_is_in_the_order_of_its_values():
    log_p = np.log(np.random.default_rng(0).beta(0.4, 1, 50))
    values = np.array([0.4, 0.3])
    by_difference = optimize.approx_fprime(
        values, lambda v: mixture._beta_uniform(v, log_p)[0], 1e-7
    )
    assert mixture._beta_uniform(values, log_p)[1] == pytest.approx(by_difference, rel=1e-4)


def test_the_gradient_of_the_heights_is_right():
    height = np.random.default_rng(0).normal(4, 1, 60).clip(2.1)
    null = math.log(2) - 2 * (height - 2)
    values = np.array([3.4, 0.9])
    by_difference = optimize.approx_fprime(
        values, lambda v: mixture._truncated(v, height, null, 2.0, 0.4)[0], 1e-7
    )
    assert mixture._truncated(values, height, null, 2.0, 0.4)[1] == pytest.approx(
        by_difference, rel=1e-4
    )


def test_no_other_prevalence_is_likelier():
    found = drawn(150, 0.5, 4, 1, 2.3, 5)
    fitted = mixture.prevalence(found.p)
    grid = [(a, lam) for a in np.linspace(0.02, 1, 40) for lam in np.linspace(1e-5, 1, 40)]
    best = min(mixture._beta_uniform(np.array(each), np.log(found.p))[0] for each in grid)
    assert -fitted.log_likelihood <= best + 1e-6


def test_what_was_drawn_is_found_again():
    fitted = mixture.heights(drawn(4000, 0.6, 4.5, 0.8, 2.3, 2), 0.6)
    assert fitted.mean == pytest.approx(4.5, abs=0.12)
    assert fitted.spread == pytest.approx(0.8, abs=0.12)


def test_a_beta_uniform_mixture_is_found_again():
    rng = np.random.default_rng(7)
    p = np.where(rng.uniform(size=8000) < 0.3, rng.uniform(size=8000), rng.beta(0.25, 1, 8000))
    fitted = mixture.prevalence(p.clip(1e-300))
    assert fitted.lam == pytest.approx(0.3, abs=0.05)
    assert fitted.a == pytest.approx(0.25, abs=0.03)
    assert fitted.active == pytest.approx(0.525, abs=0.05)


def test_uniform_p_values_are_no_activation():
    flat = mixture.prevalence(np.linspace(0.0005, 0.9995, 200))
    assert flat.active == pytest.approx(0, abs=0.02)
    assert not flat.shows_activation


# --- corrections ----------------------------------------------------------------------------------
def test_the_step_up_rule_is_benjamini_and_hochbergs():
    p = np.array([0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216])
    height = np.array([thresholds.of_p(each, 2) for each in p])
    found = peaks.described(np.zeros((10, 3), dtype=int), height, np.eye(4), 2)
    assert thresholds.false_discovery(found, 0.05) == pytest.approx(thresholds.of_p(0.008, 2))
    assert thresholds.false_discovery(found, 0.0001) is None


def test_a_stricter_alpha_asks_for_higher_peaks():
    resels = (1.0, 20.0, 150.0, 400.0)
    heights = [thresholds.random_field(alpha, resels) for alpha in (0.2, 0.05, 0.01, 1e-6)]
    assert heights == sorted(heights)
    for alpha, height in zip((0.2, 0.05, 0.01, 1e-6), heights, strict=True):
        assert thresholds.expected_euler(height, resels) == pytest.approx(alpha, rel=1e-6)


# --- curves ---------------------------------------------------------------------------------------
def model(mean=3.5, spread=0.8):
    return Model(Study(20), Heights(mean, spread, 0), 2.3)


@pytest.mark.parametrize("power", [0.1, 0.5, 0.8, 0.95])
def test_power_and_sample_size_answer_each_other(power):
    wanted = model().participants_for(power, 4.5)
    assert model().power(wanted, 4.5) >= power
    assert model().power(wanted - 1, 4.5) < power


def test_a_pilot_with_too_much_power_is_answered_with_a_smaller_sample():
    assert model(mean=9).participants_for(0.8, 4.0) < 20


def test_more_than_can_be_told_is_no_number():
    assert model(mean=2.8, spread=0.1).participants_for(0.9, 37) is None


def test_power_is_the_area_of_the_active_peaks_above():
    area, _ = integrate.quad(
        lambda x: mixture.active_density(np.array([x]), 2.3, 3.5, 0.8)[0], 4.5, 30
    )
    assert float(model().power(20, 4.5)) == pytest.approx(area, rel=1e-8)


@pytest.mark.parametrize("wrong", [0, 1, -0.2, 1.2])
def test_power_is_between_0_and_1(wrong):
    with pytest.raises(NotAnOption, match="between 0 and 1"):
        model().participants_for(wrong, 4)


def test_the_effect_of_two_groups_is_that_of_their_difference():
    """t = d * sqrt(n / 4) for two groups of n / 2 each; for one group t = d * sqrt(n)."""
    assert Study(40, 2).effect_of(3.0) == pytest.approx(3 / math.sqrt(10))
    assert Study(36).effect_of(3.0) == pytest.approx(0.5)


# --- whole analyses -------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def active():
    truth = simulation.Truth(participants=15, effect=1.0, spheres=12)
    return maps.prepare(simulation.pilot(truth, np.random.default_rng(1)))


def test_a_pilot_with_an_effect_gives_a_sample_size_with_its_interval(active):
    made = analyse(active, Settings(Study(15), screening=2.3, resamples=60))
    answer = made.participants_for(0.8, Correction.RANDOM_FIELD)
    assert answer.interval.low <= answer.participants <= answer.interval.high
    assert answer.interval.low < answer.interval.high
    assert 0.5 < made.effect < 1.5
    words = paragraph(made, 0.8, Correction.RANDOM_FIELD, digest(active, made.settings))
    assert f"{answer.participants} participants" in words
    assert digest(active, made.settings)[:12] in words


def test_the_same_question_has_the_same_answer(active):
    settings = Settings(Study(15), screening=2.3, resamples=20, seed=3)
    one, other = analyse(active, settings), analyse(active, settings)
    assert (one.resamples.mean == other.resamples.mean).all()
    assert digest(active, settings) == digest(
        active, Settings(Study(15), screening=2.3, resamples=20, seed=3)
    )
    assert digest(active, settings) != digest(
        active, Settings(Study(15), screening=2.4, resamples=20, seed=3)
    )


def test_progress_is_told_to_the_end(active):
    told = []
    analyse(
        active,
        Settings(Study(15), screening=2.3, resamples=5),
        progress=lambda *at: told.append(at),
    )
    assert told == [(number, 5) for number in range(1, 6)]


def test_noise_is_refused_honestly_and_rarely_taken_for_activation():
    truth = simulation.Truth(shape=(46, 54, 46), fwhm_mm=9)
    settings = Settings(Study(20), screening=2.3, resamples=0)
    made = [
        analyse(maps.prepare(simulation.noise(truth, np.random.default_rng(seed))), settings)
        for seed in range(120)
    ]
    taken = [one for one in made if one.prevalence.shows_activation]
    assert len(taken) <= 12
    for one in set(made) - set(taken):
        answer = one.participants_for(0.8, Correction.NONE)
        assert (answer.participants, answer.interval, one.effect) == (None, None, None)
        assert "does not support a power analysis" in one.warnings[-1]


def test_resamples_without_activation_ask_for_more_than_can_be_told():
    found = drawn(60, 0.25, 3.6, 0.6, 2.3, 4)
    made = bootstrap.resample(found, Study(20), np.random.default_rng(0), resamples=80)
    interval = made.participants_for(0.8, 4.8)
    assert interval.low > 20
    assert made.prevalence.low < 0.25 < made.prevalence.high


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"alpha": 0}, "Alpha"),
        ({"alpha": 0.5}, "Alpha"),
        ({"screening": 9}, "screening"),
        ({"screening": 0.4}, "screening"),
        ({"screening": 0}, "screening"),
        ({"screening": float("nan")}, "screening"),
        ({"resamples": -1}, "Resamples"),
        ({"seed": -1}, "seed"),
    ],
)
def test_settings_out_of_range_are_named(wrong, says):
    with pytest.raises(NotAnOption, match=says):
        Settings(Study(20), **wrong)


@pytest.mark.parametrize("wrong", [{"participants": 9}, {"participants": 20, "groups": 3}])
def test_a_pilot_is_large_enough_and_of_one_group_or_two(wrong):
    with pytest.raises(NotAnOption):
        Study(**wrong)
