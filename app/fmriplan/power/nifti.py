"""Reading NIfTI-1 and NIfTI-2 files that came from anywhere.

A file is known by its content, never by its name. Its header is checked before any of its data is
unpacked, and no more is unpacked than the header promised. Format: NIfTI-1 (Cox et al., 2004) and
NIfTI-2 (2011), fields ``dim``, ``datatype``, ``bitpix``, ``vox_offset``.
"""

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from fmriplan.errors import UnreadableMap

MOST_VOXELS = 50_000_000
GZIP = b"\x1f\x8b"
LENGTHS = {348: 1, 540: 2}  # length of a header → its version
LONGEST_HEADER = 1 << 20  # with extensions
LARGE, DENSEST = 64_000_000, 100  # bytes; no map of that size becomes so many times as large
REAL_TYPES = {2: 1, 4: 2, 8: 4, 16: 4, 64: 8, 256: 1, 512: 2, 768: 4, 1024: 8, 1280: 8}  # bytes
OTHER_TYPES = {32: "complex", 1792: "complex", 2048: "complex", 128: "RGB", 2304: "RGBA"}
IMAGES = {1: nibabel.Nifti1Image, 2: nibabel.Nifti2Image}


@dataclass(frozen=True, eq=False)
class Volume:
    """One volume: ``data`` (x, y, z) and the ``affine`` (4, 4) from voxels to millimetres."""

    data: NDArray[np.float64]
    affine: NDArray[np.float64]

    @property
    def voxel_mm(self) -> NDArray[np.float64]:
        """Return the size of a voxel along each axis, (3,)."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))


@dataclass(frozen=True)
class Header:
    """What a header promises; ``end`` is how many bytes the whole file has, unpacked."""

    version: int
    shape: tuple[int, ...]
    end: int


def read(content: bytes) -> Volume:
    """Return the volume in a file's content, gzipped or not.

    Raises
    ------
    UnreadableMap
        It is no NIfTI file of one volume of real numbers, or it is not whole.
    """
    unpacked = _Unpacked(content)
    header = _header(unpacked)
    _need_substance(content, header)
    body = unpacked.first(header.end)
    if len(body) < header.end:
        raise UnreadableMap(
            f"The file ends after {len(body):,} of {header.end:,} bytes: it was not copied whole. "
            "Copy or upload it again."
        )
    return _volume(header, body)


def _need_substance(content: bytes, header: Header) -> None:
    """Refuse a small file that would become a large one: nothing but one value is so dense."""
    if header.end > LARGE and header.end > DENSEST * len(content):
        raise UnreadableMap(
            f"The file would become {header.end // len(content):,} times as large by unpacking, so "
            "it holds almost nothing. Choose the map of the statistic; save a mask as bytes."
        )


class _Unpacked:
    """A file's content as it is asked for, so that a small file cannot become a huge one."""

    def __init__(self, content: bytes) -> None:
        if not content:
            raise UnreadableMap("The file is empty. Choose the map itself.")
        self._stream = zlib.decompressobj(31) if content.startswith(GZIP) else None
        self._waiting = content
        self._done = b"" if self._stream else content

    def first(self, length: int) -> bytes:
        while self._stream and len(self._done) < length and not self._stream.eof:
            part = self._next(length - len(self._done))
            if not part:
                break
            self._done += part
        return self._done[:length]

    def _next(self, length: int) -> bytes:
        stream: Any = self._stream
        try:
            part: bytes = stream.decompress(self._waiting, length)
        except zlib.error:
            raise UnreadableMap(
                "The file begins like a gzip file, but it is damaged. Compress it again."
            ) from None
        self._waiting = stream.unconsumed_tail
        return part


def _header(unpacked: _Unpacked) -> Header:
    start = unpacked.first(540)
    for order in "<>":
        version = LENGTHS.get(struct.unpack_from(order + "i", start.ljust(4, b"\0"))[0])
        if version and len(start) >= (348 if version == 1 else 540):
            return _checked(version, start, order)
    raise UnreadableMap(
        "This is no NIfTI file (.nii or .nii.gz). Save the map as NIfTI; "
        "FSL, SPM, AFNI and nilearn all can."
    )


def _checked(version: int, start: bytes, order: str) -> Header:
    if version == 1:
        dims = struct.unpack_from(order + "8h", start, 40)
        kind = struct.unpack_from(order + "h", start, 70)[0]
        offset = struct.unpack_from(order + "f", start, 108)[0]
    else:
        kind = struct.unpack_from(order + "h", start, 12)[0]
        dims = struct.unpack_from(order + "8q", start, 16)
        offset = struct.unpack_from(order + "q", start, 168)[0]
    shape = _shape(dims)
    return Header(version, shape, _offset(offset) + math.prod(shape) * _bytes_of(kind))


def _shape(dims: tuple[int, ...]) -> tuple[int, ...]:
    count, sizes = dims[0], dims[1:]
    if not 3 <= count <= 7 or any(size < 1 for size in sizes[:count]):  # noqa: PLR2004  the format's own
        said = " x ".join(str(size) for size in sizes[: max(count, 0)])
        raise UnreadableMap(
            f"The header says {count} dimensions ({said}); a map has three, each at least 1."
        )
    shape = sizes[:count]
    if math.prod(shape[3:]) != 1:
        raise UnreadableMap(
            f"The file holds {math.prod(shape[3:])} volumes. "
            "Save the one that is the contrast's map in a file of its own."
        )
    if math.prod(shape) > MOST_VOXELS:
        said = " x ".join(str(size) for size in shape[:3])
        raise UnreadableMap(
            f"The header says {said} voxels; at most {MOST_VOXELS:,} can be analysed. "
            "Resample the map to the resolution that it was analysed in."
        )
    return shape


def _bytes_of(kind: int) -> int:
    if kind in REAL_TYPES:
        return REAL_TYPES[kind]
    said = OTHER_TYPES.get(kind, f"unknown (code {kind})")
    raise UnreadableMap(
        f"The map's numbers are {said}. Save it as real numbers, float32 for example."
    )


def _offset(offset: float) -> int:
    if not math.isfinite(offset) or not 0 <= offset <= LONGEST_HEADER:
        raise UnreadableMap(
            f"The header says that the data begin at byte {offset}, which cannot be. "
            "Save the map again."
        )
    return int(offset)


def _volume(header: Header, body: bytes) -> Volume:
    try:
        image = IMAGES[header.version].from_bytes(body)
        data = np.asarray(image.dataobj, dtype=np.float64).reshape(header.shape[:3])
    except Exception as error:  # whatever the library trips over, the file is what is wrong
        raise UnreadableMap(f"The map cannot be read: {error}. Save it again.") from error
    affine = np.asarray(image.affine, dtype=np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:  # noqa: PLR2004
        raise UnreadableMap(
            "The header does not say where the voxels are (its affine is not invertible). "
            "Save the map with the orientation of the analysis."
        )
    return Volume(data, affine)
