"""The web server's own environment: no release can replace or prune it."""

import hashlib
import re
import shutil
import sys
from pathlib import Path

from laptop.console import Console, run_logged
from laptop.layout import Clone

REQUIREMENTS = "requirements/server.txt"
DONE = ".complete"


def environment(clone: Clone) -> Path:
    """Return the folder of the environment, addressed by what is in it and by the Python."""
    content = (clone.root / REQUIREMENTS).read_bytes() + sys.version.encode()
    return clone.studium / "server" / hashlib.sha256(content).hexdigest()[:16]


def program(clone: Clone) -> Path:
    return environment(clone) / "bin" / "uwsgi"


def ensure(clone: Clone, console: Console) -> None:
    """Build the environment from a wheel that is compiled once and kept."""
    folder = environment(clone)
    if (folder / DONE).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    with console.step("make the web server's environment"):
        run_logged([sys.executable, "-m", "venv", str(folder)], clone.log)
    wanted = pinned(clone)
    if not _wheel(clone, wanted):
        with console.step(f"compile {wanted} (once)"):
            _compile(clone, folder)
    with console.step(f"install {wanted}"):
        run_logged(
            [*_pip(folder), "install", "--no-index", f"--find-links={clone.wheels}", wanted],
            clone.log,
        )
    (folder / DONE).touch()


def pinned(clone: Clone) -> str:
    found = re.search(r"(?m)^uwsgi==\S+", (clone.root / REQUIREMENTS).read_text())
    if not found:
        raise ValueError(f"{REQUIREMENTS} names no uwsgi")
    return found.group()


def _wheel(clone: Clone, wanted: str) -> bool:
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    name = wanted.replace("==", "-")
    return any(clone.wheels.glob(f"{name}-*{tag}*.whl"))


def _compile(clone: Clone, folder: Path) -> None:
    clone.wheels.mkdir(parents=True, exist_ok=True)
    requirements = str(clone.root / REQUIREMENTS)
    options = [
        "--no-deps",
        "--require-hashes",
        "--use-pep517",
        "-r",
        requirements,
        "-w",
        str(clone.wheels),
    ]
    run_logged([*_pip(folder), "wheel", *options], clone.log)


def _pip(folder: Path) -> list[str]:
    return [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-q"]
