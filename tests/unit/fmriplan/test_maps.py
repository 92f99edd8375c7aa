"""Maps: masks, odd values, T to Z, smoothness."""

import numpy as np
import pytest
from scipy import stats

from fmriplan.errors import NotAnOption, UnusableMap
from fmriplan.power import maps, simulation, smoothness
from fmriplan.power.nifti import Volume

AFFINE = np.diag([3.0, 3.0, 3.0, 1.0])
SHAPE = (20, 22, 24)


def volume(values=None, affine=AFFINE, seed=0):
    made = np.random.default_rng(seed).standard_normal(SHAPE) if values is None else values
    return Volume(np.asarray(made, dtype=float), affine)


def test_voxels_that_are_not_numbers_count_as_outside_and_are_counted():
    values = np.random.default_rng(1).standard_normal(SHAPE)
    values[3, 4, 5], values[6, 7, 8], values[0] = np.nan, np.inf, 0
    found = maps.prepare(volume(values))
    assert found.voxels == values.size - 2 - values[0].size
    assert found.warnings[0].startswith("2 voxels are not numbers")


def test_a_mask_is_cut_at_one_half():
    share = np.linspace(0, 1, SHAPE[0])[:, None, None] * np.ones(SHAPE)
    found = maps.prepare(volume(), mask=volume(share))
    assert found.voxels == (share > 0.5).sum()


def test_a_mask_of_255_is_a_mask():
    assert maps.prepare(volume(), mask=volume(np.full(SHAPE, 255))).voxels == np.prod(SHAPE)


@pytest.mark.parametrize(
    ("values", "mask", "says"),
    [
        (None, volume(np.zeros(SHAPE)), "Only 0 voxels"),
        (None, volume(np.ones((5, 5, 5))), "5 x 5 x 5"),
        (None, volume(np.ones(SHAPE), AFFINE * 1.5), "differ by"),
        (np.full(SHAPE, 2.5), None, "same value"),
        (np.random.default_rng(0).uniform(0, 1, SHAPE), None, "p values"),
        (np.random.default_rng(0).standard_normal(SHAPE) * 400, None, "beta"),
    ],
)
def test_what_no_analysis_can_use_is_refused(values, mask, says):
    with pytest.raises(UnusableMap, match=says):
        maps.prepare(volume(values), mask=mask)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda z: np.where(np.abs(z) > 1.2, z, 0), "thresholded"),
        (lambda z: np.where(np.round(z * 2) == 0, 1, np.round(z * 2)), "whole numbers"),
        (np.abs, "one direction"),
        (lambda z: z / 5, "spread by 0.20"),
    ],
)
def test_what_is_odd_is_said(change, says):
    z = np.random.default_rng(2).standard_normal(SHAPE)
    assert any(says in one for one in maps.prepare(volume(change(z))).warnings)


@pytest.mark.parametrize("freedom", [9, 19, 200])
def test_t_values_become_z_values_of_the_same_tail_in_both_tails(freedom):
    t = np.array([-30.0, -4, -0.5, 0, 0.5, 4, 30])
    z = maps.z_of_t(t, freedom)
    assert np.allclose(stats.norm.logsf(np.abs(z)), stats.t.logsf(np.abs(t), freedom), rtol=1e-8)
    assert (np.sign(z) == np.sign(t)).all()


def test_a_t_value_needs_a_degree_of_freedom():
    with pytest.raises(NotAnOption):
        maps.z_of_t(np.array([1.0]), 0)


def test_an_endless_t_value_is_a_finite_z_value():
    assert np.isfinite(maps.z_of_t(np.array([-1e300, 1e300]), 50)).all()


@pytest.mark.parametrize("fwhm", [6.0, 9.0, 14.0])
def test_the_smoothness_of_noise_is_found_again(fwhm):
    truth = simulation.Truth(shape=(60, 60, 60), fwhm_mm=fwhm)
    found = maps.prepare(simulation.noise(truth, np.random.default_rng(3)))
    assert np.allclose(smoothness.estimate(found).fwhm_mm, fwhm, rtol=0.08)


def test_white_noise_has_no_width():
    assert max(smoothness.estimate(maps.prepare(volume())).fwhm_mm) < 3


def test_the_resels_of_a_box_are_those_of_its_sides():
    """A box of a x b x c voxels has sides of a-1, b-1, c-1; see Worsley et al. (1996), table 1."""
    counts = smoothness.resel_counts(np.ones((11, 21, 31), dtype=bool), np.array([2.0, 4.0, 5.0]))
    sides = (10 / 2, 20 / 4, 30 / 5)
    assert counts[0] == 1
    assert counts[1] == pytest.approx(sum(sides))
    assert counts[2] == pytest.approx(
        sides[0] * sides[1] + sides[0] * sides[2] + sides[1] * sides[2]
    )
    assert counts[3] == pytest.approx(11 * 21 * 31 / (2 * 4 * 5))


def test_a_typed_smoothness_is_taken_in_mm():
    found = maps.prepare(volume())
    assert smoothness.given(found, (6, 6, 6)).resels[3] == pytest.approx(found.voxels / 8)
    with pytest.raises(NotAnOption):
        smoothness.given(found, (6, 0, 6))
