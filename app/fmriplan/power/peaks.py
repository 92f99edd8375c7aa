"""Local maxima among 26 neighbours, safe beside plateaus and missing voxels.

Under no activation the height of a peak above a high threshold u is u plus an exponential variable
of rate u (Worsley's approximation), which gives each peak its p value.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from fmriplan.errors import TooFewPeaks
from fmriplan.power.maps import StatisticalMap

FEWEST = 30
AROUND = [step for step in itertools.product((-1, 0, 1), repeat=3) if step != (0, 0, 0)]
SMALLEST_P = 1e-6


@dataclass(frozen=True, eq=False)
class Peaks:
    """The peaks of a map above a threshold, the highest first.

    Attributes
    ----------
    index : (peaks, 3) array of int
        Voxels, from 0.
    mm : (peaks, 3) array
        Where they are.
    height : (peaks,) array
        Z; of the negative tail, as its absolute value.
    p : (peaks,) array
        Chance of a peak as high among those above the threshold, without activation.
    threshold
        The screening threshold u, in Z.
    """

    index: NDArray[np.intp]
    mm: NDArray[np.float64]
    height: NDArray[np.float64]
    p: NDArray[np.float64]
    threshold: float

    def __len__(self) -> int:
        return len(self.height)


def find(
    found: StatisticalMap, threshold: float, *, negative: bool = False, fewest: int = FEWEST
) -> Peaks:
    """Return the peaks above a screening threshold, or below its negative.

    Raises
    ------
    TooFewPeaks
        There are fewer than ``fewest``; it tells which threshold would give enough.
    """
    z = -found.z if negative else found.z
    index = maxima(z, threshold)
    height = z[tuple(index.T)]
    if len(height) < fewest:
        raise TooFewPeaks(len(height), fewest, _enough_at(z, fewest))
    order = np.argsort(-height, kind="stable")
    return described(index[order], height[order], found.affine, threshold)


def described(
    index: NDArray[np.intp],
    height: NDArray[np.float64],
    affine: NDArray[np.float64],
    threshold: float,
) -> Peaks:
    mm = index @ affine[:3, :3].T + affine[:3, 3]
    return Peaks(index, mm, height, p_of(height, threshold), threshold)


def p_of(height: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return the chance of a peak as high, given that it is above the threshold."""
    return np.clip(np.exp(-threshold * (height - threshold)), SMALLEST_P, 1)


def maxima(z: NDArray[np.float64], threshold: float) -> NDArray[np.intp]:
    """Return the voxels (peaks, 3) that no neighbour exceeds; of a plateau, its middle one.

    What is not a number exceeds nothing.
    """
    padded = np.pad(np.nan_to_num(z, nan=-np.inf), 1, constant_values=-np.inf)
    flat = padded.ravel()
    steps = np.array([np.dot(step, np.array(padded.strides) // padded.itemsize) for step in AROUND])
    kept = np.flatnonzero(flat > threshold)
    for step in steps:
        kept = kept[flat[kept] >= flat[kept + step]]
    tied = np.zeros(len(kept), dtype=bool)
    for step in steps:
        tied |= flat[kept] == flat[kept + step]
    alone = kept[~tied]
    chosen = np.concatenate([alone, _plateaus(padded, steps, kept[tied])])
    return np.stack(np.unravel_index(np.sort(chosen), padded.shape), axis=1) - 1


def _plateaus(
    padded: NDArray[np.float64], steps: NDArray[np.intp], tied: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return one voxel for each connected region of equal values that nothing around exceeds."""
    if not len(tied):
        return tied
    flat, member = padded.ravel(), np.zeros(padded.size, dtype=bool)
    member[tied] = True
    spoilt = np.zeros(len(tied), dtype=bool)
    for step in steps:
        spoilt |= (flat[tied + step] == flat[tied]) & ~member[tied + step]
    labels, count = scipy.ndimage.label(member.reshape(padded.shape), np.ones((3, 3, 3)))
    region = labels.ravel()[tied]
    good = np.setdiff1d(np.arange(1, count + 1), region[spoilt])
    return np.array(
        [_middle(tied[region == each], padded.shape) for each in good], dtype=tied.dtype
    )


def _middle(members: NDArray[np.intp], shape: tuple[int, ...]) -> np.intp:
    places = np.stack(np.unravel_index(members, shape), axis=1)
    away = np.square(places - places.mean(axis=0)).sum(axis=1)
    nearest: np.intp = members[int(np.argmin(away))]
    return nearest


def _enough_at(z: NDArray[np.float64], wanted: int) -> float | None:
    """Return the highest threshold with enough peaks, rounded down; None below Z = 1."""
    heights = np.sort(z[tuple(maxima(z, 1.0).T)])[::-1]
    if len(heights) < wanted:
        return None
    return float(np.floor((heights[wanted - 1] - 1e-9) * 100) / 100)
