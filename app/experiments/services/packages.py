"""The code of a lab's functions: kept with the protocol, so that its runs go on with it."""

import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings

from experiments import storage
from experiments.definition.protocol import Protocol, hooks_of
from experiments.errors import NotThisCode
from experiments.models import Asset
from experiments.scripting.pool import POOL, Question
from experiments.services import assets

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "scripts"
KINDS = {".py", ".json", ".csv", ".tsv", ".txt", ".toml", ".md"}
ARCHIVE = "application/zip"
LARGEST = 5 * 2**20
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest date that an archive can hold
CHECK_S = 20.0  # importing numerical packages takes its time


def pinned(read: Protocol) -> dict[str, str]:
    """Return the SHA-256 of each package that a protocol calls, its code being kept.

    Raises
    ------
    NotThisCode
        A package is not among the site's own, or not to be found.
    """
    packages = {hook.call.partition(".")[0]: where for where, _, hook in hooks_of(read)}
    return {
        package: _known(package, read.scripts[package], where)
        if package in read.scripts
        else _kept(package, where)
        for package, where in sorted(packages.items())
    }


def _known(package: str, digest: str, where: str) -> str:
    """Return the hash that a protocol brings along, if that code is here and may be called."""
    if not _is_example(package):
        _need_listed(package, where)
    if not Asset.objects.filter(pk=digest, media_type=ARCHIVE).exists():
        raise NotThisCode(f"{where}: the code {digest[:12]} that this protocol names is not here.")
    return digest


def _kept(package: str, where: str) -> str:
    """Store a package's code as it is now."""
    content = archive(folder_of(package, where))
    return assets.keep(content, media_type=ARCHIVE).pk


def folder_of(package: str, where: str) -> Path:
    """Return the folder of a package that may be called.

    Raises
    ------
    NotThisCode
        It is not on the site's list, or not to be found.
    """
    if _is_example(package):
        return EXAMPLES / package
    _need_listed(package, where)
    own = Path(settings.SCRIPTS) / package
    if (own / "__init__.py").is_file():
        return own
    found = find_spec(package)
    if found is None or not found.origin or Path(found.origin).name != "__init__.py":
        raise NotThisCode(f"{where}: there is no package {package!r} in {settings.SCRIPTS}.")
    return Path(found.origin).parent


def _is_example(package: str) -> bool:
    return (EXAMPLES / package / "__init__.py").is_file()


def _need_listed(package: str, where: str) -> None:
    if package not in settings.SCRIPT_PACKAGES:
        listed = ", ".join(settings.SCRIPT_PACKAGES) or "none"
        raise NotThisCode(
            f"{where}: the package {package!r} may not be called here. Listed are: {listed}.",
            remedy="Ask whoever runs the site to list it.",
        )


def archive(folder: Path) -> bytes:
    """Return a package as an archive; the same files give the same bytes everywhere."""
    made, size = io.BytesIO(), 0
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as box:
        for file in _files(folder):
            content = file.read_bytes()
            size += len(content)
            name = f"{folder.name}/{file.relative_to(folder).as_posix()}"
            box.writestr(zipfile.ZipInfo(name, LONG_AGO), content)
    if size > LARGEST:
        raise NotThisCode(f"{folder.name} has {size:,} bytes; at most {LARGEST:,} are kept.")
    return made.getvalue()


def _files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        inner = file.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inner)
        if file.suffix in KINDS and file.is_file() and not file.is_symlink() and not hidden:
            yield file


def code_of(pins: dict[str, str]) -> Path:
    """Return the folder from which frozen code is imported; it is unpacked when first asked for."""
    return _unpacked(tuple(sorted(pins.items())), Path(settings.SCRIPT_CACHE))


@lru_cache(maxsize=64)
def _unpacked(pins: tuple[tuple[str, str], ...], cache: Path) -> Path:
    folder = cache / sha256(repr(pins).encode()).hexdigest()[:32]
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        _unpack(pins, folder, cache)
    return folder


def _unpack(pins: tuple[tuple[str, str], ...], folder: Path, cache: Path) -> None:
    new = Path(tempfile.mkdtemp(dir=cache, prefix=".new-"))
    try:
        for package, digest in pins:
            with zipfile.ZipFile(storage.here(digest)) as box:
                own = [name for name in box.namelist() if name.startswith(f"{package}/")]
                box.extractall(new, own)
        new.chmod(0o750)
        with suppress(OSError):  # another process was faster
            new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def check(read: Protocol) -> None:
    """Ask each function whether it can be called as the protocol calls it.

    Raises
    ------
    NotThisCode
        It names the place, and what is wrong there.
    """
    for where, use, hook in hooks_of(read):
        outcome = POOL.ask(
            Question(code_of(dict(read.scripts)), hook.call, dict(hook.arguments), use,
                     limit_s=CHECK_S, memory_mb=settings.SCRIPT_MEMORY_MB,
                     folders=tuple(settings.SCRIPT_FOLDERS))
        )  # fmt: skip
        if outcome.error:
            raise NotThisCode(f"{where}: {outcome.error}")
