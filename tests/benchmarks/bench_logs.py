"""``make bench-logs``: clients of 2025 log as fast as they can, one by one and many at once.

Server and PostgreSQL (which waits for the disk at every commit) share two cores; the clients have
the others. Each client has several logs under way, as the real one fires them. At the end every log
that was acknowledged must be stored, once, and no run may have a gap.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests import postgres
from tests.benchmarks.bench_lab import MEMORY, SOURCE, say, serving
from tests.benchmarks.bench_lab import environment as surroundings
from tests.benchmarks.bench_runs import CORES, DURABLE, HEAD, Reply, Site, cpu_s, on, said

MEDIA_TYPE = "application/vnd.api+json"
PORT = 8793
RECORDED = "log-server 4.1.0 on two cores: 60 to 200 logs/s, 67 with 16 runs of 4 at once"
FILL = """
import django, json
django.setup()
from tests.factories import accounts, lightmill
lightmill.host(accounts.project(accounts.lab("Alder")))
print(json.dumps(lightmill.basic("hanna")))
"""
STORED = """
import django, json
django.setup()
from factorial.models import LogRun
from runs.models import Trial
print(json.dumps({
    "logs": Trial.objects.count(),
    "different": Trial.objects.values("visit", "index").distinct().count(),
    "confirmed": sum(LogRun.objects.values_list("last_number", flat=True)),
}))
"""
VALUES = {"technique": "mouse", "size": 32, "duration": 412.5, "hit": True, "x": 100, "y": 200,
          "date": "2025-01-01T00:00:00.000Z"}  # fmt: skip


class Person:
    """One client with a session, a run, and the number of its next log."""

    def __init__(self, site: Site) -> None:
        self.site, self.cookie, self.run, self.next, self.told = site, "", "", 1, 0

    async def ask(self, kind: str, head: str, body: Any = None, *more: str) -> Reply:
        sent = json.dumps(body).encode() if body is not None else b""
        lines = (f"Cookie: lightmill-session-id={self.cookie}", *more)
        path = head.replace(" ", " /lightmill", 1)
        reply = await self.site.ask(kind, time.monotonic(), path, sent, *lines)
        if reply is None or reply.status >= 400:
            raise RuntimeError(f"{head}: {reply}")
        return reply

    async def sign_in(self, role: str, *more: str) -> None:
        body = {"data": {"type": "sessions", "attributes": {"role": role}}}
        reply = await self.ask("session", "POST /sessions", body, *more)
        self.cookie = reply.headers["set-cookie"].partition("=")[2].partition(";")[0]

    async def begin(self, experiment: str) -> None:
        await self.sign_in("participant")
        related = {"experiment": {"data": {"type": "experiments", "id": experiment}}}
        attributes = {"name": None, "status": "running"}
        data = {"type": "runs", "attributes": attributes, "relationships": related}
        reply = await self.ask("run", "POST /runs", {"data": data})
        self.run = json.loads(reply.body)["data"]["id"]

    def _logs(self, count: int) -> list[dict[str, Any]]:
        first, self.next = self.next, self.next + count
        return [{"number": number, "logType": "trial", "values": VALUES}
                for number in range(first, self.next)]  # fmt: skip

    async def add(self) -> None:
        """Send the next log; `told` counts what is acknowledged."""
        data = {"type": "logs", "attributes": self._logs(1)[0], "relationships": self._related()}
        await self.ask("log", "POST /logs", {"data": data})
        self.told += 1

    async def add_many(self, count: int) -> None:
        logs = {"logs": self._logs(count)}
        data = {"type": "batches", "attributes": logs, "relationships": self._related()}
        await self.ask("batch", "POST /logs/batch", {"data": data})
        self.told += count

    def _related(self) -> dict[str, Any]:
        return {"run": {"data": {"type": "runs", "id": self.run}}}


async def until(limit: float, act: Callable[[], Awaitable[None]]) -> None:
    while time.monotonic() < limit:
        await act()


async def rate(
    name: str, people: list[Person], folder: str, acts: list[Callable[[], Awaitable[None]]],
    seconds: float,
) -> None:  # fmt: skip
    """Let all act for a while, and say how many logs were acknowledged a second."""
    before, used, began = sum(one.told for one in people), cpu_s(folder), time.monotonic()
    await asyncio.gather(*(until(began + seconds, act) for act in acts))
    took = time.monotonic() - began
    count = sum(one.told for one in people) - before
    used = cpu_s(folder) - used
    say(f"{name:34}{count / took:9.0f} logs/s   ({1000 * used / max(count, 1):.2f} ms of a core)")


async def sitting(given: argparse.Namespace, basic: str, site: Site, folder: str) -> list[Person]:
    host = Person(site)
    await host.sign_in("host", f"Authorization: {basic}")
    body = {"data": {"type": "experiments", "attributes": {"name": "bench"}}}
    reply = await host.ask("experiment", "POST /experiments", body)
    experiment = json.loads(reply.body)["data"]["id"]
    people = [Person(site) for _ in range(given.runs)]
    await asyncio.gather(*(person.begin(experiment) for person in people))
    alone, many = [people[0].add], [one.add for one in people for _ in range(given.at_once)]
    await rate("1 run, one by one", people, folder, alone, given.seconds / 3)
    await rate(f"{given.runs} runs, {given.at_once} at once", people, folder, many, given.seconds)
    batches = [lambda one=one: one.add_many(given.batch) for one in people]  # type: ignore[misc]
    name = f"{given.runs} runs, batches of {given.batch}"
    await rate(name, people, folder, batches, given.seconds)
    for kind, accept in (("CSV", "text/csv"), ("JSON", MEDIA_TYPE)):
        await export(kind, accept, host, sum(one.told for one in people))
    return people


async def export(kind: str, accept: str, host: Person, count: int) -> None:
    """Read all logs, and say how fast they came and after which time the first of them did."""
    before, began = peak_mb(anew=True), time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", host.site.port)
    head = ["GET /lightmill/logs HTTP/1.1", "Host: 127.0.0.1", "Connection: close",
            f"Accept: {accept}", f"Cookie: lightmill-session-id={host.cookie}", "", ""]  # fmt: skip
    writer.write("\r\n".join(head).encode())
    await reader.read(1)
    first, size = time.monotonic() - began, 1
    while piece := await reader.read(2**20):
        size += len(piece)
    writer.close()
    took = time.monotonic() - began
    told = f"first byte after {1000 * first:.0f} ms, {size / 2**20:.0f} MB"
    told += f", memory {before:.0f} MB and {peak_mb() - before:.0f} more"
    say(f"{kind + ' of all':34}{count / took:9.0f} logs/s   ({told})")


def peak_mb(*, anew: bool = False) -> float:
    """Return what the web server's processes have needed of memory at most, since it was reset."""
    found = 0
    for process in web_processes():
        if anew:
            (process / "clear_refs").write_text("5")
        lines = (process / "status").read_text().splitlines()
        found += int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    return found / 1024


def web_processes() -> list[Path]:
    """Return the master, which says its port, and its children, which say what they answer."""
    above: dict[str, str] = {}
    masters = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            above[process.name] = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if f":{PORT}" in (process / "cmdline").read_text():
                masters.add(process.name)
    return [Path("/proc", pid) for pid, parent in above.items() if {pid, parent} & masters]


def verdict(people: list[Person], stored: dict[str, int], site: Site) -> int:
    told = sum(one.told for one in people)
    say(HEAD)
    for kind, one in site.told.items():
        say(one.line(kind))
    say(f"acknowledged {told}, stored {stored['logs']}, different {stored['different']}, "
        f"confirmed without a gap {stored['confirmed']}")  # fmt: skip
    return int(set(stored.values()) != {told})


def hardware() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return f"{(names or [platform.machine()])[0]}, {os.cpu_count()} cores, {CORES} for the server"


def run(given: argparse.Namespace) -> int:
    cores = sorted(os.sched_getaffinity(0))
    say(hardware())
    say(RECORDED)
    with on(set(cores[:CORES])), postgres.server(given.folder, **MEMORY, **DURABLE) as url:
        manage = [sys.executable, str(SOURCE / "app" / "manage.py"), "migrate", "-v0",
                  "--skip-checks"]  # fmt: skip
        subprocess.run(manage, env=surroundings(url), check=True)
        basic = said(url, FILL)
        with serving(url, given.port):
            os.sched_setaffinity(0, cores[CORES:] or cores)
            site = Site(given.port, MEDIA_TYPE)
            people = asyncio.run(sitting(given, basic, site, url.partition("host=")[2]))
        return verdict(people, said(url, STORED), site)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=16)
    parser.add_argument("--at-once", type=int, default=4, help="logs under way in each run")
    parser.add_argument("--batch", type=int, default=1000, help="logs in each batch")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--folder", type=Path, default=Path("/tmp"), help="for the database")
    return run(parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
