"""``make bench-releases``: releases and rollbacks of a site under load; nothing may fail.

100 requests a second for the whole time, half of them on connections that are kept, and always one
request of 8 s in flight. Waiting counts from the moment at which a request was due, so that a stall
shows in every request behind it.
"""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.benchmarks.load import Load, percentile
from tests.pipeline import ground as grounds
from tests.pipeline.ground import Ground, Told

DEPLOYS, ROLLBACKS, RATE = 10, 3, 100.0
MEBIBYTE = 1024 * 1024
# What a release may cost: seconds and mebibytes.
PUSH_S, ROLLBACK_S, DISK_MB = 10.0, 2.0, 20.0


@dataclass
class Report:
    """What was measured, and what of it is worse than it may be."""

    pushes: list[float] = field(default_factory=list)
    pushes_live: list[float] = field(default_factory=list)
    rollbacks: list[float] = field(default_factory=list)
    disk_mb: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.lines.append(line)
        print(line, flush=True)  # noqa: T201  a benchmark's job is to print


def release(ground: Ground, report: Report, number: int) -> None:
    ground.work.write("app/bench/NUMBER", f"{number}\n")
    ground.work.commit(f"Release {number}")
    before = disk(ground.site.root)
    told = ground.work.push()
    report.disk_mb.append((disk(ground.site.root) - before) / MEBIBYTE)
    report.pushes.append(told.seconds)
    report.pushes_live.append(_seconds_to_live(ground))
    _expect(report, told, f"push {number}")


def _seconds_to_live(ground: Ground) -> float:
    """Return the seconds of all steps up to the switch, as the ledger has them."""
    steps = [(step["name"], step["seconds"]) for step in ground.rows[-1]["steps"]]
    names = [name for name, _ in steps]
    until = names.index("switch") + 1 if "switch" in names else len(names)
    return sum(seconds for _, seconds in steps[:until])


def roll_back(ground: Ground, report: Report, number: int) -> None:
    told = ground.pipeline("rollback", "--reason", "benchmark")
    report.rollbacks.append(told.seconds)
    _expect(report, told, f"rollback {number}")
    grounds.wait_until(ground.is_settled, limit_s=60, what="the end of the rollback")
    ground.work.back_to(ground.branch)


def _expect(report: Report, told: Told, what: str) -> None:
    report.say(f"  {what:<12} {told.seconds:6.2f} s")
    if told.code:
        report.broken.append(f"{what} failed:\n{told.text}")


def disk(folder: Path) -> int:
    """Return the bytes under ``folder``, every file once."""
    seen = {}
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # the site goes on working, and tidies up, meanwhile
                facts = (Path(path) / name).lstat()
                seen[facts.st_dev, facts.st_ino] = facts.st_blocks * 512
    return sum(seen.values())


def sequence(deploys: int, rollbacks: int) -> list[Callable[[Ground, Report, int], None]]:
    """Return what happens in turn, the rollbacks spread among the deploys."""
    steps: list[Callable[[Ground, Report, int], None]] = [release] * deploys
    for number in range(rollbacks):
        steps.insert((number + 1) * (deploys + rollbacks) // (rollbacks + 1), roll_back)
    return steps


def drive(ground: Ground, report: Report, given: argparse.Namespace) -> Load:
    with Load(ground.port, given.rate) as load:
        for number, step in enumerate(sequence(given.deploys, given.rollbacks), start=1):
            step(ground, report, number)
    return load


def judge(report: Report, load: Load) -> None:
    waits = [sample.seconds for sample in load.samples]
    faults = [sample.fault for sample in [*load.samples, *load.slow] if sample.fault]
    report.say(f"\nrequests      {len(load.samples)} quick, {len(load.slow)} slow")
    report.say(f"failed        {len(faults)}")
    report.say(f"p50           {percentile(waits, 0.5) * 1000:.1f} ms")
    report.say(f"p99           {percentile(waits, 0.99) * 1000:.1f} ms")
    report.say(f"longest wait  {max(waits, default=0) * 1000:.0f} ms from when it was due")
    report.say(
        f"push          median {median(report.pushes):.2f} s, worst {max(report.pushes):.2f} s"
    )
    report.say(
        f"  until live  median {median(report.pushes_live):.2f} s, "
        f"worst {max(report.pushes_live):.2f} s (goal: under {PUSH_S:g} s)"
    )
    if report.rollbacks:
        report.say(
            f"rollback      median {median(report.rollbacks):.2f} s, "
            f"worst {max(report.rollbacks):.2f} s (goal: under {ROLLBACK_S:g} s)"
        )
    report.say(f"disk          {max(report.disk_mb):.1f} MB a release (goal: under {DISK_MB:g} MB)")
    for fault in sorted(set(faults)):
        report.broken.append(f"{faults.count(fault)} requests: {fault}")
    if max(report.disk_mb) >= DISK_MB:
        report.broken.append("A code-only release takes too much of the disk.")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deploys", type=int, default=DEPLOYS)
    parser.add_argument("--rollbacks", type=int, default=ROLLBACKS)
    parser.add_argument("--rate", type=float, default=RATE, help="requests a second")
    given = parser.parse_args(argv)
    report = Report()
    report.say("building a site (the first time: a minute or two) …")
    with grounds.built(with_keeper=True) as ground:
        grounds.add_bench(ground.work)
        first = ground.work.push()
        report.say(f"  first push   {first.seconds:6.2f} s, its environment included")
        load = drive(ground, report, given)
    judge(report, load)
    for line in report.broken:
        report.say(f"BROKEN: {line}")
    report.say("0 failed" if not report.broken else "the benchmark FAILED")
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
