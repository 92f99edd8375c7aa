"""``make bench-exports``: a million events of six values, written out in every form.

Each form is read as a program reads it, in a process of its own, alternating with a plain floor, on
PostgreSQL and on SQLite. A line has events a second (the median), the time to the first byte, how
much memory grew at most, and how many questions the database was asked.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests import postgres
from tests.benchmarks.bench_lab import MEMORY, SOURCE, environment, say

FILES = {"events.csv": 60_000, "joined.csv": 0, "events.tsv": 0, "events.jsonl": 100_000,
         "joined.jsonl": 0, "events.parquet": 100_000, "joined.parquet": 0}  # fmt: skip
FLOOR = "floor"
MOST_FIRST_S, MOST_GROWN_MB = 0.5, 100
FILL = """
import django, json
django.setup()
from tests.benchmarks import exports_fill
print(json.dumps(exports_fill.fill({events}, {each})))
"""


def hardware() -> str:
    models = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    name = models[0].partition(":")[2].strip() if models else platform.processor()
    memory = Path("/proc/meminfo").read_text().split()[1]
    python = platform.python_version()
    return f"{os.cpu_count()} of {name}, {int(memory) // 1024**2} GB, Python {python}"


def filled(url: str, events: int, each: int) -> dict[str, Any]:
    around = environment(url)
    manage = [sys.executable, str(SOURCE / "app" / "manage.py"), "migrate", "--verbosity", "0",
              "--skip-checks"]  # fmt: skip
    subprocess.run(manage, env=around, check=True)
    program = FILL.format(events=events, each=each)
    done = subprocess.run([sys.executable, "-c", program], env=around, check=True,
                          stdout=subprocess.PIPE, text=True)  # fmt: skip
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def read(url: str, file: str, facts: dict[str, Any]) -> dict[str, float]:
    words = [sys.executable, "-m", "tests.benchmarks.exports_read", file, json.dumps(facts)]
    done = subprocess.run(
        words, env=environment(url), check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _said(file: str, rounds: list[dict[str, float]], events: int) -> list[str]:
    """Print a line, and return what of it is not as good as it has to be."""
    rate = events / median(one["took"] for one in rounds)
    first, grown = median(one["first"] for one in rounds), max(one["grown"] for one in rounds)
    wrong = {
        f"below {FILES.get(file, 0):,}": rate < FILES.get(file, 0),
        "late": file != FLOOR and first > MOST_FIRST_S,
        "large": file != FLOOR and grown > MOST_GROWN_MB,
    }
    faults = [word for word, is_so in wrong.items() if is_so]
    say(f"{file:16}{rate:12,.0f}{first * 1000:10.0f}{grown:10.0f}{rounds[0]['queries']:9.0f}"
        f"{rounds[0]['bytes'] / 1e6:9.0f}  {' '.join(faults)}")  # fmt: skip
    return faults


def measure(url: str, given: argparse.Namespace) -> bool:
    facts = filled(url, given.events, given.each)
    say(f"{facts['events']:,} events in {facts['trials']:,} trials, {url.partition(':')[0]}")
    say(f"{'':16}{'events/s':>12}{'first ms':>10}{'grown MB':>10}{'queries':>9}{'MB':>9}")
    files = [FLOOR, *(file for file in FILES if given.only in file)]
    rounds: dict[str, list[dict[str, float]]] = {file: [] for file in files}
    for _ in range(given.rounds):
        for file in files:
            rounds[file].append(read(url, file, facts))
    faults = [_said(file, rounds[file], facts["events"]) for file in files]
    return not any(faults)


@contextmanager
def databases() -> Iterator[list[str]]:
    with (
        postgres.server(**MEMORY) as url,
        tempfile.TemporaryDirectory(prefix="studium-exports-") as folder,
    ):
        yield [url, f"sqlite:///{folder}/exports.sqlite3"]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=100, help="events of a trial")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="files whose name holds this")
    given = parser.parse_args(argv)
    say(hardware())
    with databases() as urls:
        return 1 if [url for url in urls if not measure(url, given)] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
