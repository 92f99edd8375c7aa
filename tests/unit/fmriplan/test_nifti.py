"""Files from anywhere: read by content, refused by name, never unpacked without end."""

import gzip
import struct
import tracemalloc

import nibabel
import numpy as np
import pytest

from fmriplan.errors import UnreadableMap
from fmriplan.power import nifti

SHAPE = (5, 6, 7)
VALUES = np.arange(210, dtype=np.float32).reshape(SHAPE) - 100
AFFINE = np.diag([2.0, 3.0, 4.0, 1.0])


def saved(values=VALUES, kind=nibabel.Nifti1Image):
    return kind(values, AFFINE).to_bytes()


def changed(place, form, value, content=None):
    content = bytearray(content or saved())
    struct.pack_into("<" + form, content, place, value)
    return bytes(content)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_map_is_known_by_its_content(kind, pack):
    volume = nifti.read(pack(saved(kind=kind)))
    assert (volume.data == VALUES).all()
    assert list(volume.voxel_mm) == [2, 3, 4]


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "float64", "uint16", "int8"])
def test_every_kind_of_real_number_is_read(kind):
    values = np.abs(VALUES).astype(kind)
    assert (nifti.read(saved(values)).data == values).all()


def test_the_other_order_of_bytes_is_read():
    image = nibabel.Nifti1Image(VALUES, AFFINE, nibabel.Nifti1Header(endianness=">"))
    assert (nifti.read(image.to_bytes()).data == VALUES).all()


def test_one_volume_in_four_dimensions_is_that_volume():
    assert nifti.read(saved(VALUES[..., None])).data.shape == SHAPE


def test_scaled_numbers_are_unscaled():
    content = changed(116, "f", 1.5, changed(112, "f", 0.5, saved(VALUES.astype("int16"))))
    assert np.allclose(nifti.read(content).data, VALUES * 0.5 + 1.5)


BROKEN = [
    (b"", "empty"),
    (b"x,y,z\n1,2,3\n" * 100, "no NIfTI"),
    (saved()[:200], "no NIfTI"),
    (saved()[:-1], "not copied whole"),
    (gzip.compress(saved())[:-40], "not copied whole"),
    (gzip.compress(b"words"), "no NIfTI"),
    (nifti.GZIP + b"nonsense" * 100, "damaged"),
    (changed(42, "h", -5), "each at least 1"),
    (changed(40, "h", 9), "9 dimensions"),
    (changed(40, "h", 2), "2 dimensions"),
    (changed(70, "h", 77), "unknown"),
    (changed(70, "h", 32), "complex"),
    (changed(70, "h", 128), "RGB"),
    (changed(108, "f", float("nan")), "begin at byte"),
    (changed(108, "f", 1e9), "begin at byte"),
    (saved(np.stack([VALUES, VALUES], -1)), "2 volumes"),
]


@pytest.mark.parametrize("case", range(len(BROKEN)), ids=lambda case: f"{case}-{BROKEN[case][1]}")
def test_what_is_no_map_is_refused_by_name(case):
    content, says = BROKEN[case]
    with pytest.raises(UnreadableMap, match=says):
        nifti.read(content)


def huge_header():
    content = saved()
    for place in (42, 44, 46):
        content = changed(place, "h", 32000, content)
    return content


def bomb():
    content = changed(46, "h", 500, changed(44, "h", 1000, changed(42, "h", 1000)))
    return gzip.compress(content + bytes(40_000_000), 9)


def bomb_behind_a_small_header():
    return gzip.compress(saved() + bytes(300_000_000), 1)


@pytest.mark.parametrize("make", [huge_header, bomb])
def test_a_small_file_that_claims_to_be_huge_is_refused_by_its_header(make):
    content = make()
    tracemalloc.start()
    with pytest.raises(UnreadableMap, match="at most 50,000,000"):
        nifti.read(content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000


def test_no_more_is_unpacked_than_the_header_promised():
    content = bomb_behind_a_small_header()
    tracemalloc.start()
    assert (nifti.read(content).data == VALUES).all()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000


def test_a_map_that_does_not_say_where_it_is_is_refused():
    with pytest.raises(UnreadableMap, match="affine"):
        nifti.read(changed(280, "f", 0.0))  # the first number of its sform
