"""The developer's environment: tests, linters and fab, addressed by the hash of its lock file."""

import fcntl
import hashlib
import os
import shutil
import sys
from pathlib import Path

from laptop import packages
from laptop.console import Console, run_logged
from laptop.layout import Clone

REQUIREMENTS = "requirements/dev.txt"
DONE = ".complete"
KEPT = 3


def folder(clone: Clone) -> Path:
    content = (clone.root / REQUIREMENTS).read_bytes() + sys.version.encode()
    return clone.state / "environments" / hashlib.sha256(content).hexdigest()[:16]


def ensure(clone: Clone, console: Console) -> Path:
    """Return the environment and the browser libraries beside it, built if need be."""
    place = folder(clone)
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / DONE).exists():
            _build(clone, place, console)
        _browser_libraries(clone, console)
    link(clone, place)
    return place


def _build(clone: Clone, place: Path, console: Console) -> None:
    packages.ensure(packages.DEVELOPMENT, console, log(clone))
    shutil.rmtree(place, ignore_errors=True)
    with console.step("install the developer's tools (once; two minutes)"):
        run_logged([sys.executable, "-m", "venv", str(place)], log(clone))
        pip = [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        wanted = ["--require-hashes", "-r", str(clone.root / REQUIREMENTS)]
        run_logged([*pip, "install", "-q", "--no-input", *wanted], log(clone))
    (place / DONE).touch()
    prune(place.parent)


def prune(folder: Path, keep: int = KEPT) -> None:
    """Remove all but the environments that were built last; each takes half a gigabyte."""
    built = [path.parent for path in folder.glob(f"*/{DONE}")]
    built.sort(key=lambda place: (place / DONE).stat().st_mtime, reverse=True)
    for place in built[keep:]:
        shutil.rmtree(place, ignore_errors=True)
        place.with_suffix(".lock").unlink(missing_ok=True)


def _browser_libraries(clone: Clone, console: Console) -> None:
    mark = clone.root / "node_modules" / ".studium-lock"
    wanted = hashlib.sha256((clone.root / "package-lock.json").read_bytes()).hexdigest()
    if mark.exists() and mark.read_text() == wanted:
        return
    npm = packages.find("npm") or "npm"
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    with console.step("fetch the browser libraries"):
        run_logged([npm, "ci", *flags], log(clone), folder=clone.root)
    mark.write_text(wanted)


def link(clone: Clone, place: Path) -> None:
    """Let .venv name the environment, unless somebody has made one of their own there."""
    link = clone.root / ".venv"
    if link.exists() and not link.is_symlink():
        return
    if not link.is_symlink() or link.readlink() != place:
        draft = clone.root / f".venv.{os.getpid()}"
        draft.symlink_to(place)
        draft.replace(link)


def log(clone: Clone) -> Path:
    return clone.state / "logs" / "environment.log"


def variables(clone: Clone, place: Path) -> dict[str, str]:
    """Return the environment of a developer's tool: its programs first, our sources on the path."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    own["PATH"] = f"{place / 'bin'}:{own.get('PATH', '')}:/usr/sbin:/sbin"
    own["PYTHONPATH"] = f"{clone.root / 'app'}:{clone.root / 'deploy'}"
    own.pop("PYTHONDONTWRITEBYTECODE", None)
    return own
