"""How smooth a map is, and how many resolution elements its mask holds.

The width is that of the Gaussian whose autocorrelation the neighbours show: exp(-1 / (4 s²)) at a
distance of one voxel for a kernel of standard deviation s. See Flitney & Jenkinson (2000), FMRIB
technical report TR00DF1. True activation makes the estimate too large rather than too small.
Resel counts and Euler characteristic densities: Worsley et al. (1996), Human Brain Mapping 4:58-73.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fmriplan.errors import NotAnOption, UnusableMap
from fmriplan.power.maps import StatisticalMap

WIDTH_OF_SPREAD = math.sqrt(8 * math.log(2))  # full width at half maximum of one standard deviation


@dataclass(frozen=True)
class Smoothness:
    """Full width at half maximum along each axis, and resels by dimension.

    ``resels`` are the counts of dimension 0, 1, 2 and 3; where the shape of the search volume is
    not known, all but the last are 0.
    """

    fwhm_mm: tuple[float, float, float]
    resels: tuple[float, float, float, float]
    is_estimated: bool


def estimate(found: StatisticalMap) -> Smoothness:
    """Return the smoothness that a map shows by itself."""
    fwhm = np.array([_width(found.z, axis) for axis in range(3)])
    return of_mask(found.mask, fwhm, fwhm * found.voxel_mm, is_estimated=True)


def given(found: StatisticalMap, fwhm_mm: tuple[float, float, float]) -> Smoothness:
    """Return the smoothness that a person typed, in mm."""
    width = np.asarray(fwhm_mm, dtype=float)
    if not (np.isfinite(width).all() and (width > 0).all()):
        raise NotAnOption("The smoothness is three widths in mm, each larger than 0.")
    return of_mask(found.mask, width / found.voxel_mm, width, is_estimated=False)


def of_mask(
    mask: NDArray[np.bool_],
    fwhm_voxels: NDArray[np.float64],
    fwhm_mm: NDArray[np.float64],
    *,
    is_estimated: bool,
) -> Smoothness:
    x, y, z = (float(each) for each in fwhm_mm)
    return Smoothness((x, y, z), resel_counts(mask, fwhm_voxels), is_estimated)


def resel_counts(
    mask: NDArray[np.bool_], fwhm_voxels: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """Return the resels of dimension 0 to 3 of a mask (x, y, z), from its lattice of voxels."""
    points = float(mask.sum())
    edges = [float(_both(mask, axis).sum()) for axis in range(3)]
    faces = [float(_both(_both(mask, a), b).sum()) for a, b in ((0, 1), (0, 2), (1, 2))]
    cubes = float(_both(_both(_both(mask, 0), 1), 2).sum())
    x, y, z = (1 / float(width) for width in fwhm_voxels)
    xy, xz, yz = faces
    r1 = (
        (edges[0] - xy - xz + cubes) * x
        + (edges[1] - xy - yz + cubes) * y
        + (edges[2] - xz - yz + cubes) * z
    )
    r2 = (xy - cubes) * x * y + (xz - cubes) * x * z + (yz - cubes) * y * z
    return (points - sum(edges) + sum(faces) - cubes, r1, r2, points * x * y * z)


def _both(mask: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Return where a voxel and the next one along an axis are inside."""
    first = np.take(mask, range(mask.shape[axis] - 1), axis=axis)
    return np.asarray(first & np.take(mask, range(1, mask.shape[axis]), axis=axis))


def _width(z: NDArray[np.float64], axis: int) -> float:
    """Return the full width at half maximum along an axis, in voxels."""
    here = np.moveaxis(z, axis, 0)
    one, other = here[:-1], here[1:]
    both = ~(np.isnan(one) | np.isnan(other))
    if both.sum() < 100:  # noqa: PLR2004  pairs; fewer tell nothing
        raise UnusableMap(
            "The mask is too thin to tell how smooth the map is: type the smoothness."
        )
    correlation = float(np.corrcoef(one[both], other[both])[0, 1])
    if correlation <= 0:
        return 0.5  # white noise: no wider than a voxel
    spread = math.sqrt(-1 / (4 * math.log(min(correlation, 1 - 1e-9))))
    return max(0.5, WIDTH_OF_SPREAD * spread)
