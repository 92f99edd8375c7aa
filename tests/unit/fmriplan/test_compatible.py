"""Published numbers of neurodesign, reproduced to their last digit."""

import numpy as np
import pytest

from fmriplan.design import compatible, noise
from fmriplan.design.criteria import Optimality
from fmriplan.design.response import Response

DIFFERENCES = [[1, -1, 0], [0, 1, -1]]
PAPER = compatible.Experiment(1.2, 20, [0.3, 0.3, 0.4], DIFFERENCES, 0.3, 1, 3)
IN_TURN = ([0, 1, 2] * 7)[:20]
IN_BLOCKS = [0] * 5 + [1] * 5 + [0] * 5 + [1] * 5


def test_the_sizes_of_the_papers_example():
    assert PAPER.scans == 67
    assert PAPER.largest_imbalance_of_order == pytest.approx(105.66, abs=1e-9)
    assert PAPER.largest_imbalance_of_counts == pytest.approx(28, abs=1e-9)


@pytest.mark.parametrize(
    ("order", "detection", "frequencies", "counterbalancing"),
    [
        (IN_TURN, 0.0879554751884, 0.8571428571428572, 0.2901760363430),
        (IN_BLOCKS, 0.266229261071, 0.4285714285714286, 0.3051296611774),
    ],
)
def test_the_papers_two_designs(order, detection, frequencies, counterbalancing):
    made = compatible.score(PAPER, order, [2] * 20)
    assert made.detection == pytest.approx(detection, abs=1e-12)
    assert made.frequencies == pytest.approx(frequencies, abs=1e-12)
    assert made.counterbalancing == pytest.approx(counterbalancing, abs=1e-12)


def test_the_tutorials_design():
    tutorial = compatible.Experiment(
        2, 20, [0.3, 0.3, 0.4], DIFFERENCES, 0.3, 1, 2.1, before=0.5, after=2
    )
    made = compatible.score(tutorial, IN_TURN, [2] * 20)
    assert made.detection == pytest.approx(0.161031479217, abs=1e-11)


def test_the_final_order_of_the_papers_own_search():
    """Of its waits only the order is published: what depends on the order alone is counted here."""
    order = [int(each) for each in "02002111122200011122"]
    made = compatible.score(PAPER, order, [2] * 20)
    counts, wanted = [order.count(each) for each in range(3)], [6, 6, 8]
    away = sum(abs(one - other) for one, other in zip(counts, wanted, strict=True))
    assert made.frequencies == pytest.approx(1 - away / 28, abs=1e-12)
    apart = 0.0
    for lag in (1, 2, 3):
        pairs = list(zip(order, order[lag:], strict=False))
        for before in range(3):
            for after in range(3):
                expected = PAPER.probabilities[before] * PAPER.probabilities[after] * 21
                apart += abs(pairs.count((before, after)) - expected)
    assert made.counterbalancing == pytest.approx(1 - apart / 105.66, abs=1e-12)


def congruential():
    """Return an order of 150 and its waits from a written-down generator."""
    state, drawn = 12345, []
    for _ in range(299):
        state = (1103515245 * state + 12345) % 2**31
        drawn.append(state >> 16)
    return [each % 3 for each in drawn[:150]], [0] + [
        [2, 2, 4, 6][each % 4] for each in drawn[150:]
    ]


@pytest.mark.parametrize(
    ("contrasts", "estimation", "by_a"),
    [
        ([[1, 0, 0], [0, 1, 0], [1, -1, 0], [0, 1, -1]], 20.294304979159, 5.382134401086),
        (DIFFERENCES, 21.755613729140, 5.508136103153),
    ],
)
def test_estimation_and_detection_where_both_are_defined(contrasts, estimation, by_a):
    experiment = compatible.Experiment(
        2, 150, [0.4, 0.3, 0.3], contrasts, 0.3, 2, 4, resolution=2, after=2
    )
    order, waits = congruential()
    made = compatible.score(experiment, order, waits)
    assert experiment.scans == 600
    assert compatible.estimation(experiment, order, waits) == pytest.approx(estimation, abs=1e-10)
    assert made.detection == pytest.approx(by_a, abs=1e-10)
    assert made.counterbalancing == pytest.approx(0.803055943884, abs=1e-12)
    assert made.frequencies == pytest.approx(0.819047619048, abs=1e-12)
    if contrasts is DIFFERENCES:
        by_d = compatible.score(experiment, order, waits, Optimality.D).detection
        assert by_d == pytest.approx(6.124303497397, abs=1e-10)


def test_the_response_is_spms_double_gamma():
    made = Response().sampled(0.1)
    assert len(made) == 320
    assert made.sum() == pytest.approx(1, abs=1e-14)
    anchors = {30: 0.012096605525, 50: 0.021050083570, 60: 0.019254339552, 160: -0.001866095773}
    for tick, value in anchors.items():
        assert made[tick] == pytest.approx(value, abs=1e-12)
    assert int(made.argmax()) == 50


def dense_weight(scans, rho, drift):
    """Return W = V - V S' (S V S')^+ S V for the tridiagonal precision V of an AR(1) process."""
    precision = np.diag(np.full(scans, 1 + rho**2)) - rho * (
        np.eye(scans, k=1) + np.eye(scans, k=-1)
    )
    precision[0, 0] = precision[-1, -1] = 1
    middle = np.linalg.pinv(drift.T @ precision @ drift)
    return precision - precision @ drift @ middle @ drift.T @ precision


@pytest.mark.parametrize("rho", [0.0, 0.3, -0.4, 0.9])
def test_noise_and_drift_are_removed_as_the_matrix_does_it(rho):
    drift = noise.legendre(60, 2)
    signal = np.random.default_rng(0).standard_normal((3, 60))
    weight = dense_weight(60, rho, drift)
    assert np.abs(weight @ drift).max() < 1e-12
    made = noise.Noise(rho, drift).information(signal)
    assert made == pytest.approx(signal @ weight @ signal.T, abs=1e-10)


def test_the_predicted_variance_is_that_of_simulated_fits():
    """Generalised least squares over simulated noise; 2 % is five standard errors of that."""
    rng, rho, scans, count = np.random.default_rng(3), 0.4, 80, 120_000
    drift = noise.legendre(scans, 2)
    model = noise.Noise(rho, drift)
    signal = rng.standard_normal((2, scans))
    predicted = np.linalg.inv(model.information(signal))
    error = rng.standard_normal((count, scans))
    error[:, 0] /= np.sqrt(1 - rho**2)
    for scan in range(1, scans):
        error[:, scan] += rho * error[:, scan - 1]
    white = model.whiten(error)
    white -= white @ model.whitened_drift @ model.whitened_drift.T
    fitted = white @ model.whiten(signal).T @ predicted
    assert np.cov(fitted.T) == pytest.approx(predicted, rel=0.02, abs=0.02 * predicted.max())


def test_slow_cosines_are_those_below_the_cutoff():
    made = noise.cosines(200, 2.0, 128)
    assert made.shape == (200, 7)
    assert np.ptp(made[:, 0]) == 0
    assert np.abs(made[:, 1:].sum(axis=0)).max() < 1e-10
