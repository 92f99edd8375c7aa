"""Programs of others: pg_dump, psql, git, age. Their last words become the reason."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from backup.errors import BackupError

LAST_LINES = 6
NOISE = "age: report unexpected"
FULL = b"no space left on device"
PLAIN = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "HOME": "/"}


def run(
    words: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> str:
    """Run to the end and return what was printed; raise with the reason when it failed."""
    done = subprocess.run(
        [str(word) for word in words],
        env=PLAIN | dict(env or {}),
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{_name(words)} failed: {_reason(done.stderr)}")
    return (done.stdout or b"").decode(errors="replace")


def _name(words: Sequence[str | Path]) -> str:
    """Return the program itself, behind what makes it another user's."""
    said = [str(word) for word in words]
    rest = said[said.index("--") + 1 :] if said[0] == "runuser" else said
    return next(word for word in rest if word != "env" and "=" not in word)


def _reason(output: bytes) -> str:
    if FULL in output.lower():
        return "there is no room left. Free some; the earlier backups are untouched"
    told = output.decode(errors="replace").splitlines()
    lines = [line for line in told if line.strip() and not line.startswith(NOISE)]
    return " ".join(lines[-LAST_LINES:]) or "it gave no reason"
