"""Browser libraries from a folder of tarballs, for hosts that reach no registry and have no npm.

What ``npm ci --ignore-scripts --omit=dev`` does, as far as a lock file says it: each package is
found by its checksum, checked, and unpacked where the lock file has it.
"""

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.errors import Refused

INSIDE = "node_modules/"


def install(tarballs: Path, folder: Path) -> None:
    """Unpack what the lock file in ``folder`` names; raise Refused when something is missing."""
    lock = json.loads((folder / "package-lock.json").read_text())
    for place, facts in lock["packages"].items():
        if place.startswith(INSIDE) and not facts.get("dev"):
            _unpack(_checked(tarballs, place, facts), folder / place)


def _checked(tarballs: Path, place: str, facts: dict[str, Any]) -> bytes:
    kind, _, digest = str(facts["integrity"]).partition("-")
    wanted = base64.b64decode(digest)
    file = tarballs / f"{wanted.hex()}.tgz"
    if not file.is_file():
        raise Refused(
            f"{place.removeprefix(INSIDE)} {facts['version']} is not among the tarballs of this "
            f"host ({tarballs}). Bring it there first: docs/operations/servers.md, «Packages»."
        )
    content = file.read_bytes()
    if hashlib.new(kind, content).digest() != wanted:
        raise Refused(f"{file} is not what its name says; {place} was not installed.")
    return content


def _unpack(content: bytes, target: Path) -> None:
    """Write the plain files of a package; links, devices and ways out are left out."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts[1:]  # the first one is `package`
            source = archive.extractfile(member) if member.isreg() else None
            if source is None or not parts or ".." in parts:
                continue
            file = target.joinpath(*parts)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(source.read())
