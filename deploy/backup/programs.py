"""Programs of others: pg_dump, psql, git, age. Their last words become the reason."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from backup.errors import BackupError

LAST_LINES = 4
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
        raise BackupError(f"{words[0]} failed: {_reason(done.stderr)}")
    return (done.stdout or b"").decode(errors="replace")


def _reason(output: bytes) -> str:
    if FULL in output.lower():
        return "there is no room left. Free some; the earlier backups are untouched"
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    return " ".join(lines[-LAST_LINES:]) or "it gave no reason"
