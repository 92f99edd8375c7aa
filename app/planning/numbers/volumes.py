"""A map small enough for a browser: bytes of a volume that lies as a head does.

The file: the length of what follows in four bytes (little endian), JSON with ``shape``, ``affine``
(voxels to mm, rows) and ``top`` (the Z of 127), then a byte for each voxel, x fastest: 0 is
outside, 128 is Z = 0. All of it is gzipped.
"""

import gzip
import json
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from fmriplan.power.maps import StatisticalMap

MOST_VOXELS = 1_200_000
ZERO, HIGHEST = 128, 127
LARGEST_Z = 12.0
turning: Any = nibabel.orientations


def packed(found: StatisticalMap) -> bytes:
    """Return a map as such a file; of voxels that fall together, the one furthest from 0."""
    turned, affine = _upright(found)
    step = int(np.ceil((turned.size / MOST_VOXELS) ** (1 / 3)))
    small = _pooled(turned, step)
    moved = affine @ _every(step)
    top = float(np.clip(np.nanmax(np.abs(small)), 1.0, LARGEST_Z))
    told = {"shape": small.shape, "affine": np.round(moved, 4).tolist(), "top": round(top, 3)}
    words = json.dumps(told).encode()
    content = len(words).to_bytes(4, "little") + words + _bytes(small, top)
    return gzip.compress(content, 6, mtime=0)


def _upright(found: StatisticalMap) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values with x to the right, y to the front and z upwards, as nearly as it goes."""
    turn = turning.io_orientation(found.affine)
    turned = turning.apply_orientation(found.z, turn)
    affine = found.affine @ turning.inv_ornt_aff(turn, found.z.shape)
    return np.asarray(turned), np.asarray(affine)


def _pooled(values: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    if step == 1:
        return values
    more = [(0, -size % step) for size in values.shape]
    padded = np.pad(values, more, constant_values=np.nan)
    x, y, z = (size // step for size in padded.shape)
    blocks = padded.reshape(x, step, y, step, z, step).transpose(0, 2, 4, 1, 3, 5)
    flat = blocks.reshape(x, y, z, step**3)
    furthest = np.argmax(np.nan_to_num(np.abs(flat), nan=-1.0), axis=3)
    return np.asarray(np.take_along_axis(flat, furthest[..., None], axis=3)[..., 0])


def _every(step: int) -> NDArray[np.float64]:
    """Return where the voxels of a pooled volume lie, in voxels of the whole one."""
    grown = np.diag([step, step, step, 1.0])
    grown[:3, 3] = (step - 1) / 2
    return grown


def _bytes(values: NDArray[np.float64], top: float) -> bytes:
    scaled = np.round(np.clip(np.nan_to_num(values) / top, -1, 1) * HIGHEST) + ZERO
    return np.where(np.isnan(values), 0, scaled).astype(np.uint8).tobytes(order="F")
