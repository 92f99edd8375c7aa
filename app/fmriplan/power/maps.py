"""A statistical map ready for an analysis: Z values inside a mask, and what is odd in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import scipy
from numpy.typing import NDArray

from fmriplan.errors import NotAnOption, UnusableMap
from fmriplan.power.nifti import Volume

FEWEST_VOXELS = 1000
LARGEST_SPREAD = 20  # interquartile range; a map of Z or T values is far below it
HALF = 0.5
SAME_PLACE_MM = 0.5


@dataclass(frozen=True, eq=False)
class StatisticalMap:
    """Z values of a group analysis.

    Attributes
    ----------
    z : (x, y, z) array
        Not a number outside the mask.
    affine : (4, 4) array
        From voxel indices to millimetres.
    warnings
        What a person should look at before they trust the rest, each a sentence.
    """

    z: NDArray[np.float64]
    affine: NDArray[np.float64]
    warnings: tuple[str, ...] = field(default=())

    @property
    def mask(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.z)

    @property
    def voxels(self) -> int:
        return int(self.mask.sum())

    @property
    def voxel_mm(self) -> NDArray[np.float64]:
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))


def prepare(
    volume: Volume, *, mask: Volume | None = None, degrees_of_freedom: float | None = None
) -> StatisticalMap:
    """Return what is analysed of a volume.

    Parameters
    ----------
    mask
        Voxels above one half are inside. Without one, inside is what is finite and not zero.
    degrees_of_freedom
        Those of a map of T values; None says that the values are Z.

    Raises
    ------
    UnusableMap
        Nothing could be learnt from it.
    """
    inside, said = _inside(volume, mask)
    values = volume.data[inside]
    _need_statistic(values)
    warnings = (*said, *_oddities(values))
    z = np.full(volume.data.shape, np.nan)
    z[inside] = values if degrees_of_freedom is None else z_of_t(values, degrees_of_freedom)
    return StatisticalMap(z, volume.affine, warnings)


def z_of_t(t: NDArray[np.float64], degrees_of_freedom: float) -> NDArray[np.float64]:
    """Return Z values with the tail areas of T values, exact in both tails."""
    if not degrees_of_freedom >= 1:
        raise NotAnOption("A T value needs at least one degree of freedom.")
    tail = scipy.special.stdtr(degrees_of_freedom, -np.abs(t))
    z = -scipy.special.ndtri(np.maximum(tail, np.finfo(float).tiny))
    return np.asarray(np.copysign(z, t), dtype=np.float64)


def _inside(volume: Volume, mask: Volume | None) -> tuple[NDArray[np.bool_], list[str]]:
    finite = np.isfinite(volume.data)
    wanted = volume.data != 0 if mask is None else _asked(volume, mask)
    inside = finite & wanted
    lost = int((wanted & ~finite).sum())
    said = [f"{lost:,} voxels are not numbers; they count as outside the brain."] if lost else []
    if inside.sum() < FEWEST_VOXELS:
        raise UnusableMap(
            f"Only {int(inside.sum()):,} voxels are inside the mask; an analysis needs "
            f"{FEWEST_VOXELS:,}. Check the mask: inside is what is above one half."
        )
    if mask is None and inside.mean() > 0.999:  # noqa: PLR2004  no background at all
        said.append(
            "The map has no background of zeros, so the whole box counts as brain: add a mask."
        )
    return inside, said


def _asked(volume: Volume, mask: Volume) -> NDArray[np.bool_]:
    if mask.data.shape != volume.data.shape:
        raise UnusableMap(
            f"The mask is {_times(mask)} voxels and the map {_times(volume)}. "
            "Resample the mask to the map."
        )
    apart = float(np.abs(mask.affine - volume.affine).max())
    if apart > SAME_PLACE_MM:
        raise UnusableMap(
            "The mask and the map lie in different places: "
            f"their affines differ by {apart:.1f} mm. "
            "Resample the mask to the map."
        )
    return np.asarray(np.nan_to_num(mask.data) > HALF)


def _times(volume: Volume) -> str:
    return " x ".join(str(size) for size in volume.data.shape)


def _need_statistic(values: NDArray[np.float64]) -> None:
    low, high = np.quantile(values, [0.25, 0.75])
    if values.min() == values.max():
        raise UnusableMap("All voxels have the same value: this is no statistical map.")
    if high - low > LARGEST_SPREAD:
        raise UnusableMap(
            f"Half of the values spread over {high - low:.0f}; Z and T values do not. "
            "This looks like a map of beta values or of a raw signal: "
            "choose the map of the statistic."
        )
    if values.min() >= 0 and values.max() <= 1:
        raise UnusableMap(
            "All values are between 0 and 1: this looks like a map of p values. "
            "Choose Z or T values."
        )


def _oddities(values: NDArray[np.float64]) -> Iterator[str]:
    smallest = float(np.abs(values).min())
    if smallest > 1:
        yield f"No value is nearer to 0 than {smallest:.2f}: the map seems to be thresholded."
    if (values == np.round(values)).all():
        yield "All values are whole numbers, so many peaks are ties: use the map before rounding."
    if not (values < 0).any():
        yield "No value is negative: the map seems to hold one direction of the effect only."
    spread = float(np.std(values))
    if spread < HALF:
        yield f"The values spread by {spread:.2f}; those of a Z map spread by 1 or more."
