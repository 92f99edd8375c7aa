"""What happened to a site: one row per attempt, appended only, each chained to the one before.

A row is one JSON object a line. ``hash`` is the SHA-256 of the row without it, and ``previous`` is
the hash of the row before, so that a changed, removed or inserted row shows.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Any

from pipeline.errors import Refused
from pipeline.identity import user

Row = dict[str, Any]
START = "0" * 64


def append(path: Path, facts: Mapping[str, Any]) -> Row:
    """Add one row and return it as written; two writers take turns."""
    with path.open("a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        content = file.read()
        last = _last_row(content)
        row: Row = {"n": last["n"] + 1 if last else 1, **_writable(facts)}
        row["previous"] = last["hash"] if last else START
        row["hash"] = _digest(row)
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        # a power cut may have left half a line; it stays, and verify() reports it
        _add(file, line if content.endswith(b"\n") or not content else b"\n" + line)
    return row


def _add(file: FileIO, line: bytes) -> None:
    """Add the line or, on a full disk, nothing of it."""
    end = file.seek(0, os.SEEK_END)
    try:
        while line:
            line = line[file.write(line) :]
        os.fsync(file.fileno())
    except OSError:
        file.truncate(end)
        raise


def _writable(facts: Mapping[str, Any]) -> Row:
    """Return the facts without what is no text, such as bytes of a terminal that is not UTF-8."""
    return dict(json.loads(json.dumps(facts, ensure_ascii=False).encode(errors="replace")))


def check_writable(path: Path) -> None:
    """Raise Refused when the next row could not be written."""
    try:
        path.open("ab").close()
    except OSError as error:
        raise Refused(
            f"The ledger cannot be written ({error}), and nothing happens that it does not record. "
            f"Make {path} a file that {user()} may write."
        ) from None


def read(path: Path) -> list[Row]:
    """Return the rows, the oldest first; lines that are no rows are left out."""
    if not path.exists():
        return []
    rows = (_row(line) for line in path.read_bytes().splitlines())
    return [row for row in rows if row]


def verify(path: Path) -> list[str]:
    """Return what is wrong with the chain, one sentence each; nothing when it is whole."""
    faults: list[str] = []
    expected = START
    lines = path.read_bytes().splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        row = _row(line)
        if row is None:
            faults.append(f"Line {number} is not a row.")
            continue
        if row["previous"] != expected:
            faults.append(f"Line {number}: a row before it was changed, removed or inserted.")
        if row["hash"] != _digest(row):
            faults.append(f"Line {number} was changed after it was written.")
        expected = row["hash"]
    return faults


def pending(rows: Sequence[Row]) -> list[str]:
    """Return the late migrations that the last row about them left pending."""
    for row in reversed(rows):
        told = row.get("migrations") or {}
        if row.get("outcome") in {"live", "finished", "pending"} and (
            told.get("late") or told.get("pending")
        ):
            return list(told.get("pending") or [])
    return []


def _last_row(content: bytes) -> Row | None:
    rows = (_row(line) for line in reversed(content.splitlines()))
    return next((row for row in rows if row), None)


def _row(line: bytes) -> Row | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and {"n", "hash", "previous"} <= set(row) else None


def _digest(row: Mapping[str, Any]) -> str:
    signed = {key: value for key, value in row.items() if key != "hash"}
    return hashlib.sha256(json.dumps(signed, sort_keys=True).encode()).hexdigest()
