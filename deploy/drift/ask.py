"""Ask root, from a user that may only ask: a socket each for looking and for repairing.

Nothing is sent: connecting is the whole question, so nothing of who asks reaches root.
"""

import json
import os
import socket
import sys
from collections.abc import Mapping
from typing import Any

from drift import record
from drift.findings import Finding, report

SOCKETS = {False: "/run/studium-drift/check.sock", True: "/run/studium-drift/apply.sock"}
LIMIT_S = 300
UNKNOWN = 2


def main(*, apply: bool, as_json: bool) -> int:
    try:
        told = json.loads(_answer(SOCKETS[apply]))
    except (OSError, ValueError) as error:
        print(
            f"The check for drift does not answer ({error}). On the host: systemctl status "
            "studium-drift-check.socket, journalctl -u 'studium-drift*'; or run the playbook.",
            file=sys.stderr,
        )
        return UNKNOWN
    found = [Finding(**{**one, "diff": tuple(one["diff"])}) for one in told["findings"]]
    print(json.dumps(told) if as_json else "\n".join([*told["said"], report(found)]))
    if apply:
        record.repaired(told["outcome"], told["said"], found, os.environ.get("STUDIUM_WHO", ""))
    return _verdict(told, found)


def _verdict(told: Mapping[str, Any], found: list[Finding]) -> int:
    return 1 if found or told["outcome"] == "undone" else 0


def _answer(path: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(LIMIT_S)
        asked.connect(path)
        parts = []
        while part := asked.recv(65536):
            parts.append(part)
    return b"".join(parts)
