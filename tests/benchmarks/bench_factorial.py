"""``make bench-factorial``: what clients of LightMill's server of 2020 get from this one.

Server and PostgreSQL (which waits for the disk at every commit) share two cores, as that server was
measured on two; the clients have the others. Beside each figure is that of the server of 2020,
measured once on another machine: compare the order of magnitude.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import postgres
from tests.benchmarks.bench_exports import hardware
from tests.benchmarks.bench_lab import MEMORY, SOURCE, environment, say, serving
from tests.benchmarks.bench_runs import CORES, DURABLE, HEAD, Reply, Told, on, read, said
from tests.benchmarks.load import percentile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

API = "/lightmill/2020/api"
PORT = 8793
LIMIT_S = 60
RUNS, TRIALS = 40, 200  # of the design that is posted to; two blocks
OLD = {"100 events, 1 client": 5.3, "100 events, 4 clients": 7.6, "5000 events, 1 client": 0.1}
GOALS = {"100 events, 1 client": 20 * 5, "5000 events, 1 client": 50 * 0.1}
FILL = """
import django, json, time
django.setup()
from tests.factories import accounts, designs as make
from factorial.services import designs
from touchstone import xml
project = accounts.project(accounts.lab("Alder"))
make.design(project, runs={runs}, blocks=2, trials={trials})
large = xml.write(make.plan("large", runs=30, blocks=11, trials=30)).encode()
began = time.perf_counter()
designs.import_design(project=project, document=large, by=None)
print(json.dumps({{"kb": len(large) // 1024, "s": time.perf_counter() - began}}))
"""
STORED = """
import django, json
django.setup()
from runs.models import Trial, TrialEvents, Variant
from django.db.models import Sum
print(json.dumps({"trials": Trial.objects.count(), "variants": Variant.objects.count(),
    "events": TrialEvents.objects.aggregate(n=Sum("count"))["n"]}))
"""


class Site:
    """Asks the site as those clients do, each on a connection that it keeps, and keeps count."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.told: dict[str, Told] = {}

    async def ask(self, kind: str, path: str, body: bytes | None = None) -> Any:
        told, began = self.told.setdefault(kind, Told()), time.monotonic()
        reply = await asyncio.wait_for(self._asked(path, body), LIMIT_S)
        told.waited.append((time.monotonic() - began) * 1000)
        told.queries = max(told.queries, int(reply.headers.get("x-queries", 0)))
        if reply.status >= 400:
            told.faults[str(reply.status)] += 1
        return json.loads(reply.body)

    async def _asked(self, path: str, body: bytes | None) -> Reply:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            method = "GET" if body is None else "POST"
            lines = [f"{method} {API}/{path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close",
                     "Content-Type: application/json", f"Content-Length: {len(body or b'')}",
                     "", ""]  # fmt: skip
            writer.write("\r\n".join(lines).encode() + (body or b""))
            return read(await reader.read())
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


class Page:
    """A client that does a run, one trial after another."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.run = self.token = ""
        self.done = 0

    async def begin(self) -> None:
        found = await self.site.ask("available", "experiment/pointing/available_run")
        self.run = found["id"]
        locked = await self.site.ask("lock", f"run/pointing/{self.run}/lock")
        self.token = locked["token"]

    async def post(self, kind: str, events: int) -> None:
        block, number = divmod(self.done, TRIALS)
        measures = {"trial": {"duration": 412, "hit": True}, "events": happenings(events)}
        body = json.dumps({"token": self.token, "measures": measures}).encode()
        await self.site.ask(kind, f"trial/pointing/{self.run}/{block}/{number}", body)
        self.done += 1


def happenings(count: int) -> list[dict[str, Any]]:
    """Return events of six values each."""
    return [
        {"pointer": {"x": number / 2, "y": 300.5}, "t": 16 * number, "kind": "move", "state": "in",
         "n": number}
        for number in range(count)
    ]  # fmt: skip


async def posting(site: Site, kind: str, *, clients: int, events: int, seconds: float) -> float:
    """Let so many clients post for a while; return how many trials a second the site took."""
    pages = [Page(site) for _ in range(clients)]
    await asyncio.gather(*(page.begin() for page in pages))
    began, until = time.monotonic(), time.monotonic() + seconds

    async def play(page: Page) -> None:
        while time.monotonic() < until and page.done < 2 * TRIALS:
            await page.post(kind, events)

    await asyncio.gather(*(play(page) for page in pages))
    rate = sum(page.done for page in pages) / (time.monotonic() - began)
    old = f" (2020: {OLD[kind]}, so {rate / OLD[kind]:.0f} times as many)" if kind in OLD else ""
    say(f"{kind:28} {rate:8.1f} trials/s, {rate * events:10,.0f} events/s{old}")
    return rate


async def beside(site: Site, seconds: float) -> float:
    """Let one client post 5,000 events a trial while eight others post; return what it gets."""
    name = "others meanwhile"
    large = posting(site, "5000 events, 1 client", clients=1, events=5000, seconds=seconds)
    others = paced(site, name, clients=8, seconds=seconds)
    rate, _ = await asyncio.gather(large, others)
    p95 = percentile(site.told[name].waited, 0.95)
    say(f"{name:28} p95 {p95:.0f} ms, of eight clients at two trials a second each "
        "(2020: everybody waits 10 s)")  # fmt: skip
    return rate


async def paced(site: Site, name: str, *, clients: int, seconds: float) -> None:
    """Let clients post a trial each half second, as people do at the fastest."""
    pages = [Page(site) for _ in range(clients)]
    await asyncio.gather(*(page.begin() for page in pages))

    async def play(page: Page, wait: float) -> None:
        await asyncio.sleep(wait)
        for _ in range(int(2 * seconds)):
            due = time.monotonic() + 0.5
            await page.post(name, 10)
            await asyncio.sleep(due - time.monotonic())

    await asyncio.gather(*(play(page, number / clients / 2) for number, page in enumerate(pages)))


async def all_of_it(site: Site, given: argparse.Namespace) -> dict[str, float]:
    found: dict[str, float] = {}
    rates: list[tuple[str, Callable[[], Awaitable[float]]]] = [
        (f"{events} events, {clients} client{'s' * (clients > 1)}", lambda c=clients, e=events: (  # type: ignore[misc]
            posting(site, f"{e} events, {c} client{'s' * (c > 1)}", clients=c, events=e,
                    seconds=given.seconds)))
        for clients, events in ((1, 0), (8, 0), (1, 100), (4, 100))
    ]  # fmt: skip
    for name, measure in rates:
        found[name] = await measure()
    found["5000 events, 1 client"] = await beside(site, given.seconds)
    return found


def verdict(site: Site, found: dict[str, float], stored: dict[str, Any]) -> int:
    say(HEAD)
    for kind, told in site.told.items():
        say(told.line(f"{kind[:11]:11}") + f"   {kind}")
    posts = [told for kind, told in site.told.items() if "events" in kind or "others" in kind]
    sent = sum(len(told.waited) for told in posts)
    say(f"trials confirmed {sent}, stored {stored['trials']}, other contents {stored['variants']}")
    for name, goal in GOALS.items():
        met = "met" if found[name] >= goal else "NOT MET"
        say(f"{name}: {found[name]:.1f} trials/s of {goal:.0f} asked for: {met}")
    p95 = percentile(site.told["others meanwhile"].waited, 0.95)
    say(f"others beside 5,000 events: p95 {p95:.0f} ms of 200: {'met' if p95 < 200 else 'NOT MET'}")
    faults = sum(told.faults.total() for told in site.told.values())
    return int(bool(sent != stored["trials"] or stored["variants"] or faults))


def run(given: argparse.Namespace) -> int:
    cores = sorted(os.sched_getaffinity(0))
    say(hardware())
    with on(set(cores[:CORES])), postgres.server(given.folder, **MEMORY, **DURABLE) as url:
        manage = [sys.executable, str(SOURCE / "app" / "manage.py"), "migrate", "-v0",
                  "--skip-checks"]  # fmt: skip
        subprocess.run(manage, env=environment(url), check=True)
        made = said(url, FILL.format(runs=RUNS, trials=TRIALS))
        say(f"a design of {made['kb']} KB imported in {made['s']:.2f} s (2020: 4.5 s for 804 KB)")
        with serving(url, given.port):
            os.sched_setaffinity(0, cores[CORES:] or cores)
            site = Site(given.port)
            found = asyncio.run(all_of_it(site, given))
        return verdict(site, found, said(url, STORED))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--folder", type=Path, default=Path("/tmp"), help="for the database")
    return run(parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
