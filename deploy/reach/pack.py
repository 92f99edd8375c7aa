"""Pack what a host lacks of a folder into one archive: one copy instead of many.

Usage: pack.py ARCHIVE FOLDER THERE NAME…    a NAME is a file or a folder in FOLDER

Standard input is what Ansible's module `find` tells of the folder THERE on the host, with SHA-256
checksums. Printed is JSON: the names that the host lacks or has otherwise, which are packed, and
the paths that it has and should not.
"""

import hashlib
import json
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

Found = dict[str, Any]  # one entry of the module's `files`


def wanted(folder: Path, names: Sequence[str]) -> Iterator[str]:
    """Yield the files of these names, and those of the folders among them."""
    for name in names:
        place = folder / name
        found = [place] if place.is_file() else place.rglob("*")
        for file in found:
            if file.is_file() and "__pycache__" not in file.parts:
                yield str(file.relative_to(folder))


def is_same(ours: Path, theirs: Found) -> bool:
    """Return whether a host's file has our content and mode, and belongs to root."""
    about = (theirs["isreg"], theirs["uid"], theirs["gid"], int(theirs["mode"], 8))
    if about != (True, 0, 0, mode_of(ours)):
        return False
    return hashlib.sha256(ours.read_bytes()).hexdigest() == theirs.get("checksum")


def mode_of(file: Path) -> int:
    return 0o755 if file.stat().st_mode & 0o100 else 0o644


def compare(folder: Path, names: Sequence[str], there: dict[str, Found]) -> dict[str, list[str]]:
    """Return which names are lacking, and which of theirs are neither wanted nor on the way."""
    ours = sorted(set(wanted(folder, names)))
    lacking = [
        name for name in ours if name not in there or not is_same(folder / name, there[name])
    ]
    on_the_way = {str(parent) for name in ours for parent in PurePosixPath(name).parents}
    return {"lacking": lacking, "surplus": sorted(set(there) - set(ours) - on_the_way)}


def pack(archive: Path, folder: Path, names: Sequence[str]) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as bundle:
        for name in names:
            bundle.add(folder / name, name, filter=plain)


def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out owner and time, so that the same files make the same archive."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.mode & 0o100 else 0o644
    return entry


def main(words: Sequence[str], found: Sequence[Found]) -> dict[str, list[str]]:
    archive, folder, root = Path(words[0]), Path(words[1]), PurePosixPath(words[2])
    there = {str(PurePosixPath(each["path"]).relative_to(root)): each for each in found}
    told = compare(folder, words[3:], there)
    pack(archive, folder, told["lacking"])
    return told


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:], json.load(sys.stdin))))
