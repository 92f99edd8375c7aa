"""Peaks: as a plain search finds them, and where a plain search goes wrong."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmriplan.errors import TooFewPeaks
from fmriplan.power import maps, peaks
from fmriplan.power.nifti import Volume


def plainly(z, threshold):
    """Look at every voxel and each of its 26 neighbours."""
    padded = np.pad(np.nan_to_num(z, nan=-np.inf), 1, constant_values=-np.inf)
    steps = [step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)]
    return {
        place
        for place in np.ndindex(z.shape)
        if z[place] > threshold
        and all(z[place] > padded[tuple(np.add(place, 1) + step)] for step in steps)
    }


def found(z, threshold=1.0):
    return {tuple(int(each) for each in place) for place in peaks.maxima(z, threshold)}


@given(st.integers(0, 10**6), st.floats(0, 2))
def test_peaks_are_those_of_a_plain_search(seed, threshold):
    z = np.random.default_rng(seed).standard_normal((6, 7, 5))
    assert found(z, threshold) == plainly(z, threshold)


def test_a_voxel_that_is_not_a_number_hides_no_peak():
    z = np.zeros((5, 5, 5))
    z[2, 2, 2], z[2, 2, 3] = 4, np.nan
    assert found(z) == {(2, 2, 2)}


def test_a_plateau_is_one_peak_in_its_middle():
    z = np.zeros((7, 7, 7))
    z[1:6, 3, 3] = 3
    assert found(z) == {(3, 3, 3)}


def test_a_plateau_beside_something_higher_is_none():
    z = np.zeros((7, 7, 7))
    z[1:6, 3, 3], z[6, 3, 3] = 3, 4
    assert found(z) == {(6, 3, 3)}


@given(st.integers(0, 10**6))
def test_rounded_maps_have_a_peak_for_each_region_that_nothing_exceeds(seed):
    z = np.round(np.random.default_rng(seed).standard_normal((6, 6, 6)) * 2) / 2
    tops = found(z, 0.0)
    highest = float(z.max())
    assert any(z[top] == highest for top in tops)
    for place in tops:
        box = tuple(slice(max(0, each - 1), each + 2) for each in place)
        assert z[box].max() == z[place]
    assert tops >= plainly(z, 0.0)


def statistical(seed=0):
    z = np.random.default_rng(seed).standard_normal((20, 20, 20))
    affine = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
    return maps.prepare(Volume(z, affine))


def test_peaks_are_told_in_millimetres_and_the_highest_first():
    made = peaks.find(statistical(), 1.5)
    assert (np.diff(made.height) <= 0).all()
    assert list(made.mm[0]) == [
        90 - 2 * made.index[0, 0],
        -126 + 2 * made.index[0, 1],
        -72 + 2 * made.index[0, 2],
    ]
    assert np.allclose(made.p, np.exp(-1.5 * (made.height - 1.5)))


def test_negative_peaks_are_those_of_the_map_turned_over():
    one = statistical()
    other = maps.prepare(Volume(-np.nan_to_num(one.z), one.affine))
    assert (peaks.find(one, 1.5, negative=True).index == peaks.find(other, 1.5).index).all()


def test_too_few_peaks_say_which_threshold_gives_enough():
    with pytest.raises(TooFewPeaks) as refusal:
        peaks.find(statistical(), 3.5)
    enough_at = refusal.value.enough_at
    assert len(peaks.find(statistical(), enough_at)) >= 30
    assert f"{enough_at:.2f}" in str(refusal.value)


def test_a_map_that_never_has_enough_says_so():
    z = np.zeros((20, 20, 20))
    z[:, :, :] = np.linspace(-1, 3, 20)[:, None, None] + np.linspace(0, 0.01, 20)
    with pytest.raises(TooFewPeaks, match="too small or too smooth"):
        peaks.find(maps.prepare(Volume(z, np.eye(4))), 2)
