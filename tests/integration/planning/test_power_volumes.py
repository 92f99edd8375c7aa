"""What the viewer reads has the peaks where the map has them."""

import gzip
import json

import numpy as np
import pytest
from tests.factories import maps

from fmriplan.power.maps import StatisticalMap
from planning.numbers import volumes


def unpacked(content):
    plain = gzip.decompress(content)
    length = int.from_bytes(plain[:4], "little")
    told = json.loads(plain[4 : 4 + length])
    values = np.frombuffer(plain[4 + length :], np.uint8).reshape(told["shape"], order="F")
    return told, values


def z_at(content, mm):
    told, values = unpacked(content)
    place = np.linalg.inv(np.vstack([np.array(told["affine"])[:3], [0, 0, 0, 1]])) @ [*mm, 1]
    byte = int(values[tuple(np.round(place[:3]).astype(int))])
    return None if byte == 0 else (byte - 128) / 127 * told["top"]


def statistical(affine, shape=(24, 30, 20)):
    z = np.random.default_rng(4).normal(size=shape)
    z[:3] = np.nan
    return StatisticalMap(z, np.asarray(affine, dtype=float))


TURNED = [[-2, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]]
SWAPPED = [[0, 0, 3, -10], [-3, 0, 0, 40], [0, 3, 0, -20], [0, 0, 0, 1]]


@pytest.mark.parametrize("affine", [np.diag([3, 3, 3, 1]), TURNED, SWAPPED])
def test_every_voxel_stays_at_its_place(affine):
    found = statistical(affine)
    content = volumes.packed(found)
    for index in [(5, 6, 7), (23, 29, 19), (3, 0, 0)]:
        mm = (found.affine @ [*index, 1])[:3]
        assert z_at(content, mm) == pytest.approx(found.z[index], abs=0.03)
    assert z_at(content, (found.affine @ [1, 1, 1, 1])[:3]) is None, "outside stays outside"


def test_a_large_map_is_made_coarser_and_keeps_its_heights(monkeypatch):
    monkeypatch.setattr(volumes, "MOST_VOXELS", 2000)
    found = statistical(np.diag([2, 2, 2, 1]))
    told, values = unpacked(volumes.packed(found))
    assert values.size <= 2 * 2000
    highest = np.unravel_index(np.nanargmax(found.z), found.z.shape)
    mm = (found.affine @ [*highest, 1])[:3]
    assert z_at(volumes.packed(found), mm) == pytest.approx(np.nanmax(found.z), abs=0.03)
    assert told["top"] >= np.nanmax(found.z) - 0.01


def test_a_map_of_a_brain_is_small():
    made = maps.volume(maps.WITH_EFFECT)
    z = np.where(made.data == 0, np.nan, made.data)
    assert len(volumes.packed(StatisticalMap(z, made.affine))) < made.data.size
