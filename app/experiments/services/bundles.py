"""A frozen protocol as one file: its words, the code that it calls, its stimuli."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, BinaryIO

from experiments import storage
from experiments.definition.protocol import Protocol, read_protocol
from experiments.errors import NotABundle
from experiments.models import Asset, Revision
from experiments.scripting.told import stimuli_of
from experiments.services import assets, stimuli

WORDS, FILES = "protocol.json", "files/"
CODE, LIST = "application/zip", "application/json"
LARGEST_WORDS = 50 * 2**20
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest date that an archive can hold


def files_of(read: Protocol) -> Iterator[str]:
    """Yield the SHA-256 of each file that belongs to a frozen protocol."""
    yield from read.scripts.values()
    if read.stimuli:
        yield read.stimuli.digest
        yield from stimuli.files_of(read.stimuli.digest)


def write(revision: Revision, target: BinaryIO) -> None:
    """Write a revision with all its files; the same revision gives the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as box:
        words = json.dumps(revision.words, indent=1, ensure_ascii=False, sort_keys=True)
        box.writestr(zipfile.ZipInfo(WORDS, LONG_AGO), words)
        for digest in sorted(set(files_of(revision.read))):
            with storage.here(digest).open("rb") as file:
                _copy(file, box, f"{FILES}{digest}")


def _copy(file: BinaryIO, box: zipfile.ZipFile, name: str) -> None:
    with box.open(zipfile.ZipInfo(name, LONG_AGO), "w", force_zip64=True) as entry:
        while chunk := file.read(storage.CHUNK):
            entry.write(chunk)


def read(file: BinaryIO) -> Any:
    """Return the words of a bundle; its files are kept, each held against its hash.

    Raises
    ------
    NotABundle, NotAProtocol
        It is no bundle, or a file of it is missing or spoilt.
    """
    try:
        with closing(zipfile.ZipFile(file)) as box:
            return _read(box)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, KeyError) as error:
        raise NotABundle(f"This is no protocol with its files: {error}.") from None


def _read(box: zipfile.ZipFile) -> Any:
    if box.getinfo(WORDS).file_size > LARGEST_WORDS:
        raise NotABundle(f"Its words are larger than {LARGEST_WORDS // 2**20} MB.")
    try:
        words = json.loads(box.read(WORDS))
    except (ValueError, RecursionError) as error:
        raise NotABundle(f"{WORDS} cannot be read as JSON: {error}.") from None
    protocol = read_protocol(words)
    for digest in protocol.scripts.values():
        _keep(box, digest, CODE)
    if protocol.stimuli and protocol.stimuli.digest:
        _keep_stimuli(box, protocol.stimuli.digest)
    return words


def _keep_stimuli(box: zipfile.ZipFile, listed: str) -> None:
    _keep(box, listed, LIST)
    try:
        rows = stimuli_of(json.loads(storage.here(listed).read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise NotABundle(f"Its list of stimuli cannot be read: {error}.") from None
    for stimulus in rows:
        if stimulus.digest:
            _keep(box, stimulus.digest, stimulus.media_type)


def _keep(box: zipfile.ZipFile, digest: str, media_type: str) -> None:
    """Keep one file of a bundle, if it is what its name says."""
    known: Mapping[str, Any] = Asset.objects.in_bulk([digest])
    if known:
        return
    with box.open(f"{FILES}{digest}") as entry:
        asset = assets.keep(entry, media_type=media_type)  # type: ignore[arg-type]  # reads as a file
    if asset.pk != digest:
        raise NotABundle(f"The file {digest[:12]} is not what it was: its hash is {asset.pk[:12]}.")
