"""Scheduled jobs for tests that start real processes."""

import os
import time
from datetime import timedelta
from pathlib import Path

from ops.cron import ScheduledJob


class Sleepy(ScheduledJob):
    """Says that it has begun, and sleeps."""

    code = "test.sleepy"
    label = "Sleep"
    every = timedelta(minutes=5)
    limit = timedelta(seconds=60)

    def work(self):
        with (Path(os.environ["STUDIUM_STATE"]) / "begun").open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(float(os.environ.get("SLEEP_S", "0")))
        return "slept"


class Slow(Sleepy):
    code = "test.slow"
    slow = timedelta(seconds=0.1)


class Failing(ScheduledJob):
    code = "test.failing"
    label = "Fail"
    every = timedelta(minutes=5)

    def work(self):
        raise RuntimeError("no luck with token=sentinel-token-value")


class Endless(ScheduledJob):
    code = "test.endless"
    label = "Never end"
    every = timedelta(minutes=5)
    limit = timedelta(seconds=0.5)

    def work(self):
        while True:
            try:
                time.sleep(10)
            except Exception:  # noqa: BLE001, S112  the careless job that this is
                continue
