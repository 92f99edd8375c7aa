"""``make bench-runs``: 300 participants begin a task, then each sends a batch of trials a second.

Server and PostgreSQL (which waits for the disk at every commit) share two cores; the participants
have the others. Each batch leaves when it is due, whether or not those before are back, and what
was not confirmed is sent again with the next one, as the runner in the browser does. At the end
every row that was made must be stored, once, as it was made.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

from tests import postgres
from tests.benchmarks.bench_lab import MEMORY, SOURCE, say, serving
from tests.benchmarks.bench_lab import environment as surroundings
from tests.benchmarks.load import percentile

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
CORES = 2
LIMIT_S = 60
OURS = str(os.getpid())
PORT = 8791
GOAL_MS = 150  # of 95 in 100 batches
SETUP = re.compile(r'<script id="task-setup" type="application/json">(.*?)</script>', re.DOTALL)
PRESS = re.compile(r'name="press" value="([^"]+)"')
FILL = """
import django, json
django.setup()
from tests.factories import accounts, experiments, tasks
from accounts.roles import Role
lab = accounts.lab("Alder")
ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
revision = experiments.published(accounts.project(lab), ann, tasks.words(tasks.keys(6)))
print(json.dumps(experiments.token(revision, ann)))
"""
STORED = """
import django, json
django.setup()
from runs.models import Answer, Event, Run, Trial, Variant
rows = Trial.objects.values_list("visit_id", "index", "digest")
print(json.dumps({
    "rows": [[str(visit), index, digest] for visit, index, digest in rows],
    "runs": Run.objects.count(),
    "answers": Answer.objects.count(),
    "events": Event.objects.count(),
    "variants": Variant.objects.count(),
}))
"""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Told:
    """What the requests of one kind cost, in ms from the moment at which they were due."""

    waited: list[float] = field(default_factory=list)
    queries: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def line(self, name: str) -> str:
        shares = (percentile(self.waited, share) for share in (0.5, 0.95, 0.99, 1))
        p50, p95, p99, most = shares
        return (f"{name:12}{len(self.waited):8}{self.queries:9}{p50:9.1f}{p95:9.1f}{p99:9.1f}"
                f"{most:9.1f}   {dict(self.faults) or ''}")  # fmt: skip


HEAD = f"{'request':12}{'number':>8}{'queries':>9}{'p50':>9}{'p95':>9}{'p99':>9}{'most':>9}   (ms)"


class Site:
    """Asks the site, each time on a connection of its own, and keeps count."""

    def __init__(self, port: int, media: str = "application/x-www-form-urlencoded") -> None:
        self.port, self.media = port, media
        self.told: dict[str, Told] = {}

    async def ask(
        self, kind: str, due: float, head: str, body: bytes = b"", *more: str
    ) -> Reply | None:
        """Ask once; ``head`` is method and path, ``more`` are further lines of the head."""
        told = self.told.setdefault(kind, Told())
        try:
            async with asyncio.timeout(LIMIT_S):
                reply = await self._asked(head, body, *more)
        except (OSError, ValueError, TimeoutError) as error:
            told.faults[type(error).__name__] += 1
            return None
        told.waited.append((time.monotonic() - due) * 1000)
        told.queries = max(told.queries, int(reply.headers.get("x-queries", 0)))
        if reply.status >= 400:
            told.faults[str(reply.status)] += 1
        return reply

    async def _asked(self, head: str, body: bytes, *more: str) -> Reply:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            lines = [head + " HTTP/1.1", "Host: 127.0.0.1", "Connection: close",
                     f"Content-Type: {self.media}",
                     f"Content-Length: {len(body)}", *more, "", ""]  # fmt: skip
            writer.write("\r\n".join(lines).encode() + body)
            found = await reader.read()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        return read(found)


def read(found: bytes) -> Reply:
    if not found:
        raise ConnectionError("the server hung up")
    head, _, body = found.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    pairs = (line.partition(": ")[::2] for line in lines)
    return Reply(int(first.split()[1]), {name.lower(): value for name, value in pairs}, body)


@dataclass
class Participant:
    """One browser: what it made, and what of that is not confirmed yet."""

    site: Site
    address: str = ""
    holder: str = ""
    visit: str = ""
    made: dict[int, str] = field(default_factory=dict)
    outbox: dict[int, dict[str, Any]] = field(default_factory=dict)

    async def begin(self, token: str, due: float) -> None:
        """Press the button, and open the page of the task."""
        welcome = await self._need("look", due, f"GET /take/{token}/")
        press = f"press={PRESS.search(welcome.body)[1]}".encode()  # type: ignore[index]
        begun = await self._need("begin", time.monotonic(), f"POST /take/{token}/", press)
        shown = await self._need("page", time.monotonic(), f"GET {begun.headers['location']}")
        setup = json.loads(unescape(SETUP.search(shown.body)[1]))  # type: ignore[index]
        self.address, self.holder, self.visit = setup["address"], setup["holder"], setup["visit"]

    async def _need(self, kind: str, due: float, head: str, body: bytes = b"") -> Reply:
        """Ask until there is an answer, as people do."""
        while True:
            reply = await self.site.ask(kind, due, head, body)
            if reply and reply.status < 400:
                return reply
            await asyncio.sleep(1)

    def make(self, count: int) -> None:
        for _ in range(count):
            index = len(self.made)
            data = {"trial_type": "html-keyboard-response", "trial_index": index, "rt": 412.5,
                    "stimulus": "<p>GREEN</p>", "response": "r", "onset": 700.5 * index,
                    "time_elapsed": 500 + 700 * index, "n": index}  # fmt: skip
            raw = json.dumps(data, sort_keys=True, separators=(",", ":"))
            self.made[index] = hashlib.sha256(raw.encode()).hexdigest()
            self.outbox[index] = data

    async def send(self, due: float) -> None:
        rows = [{"index": index, "data": data} for index, data in [*self.outbox.items()][:200]]
        number = len(self.made)
        event = {"number": number, "kind": "onset", "at_ms": 700.5 * number, "data": {}}
        sent = {"holder": self.holder, "sent_at": None, "rows": rows, "events": [event]}
        reply = await self.site.ask("batch", due, f"POST {self.address}", json.dumps(sent).encode())
        if reply and reply.status == 200:
            for index in json.loads(reply.body)["stored"]:
                self.outbox.pop(index, None)


async def sitting(
    given: argparse.Namespace, token: str, site: Site, folder: str
) -> list[Participant]:
    """Let all begin, then let each send a batch a second, spread over the second."""
    people = [Participant(site) for _ in range(given.people)]
    began = time.monotonic()
    starts = (
        at(began + number * given.starts / given.people, person.begin, token)
        for number, person in enumerate(people)
    )
    await asyncio.gather(*starts)
    say(f"{given.people} have begun in {time.monotonic() - began:.1f} s")
    began, used = time.monotonic() + 1, cpu_s(folder)
    await asyncio.gather(*(
        batches(person, began + number / given.people, given.seconds, given.rows)
        for number, person in enumerate(people)
    ))  # fmt: skip
    used, answered = cpu_s(folder) - used, len(site.told["batch"].waited)
    say(f"server and database used {1000 * used / max(answered, 1):.1f} ms of a core a batch")
    return people


async def at(due: float, act: Any, *words: Any) -> None:
    await asyncio.sleep(due - time.monotonic())
    await act(*words, due)


async def batches(person: Participant, began: float, seconds: int, rows: int) -> None:
    under_way = set()
    for second in range(seconds):
        due = began + second
        await asyncio.sleep(due - time.monotonic())
        person.make(rows)
        under_way.add(asyncio.create_task(person.send(due)))
    await asyncio.gather(*under_way)
    while person.outbox:
        await asyncio.sleep(0.5)
        await person.send(time.monotonic())


def verdict(people: list[Participant], stored: dict[str, Any], site: Site) -> int:
    made = {(person.visit, index, digest) for person in people
            for index, digest in person.made.items()}  # fmt: skip
    kept = Counter((visit, index, digest) for visit, index, digest in stored["rows"])
    lost, foreign = made - kept.keys(), kept.keys() - made
    twice = sum(number - 1 for number in kept.values())
    say(HEAD)
    for kind, told in site.told.items():
        say(told.line(kind))
    say(f"rows made {len(made)}, stored {kept.total()}, lost {len(lost)}, twice {twice}, "
        f"not as made {len(foreign)}; other contents {stored['variants']}; answers "
        f"{stored['answers']}, events {stored['events']}, runs {stored['runs']}")  # fmt: skip
    slow = percentile(site.told["batch"].waited, 0.95) > GOAL_MS
    say(f"p95 of batches: {'MORE' if slow else 'less'} than {GOAL_MS} ms")
    return int(bool(lost or twice or foreign or stored["variants"]))


def cpu_s(folder: str) -> float:
    """Return what the web server and the database in a folder have used of the processors."""
    above, used = {}, {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            numbers = (process / "stat").read_text().rpartition(")")[2].split()
            above[process.name] = numbers[1]
            used[process.name] = sum(map(int, numbers[11:13])) / os.sysconf("SC_CLK_TCK")
            if str((process / "cwd").readlink()).startswith(folder):
                above[process.name] = OURS
    own = {pid for pid in above if above[pid] == OURS}
    return sum(used[pid] for pid in above if pid in own or above[pid] in own)


@contextmanager
def on(cores: set[int]) -> Iterator[None]:
    """Let what is started within have these cores alone."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores - cores or all_cores)


def said(url: str, program: str) -> Any:
    done = subprocess.run([sys.executable, "-c", program], env=surroundings(url), check=True,
                          stdout=subprocess.PIPE, text=True)  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def run(given: argparse.Namespace) -> int:
    cores = sorted(os.sched_getaffinity(0))
    with on(set(cores[:CORES])), postgres.server(given.folder, **MEMORY, **DURABLE) as url:
        manage = [sys.executable, str(SOURCE / "app" / "manage.py"), "migrate", "-v0",
                  "--skip-checks"]  # fmt: skip
        subprocess.run(manage, env=surroundings(url), check=True)
        token = said(url, FILL)
        with serving(url, given.port):
            os.sched_setaffinity(0, cores[CORES:] or cores)
            site = Site(given.port)
            folder = url.partition("host=")[2]
            people = asyncio.run(sitting(given, token, site, folder))
        return verdict(people, said(url, STORED), site)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rows", type=int, default=1, help="in each batch")
    parser.add_argument("--starts", type=float, default=60, help="seconds in which all begin")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--folder", type=Path, default=Path("/tmp"), help="for the database")
    given = parser.parse_args(argv)
    say(f"{given.people} participants, {given.rows} row(s) a batch, {given.seconds} s …")
    return run(given)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
