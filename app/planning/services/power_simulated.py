"""Simulated pilots: maps whose truth is known, to try an analysis with."""

import gzip
from dataclasses import dataclass
from typing import Any

import nibabel
import numpy as np

from fmriplan.power import simulation
from fmriplan.power.simulation import Truth

SEED = 1
picture: Any = nibabel.Nifti1Image


@dataclass(frozen=True)
class Simulated:
    """A map that can be made at any time, the same each time."""

    name: str
    says: str
    truth: Truth


MAPS = {
    each.name: each
    for each in (
        Simulated(
            "activation",
            "20 participants, 14 active regions of d = 1",
            Truth(participants=20, effect=1.0, spheres=14),
        ),
        Simulated("null", "20 participants, no activation at all", Truth(fwhm_mm=7.0)),
        Simulated(
            "large",
            "24 participants, 20 active regions, voxels of 2 mm",
            Truth((91, 109, 91), 2.0, participants=24, effect=1.0, spheres=20, fwhm_mm=6.0),
        ),
    )
}


def content_of(name: str) -> bytes:
    """Return a simulated map of Z values as a gzipped NIfTI file."""
    volume = simulation.pilot(MAPS[name].truth, np.random.default_rng(SEED))
    image: Any = picture(volume.data.astype(np.float32), volume.affine)
    return gzip.compress(image.to_bytes(), 6, mtime=0)
