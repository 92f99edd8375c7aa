"""A site as one stream: what `backup` and `export` write, and what `restore` reads."""

import io
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO

from container import place
from pipeline.errors import Refused

MANAGE = ("/usr/local/bin/studium-pipeline", "manage", "--")
FILES = ("media", "jobs")
# What an export leaves out: who people are, how they sign in, and Django's own bookkeeping.
PERSONAL = ("accounts_", "auth", "axes_", "django_", "otp_")
READABLE = 0o640


def pack(into: IO[bytes]) -> None:
    """Write a fresh dump, the uploaded files, the job files and the secrets."""
    dump = newest_dump()
    with tarfile.open(fileobj=into, mode="w|") as archive:
        for part in sorted(dump.parent.glob(f"{dump.name}*")):
            _add(archive, part, f"backups/{part.name}")
        for name in FILES:
            _add_folder(archive, name)
        _add(archive, place.KEYS / "secrets.env", "keys/secrets.env")


def newest_dump() -> Path:
    """Make a backup as the application makes it each day, and return it."""
    subprocess.run([*MANAGE, "backup"], check=True, stdout=sys.stderr)
    return max((place.ROOT / "backups").glob("studium-*.dump"))


def export(into: IO[bytes]) -> None:
    """Write what people made: uploaded files, job files and each table as CSV."""
    with tarfile.open(fileobj=into, mode="w|") as archive:
        for name in FILES:
            _add_folder(archive, name)
        for table in _tables():
            content = _psql(f'COPY "{table}" TO STDOUT WITH (FORMAT csv, HEADER)')
            _add_bytes(archive, f"tables/{table}.csv", content)


def _tables() -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    names = _psql(f"COPY ({query}) TO STDOUT").decode().split()
    return [name for name in names if not name.startswith(PERSONAL)]


def _psql(query: str) -> bytes:
    words = (
        "psql",
        "--no-psqlrc",
        "--host=/run/postgresql",
        "--dbname=studium",
        "--command",
        query,
    )
    return subprocess.run(words, check=True, capture_output=True).stdout


def _add_folder(archive: tarfile.TarFile, name: str) -> None:
    folder = place.ROOT / name
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink():
            _add(archive, file, f"{name}/{file.relative_to(folder)}")


def _add(archive: tarfile.TarFile, file: Path, name: str) -> None:
    """Add a file; one that was removed since it was listed is none."""
    with suppress(FileNotFoundError):
        archive.add(file, name, recursive=False)


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), READABLE
    archive.addfile(entry, io.BytesIO(content))


def unpack(source: IO[bytes], *parts: str) -> list[Path]:
    """Take the named parts out of an archive; return the files that were written."""
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            return [_write(entry, target, archive) for entry, target in _wanted(archive, parts)]
    except (tarfile.TarError, EOFError) as error:
        raise Refused(f"The file is no backup of Studium, or a part of one: {error}.") from None


def _wanted(
    archive: tarfile.TarFile, parts: tuple[str, ...]
) -> Iterator[tuple[tarfile.TarInfo, Path]]:
    """Give the plain files of the parts; a name that leads out of its folder is refused."""
    for entry in archive:
        path = PurePosixPath(entry.name)
        if not entry.isreg() or path.parts[0] not in parts:
            continue
        if path.is_absolute() or ".." in path.parts:
            raise Refused(
                f"The archive names {entry.name!r}: it is none of ours. Nothing more is read."
            )
        yield entry, place.ROOT / path


def _write(entry: tarfile.TarInfo, target: Path, archive: tarfile.TarFile) -> Path:
    """Write a file whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.part")
    with draft.open("wb") as file:
        shutil.copyfileobj(_content(archive, entry), file)
    if draft.stat().st_size != entry.size:
        draft.unlink()
        raise tarfile.ReadError(f"{entry.name} is cut off")
    draft.chmod(READABLE)
    draft.replace(target)
    return target


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(entry)
    if content is None:
        raise tarfile.ReadError(f"{entry.name} is no plain file")
    return content
