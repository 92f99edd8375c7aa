"""``make lock``: compile requirements/*.in to *.txt with hashes, and npm's lock file."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from laptop import packages
from laptop.console import Console, run_logged
from laptop.layout import Clone

ORDER = ("base", "deployed", "test", "lint", "dev", "server")
FLAGS = ("--generate-hashes", "--no-emit-index-url", "--custom-compile-command", "make lock")


def lock(clone: Clone, place: Path, env: Mapping[str, str], console: Console) -> None:
    """Write no address of a package index; the machine's own configuration names one."""
    folder = clone.root / "requirements"
    python = str(Path("/usr/bin/python3"))
    log = clone.state / "logs" / "lock.log"
    for name in ORDER:
        words = [str(place / "bin" / "uv"), "pip", "compile", "-q", "--python", python, *FLAGS]
        with console.step(f"requirements/{name}.txt"):
            run_logged([*words, f"{name}.in", "-o", f"{name}.txt"], log, env=env, folder=folder)
    with console.step("package-lock.json"):
        npm = packages.find("npm") or "npm"
        run_logged(
            [npm, "install", "--package-lock-only", "--ignore-scripts"], log, folder=clone.root
        )
    changed = subprocess.run(
        ["git", "-C", str(clone.root), "diff", "--stat", "--", "requirements", "package-lock.json"],
        check=False,
        capture_output=True,
        text=True,
    )
    console.say(changed.stdout or "   nothing changed")
