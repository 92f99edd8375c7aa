"""What systemd and cron do on a server: keep a worker running, and runcrons each minute.

One keeper per site, a process of its own, without root.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from laptop.daemons import Daemon, clean_environment
from laptop.emperor import digest
from laptop.layout import Clone
from pipeline.site import Site

LOOK_S = 0.2
LONGEST_LOG = 20_000_000  # bytes
LEAST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
CRON_S = 60


def daemon(clone: Clone, site: Site) -> Daemon:
    return Daemon(
        name=f"keeper of {site.name}",
        argv=[sys.executable, "-m", "laptop", "keep", str(site.file), "--version", version()],
        pid_file=site.run / "keeper.pid",
        markers=(f"-m laptop keep {site.file} ",),
        log=site.logs / "keeper.log",
        env={"PYTHONPATH": str(clone.root / "deploy"), "PYTHONUNBUFFERED": "1"},
    )


def version() -> str:
    """Return a mark of this code, so that `make up` sees a keeper of an older one."""
    return digest(*sorted(Path(__file__).parent.glob("*.py")))


def ensure(clone: Clone, site: Site) -> None:
    running = daemon(clone, site)
    if running.is_outdated():
        running.stop(float(site.facts["release"]["end_s"]))
    running.start()


def worker(site: Site) -> Daemon:
    """Return the worker as a process that one can look for; the keeper alone starts it."""
    return Daemon(
        name=f"worker of {site.name}",
        argv=[str(site.root / "bin" / "manage"), "worker"],
        pid_file=site.run / "worker.pid",
        markers=(f" {site.root}/", "manage.py worker "),
        log=site.logs / "worker.log",
    )


@dataclass
class Pace:
    """How long to wait before the next start: longer after each bad end."""

    pause_s: float = LEAST_PAUSE_S

    def after(self, code: int, ran_s: float) -> float:
        steady = code == 0 or ran_s > STEADY_S
        self.pause_s = LEAST_PAUSE_S if steady else min(self.pause_s * 2, LONGEST_PAUSE_S)
        return self.pause_s


class Keeper:
    """The loop of one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.pace = Pace()
        self.worker: subprocess.Popen[bytes] | None = None
        self.cron: subprocess.Popen[bytes] | None = None
        self.worker_began = self.worker_due = time.monotonic()
        self.cron_due = time.time()  # a new site has its first backup at once
        self.ending = False

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        (self.site.run / "keeper.pid").write_text(f"{os.getpid()}\n")
        self._end_orphan()
        while not self.ending:
            if self.site.live_release():
                self._keep_worker()
                self._tick_cron()
            time.sleep(LOOK_S)
        self._end_children()

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self.ending = True

    def _end_orphan(self) -> None:
        """End a worker that outlived a killed keeper: nobody would restart it on a release."""
        if worker(self.site).stop(limit_s=float(self.site.facts["release"]["end_s"])):
            say("ended a worker whose keeper was gone")

    def _keep_worker(self) -> None:
        if self.worker is not None:
            code = self.worker.poll()
            if code is None:
                return
            pause_s = self.pace.after(code, time.monotonic() - self.worker_began)
            say(f"worker ended with {code}; the next one starts in {pause_s:.1f} s")
            self.worker, self.worker_due = None, time.monotonic() + pause_s
        if time.monotonic() >= self.worker_due:
            self.worker, self.worker_began = self._start("worker"), time.monotonic()
            (self.site.run / "worker.pid").write_text(f"{self.worker.pid}\n")
            say(f"worker {self.worker.pid} started on {self.site.live_release()}")

    def _tick_cron(self) -> None:
        if self.cron is not None and (code := self.cron.poll()) is not None:
            self.cron = None
            if code:
                say(f"runcrons ended with {code}; see cron.log")
        if time.time() >= self.cron_due and self.cron is None:
            self.cron = self._start("runcrons", log="cron")
            self.cron_due = next_minute(time.time())
            for log in long_lived_logs(self.site):
                shorten(log)

    def _start(self, command: str, log: str = "") -> subprocess.Popen[bytes]:
        program = self.site.root / "bin" / "manage"
        with (self.site.logs / f"{log or command}.log").open("ab") as out:
            return subprocess.Popen(
                [str(program), command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=clean_environment(),
            )

    def _end_children(self) -> None:
        children = [child for child in (self.worker, self.cron) if child and child.poll() is None]
        for child in children:
            child.terminate()
        deadline = time.monotonic() + float(self.site.facts["release"]["end_s"])
        for child in children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
        for name in ("worker.pid", "keeper.pid"):
            (self.site.run / name).unlink(missing_ok=True)


def long_lived_logs(site: Site) -> list[Path]:
    """Return the logs that no release ends: our own, the emperor's and the front's."""
    own = [site.logs / f"{name}.log" for name in ("keeper", "worker", "cron", "emperor")]
    return [*own, *(site.root.parent / "front").glob("*.log")]


def shorten(log: Path, limit: int = LONGEST_LOG) -> None:
    """Keep one former log; the writers append, so that an emptied file goes on from its start."""
    if log.exists() and log.stat().st_size > limit:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def next_minute(now: float) -> float:
    return (now // CRON_S + 1) * CRON_S


def say(text: str) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}", flush=True)
