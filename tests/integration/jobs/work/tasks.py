"""Work of every temper, good and bad."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.db import transaction

from common.errors import Busy
from jobs.errors import Stopped
from jobs.models import Job
from jobs.registry import Elsewhere, task


@task("test.add")
def add(progress, *, a, b):
    progress.log(f"adding {a} and {b}")
    return {"sum": a + b, "printable": "a\0b"}


@task("test.sleep", time_limit_s=60, patience_s=5, backoff_s=0.2, portable=True)
def sleep(progress, *, seconds):
    """Ends when it is told to."""
    started = time.monotonic()
    while (gone := time.monotonic() - started) < seconds:
        progress.report(gone, seconds, phase="Sleeping", message=f"{gone:.1f} s")
        time.sleep(0.05)


@task("test.deaf", patience_s=0.5, attempts=1)
def deaf(progress):
    """Never asks whether it should stop; a signal interrupts it."""
    progress.report(phase="Not listening")
    try:
        time.sleep(60)
    finally:
        progress.log("tidied up")


@task("test.stubborn", time_limit_s=1.5, patience_s=0.2, attempts=1)
def stubborn(progress):
    """Catches what tells it to stop, and has a child that does the same."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "600"])
    progress.report(phase="Holding out", message=str(child.pid))
    while True:
        try:
            time.sleep(60)
        except Stopped:
            continue


@task("test.greedy", memory_limit_mb=256)
def greedy(progress):
    progress.report(phase="Eating")
    return len(bytearray(1024 * 1024 * 1024))


@task("test.flaky", attempts=3, backoff_s=0.2)
def flaky(progress, *, good_at):
    tries = progress.folder / "tries"
    count = len(tries.read_text()) + 1 if tries.exists() else 1
    tries.write_text("x" * count)
    if count < good_at:
        raise ValueError(f"not yet: {count}")
    return count


@task("test.poison", attempts=2, backoff_s=0.1)
def poison(_progress):
    os.kill(os.getpid(), signal.SIGKILL)


@task("test.exits", attempts=1)
def exits(_progress):
    sys.exit(3)


@task("test.chatty")
def chatty(progress, *, mebibytes):
    line = "x" * 1023 + "\n"
    for _ in range(1024 * mebibytes):
        sys.stdout.write(line)
    progress.log("the very end")


@task("test.refuse", attempts=3, backoff_s=0.1)
def refuse(_progress):
    raise Busy("The animal is in another session.")


@task("test.not_a_number", attempts=3)
def not_a_number(_progress):
    return {"mean": float("nan")}


@task("test.mark", attempts=3, backoff_s=0.1)
def mark(progress, *, file):
    """Leaves a line: how often it ran is how many there are."""
    with Path(file).open("a") as lines:
        lines.write(f"{progress.job_id}\n")


@task("test.portable", portable=True)
def portable(progress, *, a, b):
    """Says what it knows of the site, and leaves a file."""
    (progress.folder / "order.csv").write_text(f"{a},{b}\n")
    progress.log(f"adding {a} and {b}")
    return {"sum": a + b, "database": settings.DATABASES["default"]["ENGINE"]}


def _packed(*, job, fault=""):
    if fault == "pack":
        raise Busy("The map is gone.")
    return {"a": Job.objects.get(pk=job).priority, "b": 2}


def _unpacked(result, *, job, fault=""):
    if fault == "unpack":
        raise ValueError("cannot be taken in")
    Job.objects.filter(pk=job).update(message=f"taken in: {result['sum']}")
    return {"taken": result["sum"]}


@task("test.with_database", attempts=2, backoff_s=0.1,
      elsewhere=Elsewhere(task="test.portable", pack=_packed, unpack=_unpacked))  # fmt: skip
def with_database(progress, *, job, fault=""):
    """Needs the site, and has a way to be done without it."""
    return _unpacked(portable(progress, **_packed(job=job, fault=fault)), job=job, fault=fault)


@task("test.portable_fault", portable=True, attempts=2, backoff_s=0.1)
def portable_fault(_progress):
    raise ValueError("always")


@task("test.portable_saver", portable=True, attempts=1)
def portable_saver(progress):
    """Saves the best so far, and goes on until it is told to stop."""
    (progress.folder / "best.json").write_text('{"worth": 0.9}')
    while True:
        progress.report(phase="Saving")
        time.sleep(0.05)


@task("test.slow_mark", attempts=3, backoff_s=0.1)
def slow_mark(progress, *, file, seconds):
    """Leaves its line at the very end."""
    progress.report(phase="Taking its time")
    time.sleep(seconds)
    mark(progress, file=file)


@task("test.hold_the_database")
def hold_the_database(progress, *, file):
    """Is in a writing transaction for a while, and reports from inside of it."""
    with transaction.atomic():
        Job.objects.filter(pk=progress.job_id).update(priority=7)
        progress.report(1, 2, phase="Inside")
        while not Path(file).exists():
            progress.check()
            time.sleep(0.05)
    return "committed"
