"""Pilot maps with a known truth, to try an analysis with and to see how far it can be trusted."""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from fmriplan.power.maps import z_of_t
from fmriplan.power.nifti import Volume
from fmriplan.power.smoothness import WIDTH_OF_SPREAD


@dataclass(frozen=True)
class Truth:
    """What is simulated: ``effect`` is Cohen's d in the middle of each of ``spheres`` regions."""

    shape: tuple[int, int, int] = (53, 63, 46)
    voxel_mm: float = 3.0
    participants: int = 20
    effect: float = 0.0
    spheres: int = 0
    radius_mm: float = 12.0
    fwhm_mm: float = 9.0


def ellipsoid(shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Return a mask (x, y, z) that is about as full as that of a brain."""
    axes = np.ogrid[tuple(slice(-1, 1, complex(0, size)) for size in shape)]
    return np.asarray(sum(axis**2 for axis in axes) < 0.9)  # noqa: PLR2004  a rim of background


def pilot(truth: Truth, rng: np.random.Generator) -> Volume:
    """Return the Z map of a one-sample test over simulated participants."""
    inside = ellipsoid(truth.shape)
    signal = truth.effect * _regions(truth, inside, rng)
    total, squares = np.zeros(truth.shape), np.zeros(truth.shape)
    for _ in range(truth.participants):
        one = signal + _noise(truth, rng)
        total += one
        squares += one**2
    n = truth.participants
    mean = total / n
    spread = np.sqrt((squares - n * mean**2) / (n - 1))
    z = z_of_t(mean / (spread / math.sqrt(n)), n - 1)
    return Volume(np.where(inside, z, 0.0), _affine(truth))


def noise(truth: Truth, rng: np.random.Generator) -> Volume:
    """Return a Z map of nothing but smooth Gaussian noise."""
    return Volume(np.where(ellipsoid(truth.shape), _noise(truth, rng), 0.0), _affine(truth))


def _noise(truth: Truth, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return Gaussian noise of variance 1 and the wanted smoothness."""
    spread = truth.fwhm_mm / truth.voxel_mm / WIDTH_OF_SPREAD
    smooth = scipy.ndimage.gaussian_filter(rng.standard_normal(truth.shape), spread, mode="wrap")
    kept = np.prod([_kernel_power(size, spread) for size in truth.shape])
    return np.asarray(smooth / math.sqrt(float(kept)))


def _kernel_power(size: int, spread: float) -> float:
    """Return by which factor smoothing along one axis shrinks the variance."""
    one = np.zeros(size)
    one[size // 2] = 1
    return float(np.square(scipy.ndimage.gaussian_filter1d(one, spread, mode="wrap")).sum())


def _regions(
    truth: Truth, inside: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return 1 in the middle of each region, falling to 0 at its rim."""
    made = np.zeros(truth.shape)
    depth = scipy.ndimage.distance_transform_edt(inside) * truth.voxel_mm
    places = np.argwhere(depth > truth.radius_mm / 2)
    for centre in places[rng.permutation(len(places))[: truth.spheres]]:
        away = np.square(np.indices(truth.shape).T - centre).sum(axis=-1).T * truth.voxel_mm**2
        made = np.maximum(made, np.clip(1 - away / truth.radius_mm**2, 0, 1))
    return made


def _affine(truth: Truth) -> NDArray[np.float64]:
    affine = np.diag([truth.voxel_mm, truth.voxel_mm, truth.voxel_mm, 1.0])
    affine[:3, 3] = -truth.voxel_mm * (np.array(truth.shape) - 1) / 2
    return affine
