"""Sealing: what leaves the host is encrypted by age to a key that is not on it."""

from dataclasses import dataclass
from pathlib import Path

from backup import files, programs
from backup.errors import BackupError, Damaged
from backup.files import Digest

ENDING = ".age"
HEADER = b"age-encryption.org/v1\n"


@dataclass(frozen=True)
class Seal:
    """To whom files are encrypted; an empty recipient leaves them as they are."""

    recipient: str = ""

    @property
    def ending(self) -> str:
        return ENDING if self.recipient else ""

    def close(self, source: Path, target: Path) -> Digest:
        """Write the sealed content to the target and say what lies there now."""
        with source.open("rb") as plain, target.open("wb") as sealed:
            if not self.recipient:
                return files.copied(plain, sealed)
            programs.run(["age", "--encrypt", "-r", self.recipient], stdin=plain, stdout=sealed)
        return files.digest(target)


def is_sealed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(HEADER)) == HEADER


def opened(source: Path, target: Path, key: Path | None) -> Digest:
    """Write the plain content of a file, sealed or not, to the target."""
    if not is_sealed(source):
        with source.open("rb") as plain, target.open("wb") as copy:
            return files.copied(plain, copy)
    if key is None:
        raise BackupError(
            f"{source.name} is encrypted. Bring the key that belongs to its recipient."
        )
    try:
        with target.open("wb") as plain:
            programs.run(["age", "--decrypt", "-i", key, source], stdout=plain)
    except BackupError as error:
        raise Damaged(f"{source.name} cannot be decrypted with this key: {error}.") from None
    return files.digest(target)
