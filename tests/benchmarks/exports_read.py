"""Read one export once, in a process of its own, and print what it took as JSON.

``floor`` is what no export can be faster than by much: the stored texts are read, parsed, and their
values written as CSV, without columns of ours, types, or a thought about what might be in them.
"""

import csv
import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

STATUS = Path("/proc/self/status")


def memory(which: str) -> float:
    """Return what the process has in memory (VmRSS) or had at most (VmHWM), in MB."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(which))
    return int(line.split()[1]) / 1024


def floor() -> Iterator[bytes]:
    asked = "SELECT raw FROM runs_trialevents ORDER BY trial_id"
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(asked)
        while rows := cursor.fetchmany(50):
            buffer = io.StringIO()
            writer = csv.writer(buffer)
            for (raw,) in rows:
                writer.writerows([list(event.values()) for event in json.loads(raw)])
            yield buffer.getvalue().encode()


def asked(file: str, facts: dict[str, Any]) -> Iterator[bytes]:
    """Ask as a program does: its token, the permission and the state of the rows included."""
    client = Client(headers={"authorization": f"Token {facts['token']}"})
    answer = client.get(f"/api/v1/designs/{facts['design']}/exports/{file}")
    if answer.status_code != 200:
        sys.exit(f"{file}: {answer.status_code}")
    yield from answer.streaming_content


def main(file: str, facts: dict[str, Any]) -> None:
    django.setup()
    settings.LIMITS |= {"api-known": (10**9, 60)}
    if file != "floor":  # a site has answered before: what it loads once is not measured
        b"".join(asked("trials.csv?run=none", facts))
    queries = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*arguments)

    Path("/proc/self/clear_refs").write_text("5")  # the highest memory is counted from here
    before, first, size = memory("VmRSS"), 0.0, 0
    began = time.perf_counter()
    with connection.execute_wrapper(count):
        for chunk in floor() if file == "floor" else asked(file, facts):
            if chunk and not first:
                first = time.perf_counter() - began
            size += len(chunk)
    took = time.perf_counter() - began
    grown = memory("VmHWM") - before
    sys.stdout.write(json.dumps({"took": took, "first": first, "bytes": size, "grown": grown,
                                 "queries": queries}))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
