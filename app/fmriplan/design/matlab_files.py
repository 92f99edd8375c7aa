"""MATLAB files from strangers, made harmless before they are read.

A file of version 5 (The MathWorks, "MAT-File Format") may hold few bytes that unpack to gigabytes,
or claim a cell array of a billion cells. What is wanted of it is unpacked within a bound, and each
size that it claims must fit into the bytes that are there.
"""

import struct
import zlib
from collections.abc import Collection, Iterator

HEAD, TAG = 128, 8
MATRIX, COMPRESSED = 14, 15
CELL, CHAR, NUMBERS = 1, 4, range(6, 16)
MOST_UNPACKED, DEEPEST = 16_000_000, 3


class Immodest(ValueError):
    """The file claims more than it holds, unpacks to too much, or holds what is not read."""


def modest(content: bytes, names: Collection[str]) -> bytes:
    """Return a file with the variables of these names alone, unpacked and checked."""
    order = {b"IM": "<", b"MI": ">"}.get(content[HEAD - 2 : HEAD])
    if order is None:
        raise Immodest("its bytes have no order")
    kept = []
    for body in _matrices(content[HEAD:], order):
        name, rest = _name_of(body, order)
        if name in names:
            _need_modest(body, rest, order, 0)
            kept.append(struct.pack(f"{order}II", MATRIX, len(body)) + body)
    return content[:HEAD] + b"".join(kept)


def _matrices(content: bytes, order: str) -> Iterator[bytes]:
    """Yield the variables of a file, each without its tag."""
    left = MOST_UNPACKED
    while len(content) >= TAG:
        kind, size = struct.unpack_from(f"{order}II", content)
        body, content = content[TAG : TAG + size], content[TAG + size :]
        if len(body) < size:
            raise Immodest("it is cut off")
        if kind == COMPRESSED:
            body = _unpacked(body, left)
            kind, size = struct.unpack_from(f"{order}II", body.ljust(TAG, b"\0"))
            body = body[TAG:]
        left -= len(body)
        if kind == MATRIX and left >= 0:
            yield body
        elif left < 0:
            raise Immodest("it is too large")


def _unpacked(body: bytes, most: int) -> bytes:
    try:
        made = zlib.decompressobj().decompress(body, most + 1)
    except zlib.error as error:
        raise Immodest("it is damaged") from error
    if len(made) > most:
        raise Immodest("it unpacks to too much")
    return made


def _element(body: bytes, at: int, order: str) -> tuple[int, bytes, int]:
    """Return an element's kind, its bytes, and where the next one begins."""
    if at + TAG > len(body):
        raise Immodest("it is cut off")
    kind, size = struct.unpack_from(f"{order}II", body, at)
    if kind >> 16:  # a small one holds its bytes in its tag
        return kind & 0xFFFF, body[at + 4 : at + 4 + min(4, kind >> 16)], at + TAG
    if at + TAG + size > len(body):
        raise Immodest("it is cut off")
    end = at + TAG + size
    return kind, body[at + TAG : end], end + (-size % TAG)


def _name_of(body: bytes, order: str) -> tuple[str, int]:
    """Return the name of a variable, and where its content begins."""
    at = _element(body, 0, order)[2]
    at = _element(body, at, order)[2]
    _, name, at = _element(body, at, order)
    return name.decode("ascii", "replace"), at


def _need_modest(body: bytes, content_at: int, order: str, depth: int) -> None:
    flags, dims = _element(body, 0, order)[1], b""
    at = _element(body, 0, order)[2]
    dims = _element(body, at, order)[1]
    kind = struct.unpack_from(f"{order}I", flags.ljust(4, b"\0"))[0] & 0xFF
    count = 1
    for (each,) in struct.iter_unpack(f"{order}i", dims[: len(dims) // 4 * 4]):
        count *= max(0, each)
    if kind not in {CELL, CHAR, *NUMBERS} or depth > DEEPEST:
        raise Immodest("it holds more than texts and numbers")
    if count > max(0, len(body) - content_at):
        raise Immodest("it claims more than it holds")
    while kind == CELL and content_at + TAG <= len(body):
        _, inner, content_at = _element(body, content_at, order)
        if inner:
            _need_modest(inner, _name_of(inner, order)[1], order, depth + 1)
