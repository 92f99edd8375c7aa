"""The exact density of peaks of noise: published values, and how near the approximation comes."""

import numpy as np
import pytest
from scipy import integrate

from fmriplan.errors import NotAnOption
from fmriplan.power import maps, peak_density, peaks, simulation


def test_densities_are_the_published_ones():
    assert peak_density.density(2.0) == pytest.approx(0.48285756, abs=1e-7)
    assert peak_density.density(4.0) == pytest.approx(0.01277329, abs=1e-7)
    assert peak_density.density(4.0 - 3.0) == pytest.approx(0.31108372, abs=1e-7)  # shifted by 3


@pytest.mark.parametrize("kappa", [0.5, 1.0])
def test_the_density_has_an_area_of_1(kappa):
    area, _ = integrate.quad(peak_density.density, -10, 10, args=(kappa,), limit=200)
    assert area == pytest.approx(1, abs=1e-5)


def test_the_approximation_of_an_analysis_is_near_it_and_strict_with_high_peaks():
    """Worsley's exponential gives p values that are too small just above it, too large far up."""
    heights = np.array([3.2, 3.5, 4.0, 4.5, 5.0])
    exact, approximate = peak_density.above_given(heights, 3.0), peaks.p_of(heights, 3.0)
    assert approximate[:4] == pytest.approx(exact[:4], rel=0.4)
    assert (approximate[:2] < exact[:2]).all()
    assert (approximate[3:] > exact[3:]).all()


def test_peaks_of_simulated_noise_are_as_high_as_it_says():
    truth = simulation.Truth(shape=(70, 70, 70), fwhm_mm=15, voxel_mm=3.0)
    found = maps.prepare(simulation.noise(truth, np.random.default_rng(4)))
    index = peaks.maxima(found.z, 1.0)
    heights = found.z[tuple(index.T)]
    expected = peak_density.above(2.0) / peak_density.above(1.0)
    assert len(heights) > 100
    assert (heights > 2).mean() == pytest.approx(expected, abs=0.12)


def test_a_field_that_cannot_be_is_refused():
    with pytest.raises(NotAnOption, match="kappa"):
        peak_density.density(2.0, 1.5)
