"""``make bench-groups``: 25 groups of 4 gather and play at once, then 200 people wait in lobbies.

Server and PostgreSQL share two cores, and the server has two processes of one thread: if a request
waited for somebody, nobody else would be answered. Members ask again in the time that the site
names, think before they act, and see the others' acts. At the end each act that was confirmed must
be stored once and be what the group shares.
"""

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import postgres
from tests.benchmarks.bench_lab import MEMORY, SOURCE, say, serving
from tests.benchmarks.bench_lab import environment as surroundings
from tests.benchmarks.bench_runs import CORES, DURABLE, HEAD, PRESS, Reply, Site, on, said
from tests.benchmarks.load import percentile

PORT = 8792
LIMIT_S = 300
OF = re.compile(r'data-([a-z]+)="([^"]*)"')
SENT_TO = re.compile(r'action="(/run/[^/]+/([^/]+)/)"')
NAMED = re.compile(r'name="(holder|round)" value="([^"]+)"')
FILL = """
import django, json
django.setup()
from tests.factories import accounts, experiments, groups
from accounts.roles import Role
lab = accounts.lab("Alder")
ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
project = accounts.project(lab)
play = groups.words(acts=True, size={size}, step={{"rounds": {rounds}, "round_s": 120}})
wait = groups.words(acts=True, size=50) | {{"name": "waiting"}}
waits = experiments.published(project, ann, wait)
print(json.dumps({{
    "play": experiments.token(experiments.published(project, ann, play), ann),
    "wait": [experiments.token(waits, ann, group=f"room {{n}}") for n in range({rooms})],
}}))
"""
STORED = """
import django, json
django.setup()
from experiments.models import Member
from runs.models import Event, Trial, Variant
members = Member.objects.filter(meeting__finished_at__isnull=False).select_related("meeting")
print(json.dumps({
    "acts": [[str(t.visit_id), t.index, t.response] for t in Trial.objects.all()],
    "shared": {str(m.run.visits.get(position=1).pk):
               [r.get(str(m.seat)) for r in m.meeting.rounds] for m in members},
    "opened": {str(m.run.visits.get(position=1).pk):
               [str(m.group_id), m.meeting.opened_at.timestamp()] for m in members},
    "variants": Variant.objects.count(),
    "gone": Event.objects.filter(kind__in=["group member gone", "group act missed"]).count(),
}))
"""


class Counted(Site):
    """Counts the time for which the server computed, by kind of request."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.cpu_ms: defaultdict[str, float] = defaultdict(float)

    async def ask(
        self, kind: str, due: float, head: str, body: bytes = b"", *more: str
    ) -> Reply | None:
        reply = await super().ask(kind, due, head, body, *more)
        if reply:
            self.cpu_ms[kind] += float(reply.headers.get("x-cpu-ms", 0))
        return reply


@dataclass
class Member:
    """One browser in a group: what it was shown, and what it did."""

    site: Counted
    rng: random.Random
    address: str = ""
    page: dict[str, str] = field(default_factory=dict)
    visit: str = ""
    made: dict[int, str] = field(default_factory=dict)
    came: float = 0.0
    began: float = 0.0

    async def begin(self, token: str) -> None:
        welcome = await self._need("welcome", f"GET /take/{token}/")
        press = f"press={PRESS.search(welcome.body)[1]}".encode()  # type: ignore[index]
        begun = await self._need("begin", f"POST /take/{token}/", press)
        self.address = begun.headers["location"]
        await self.look()
        self.came = time.time()

    async def look(self) -> None:
        shown = await self._need("page", f"GET {self.address}")
        self.page = dict(OF.findall(shown.body)) | dict(NAMED.findall(shown.body))
        self.address = self.page["page"]  # it carries what a browser without cookies is known by
        self.page["may act"] = "1" if 'name="act"' in shown.body else ""
        self.page["action"], self.visit = SENT_TO.search(shown.body).groups()  # type: ignore[union-attr]
        if self.page["phase"] == "acting" and not self.began:
            self.began = time.time()

    async def _need(self, kind: str, head: str, body: bytes = b"") -> Reply:
        """Ask until there is an answer, as people do."""
        while True:
            reply = await self.site.ask(kind, time.monotonic(), head, body)
            if reply and reply.status < 400:
                return reply
            await asyncio.sleep(1)

    async def play(self) -> None:
        while self.page["phase"] != "done":
            if self.page["may act"]:
                await self._act()
            else:
                await self.ask_again()

    async def _act(self) -> None:
        await asyncio.sleep(self.rng.uniform(0.3, 2.0))
        code, number = self.rng.choice("cd"), self.page["round"]
        sent = f"holder={self.page['holder']}&act={code}&round={number}".encode()
        reply = await self.site.ask("act", time.monotonic(), f"POST {self.page['action']}", sent)
        if reply and reply.status == 302:
            self.made[int(number)] = code
            await self.look()

    async def ask_again(self) -> None:
        """Wait as long as the site has named, then ask; look when something has changed."""
        await asyncio.sleep(int(self.page["again"]) / 1000 * self.rng.uniform(0.9, 1.1))
        stamp = f'If-None-Match: "{self.page["stamp"]}"'
        head = f"GET {self.page['ask']}"
        reply = await self.site.ask("ask", time.monotonic(), head, b"", stamp)
        if reply and reply.status == 200:
            await self.look()
        elif reply and reply.status == 304:
            self.page["again"] = reply.headers["x-again-ms"]


def members(site: Counted, count: int) -> list[Member]:
    return [Member(site, random.Random(n)) for n in range(count)]  # noqa: S311  for repetition


async def playing(given: argparse.Namespace, token: str, site: Counted) -> list[Member]:
    people = members(site, given.groups * given.size)

    async def one(number: int, member: Member) -> None:
        await asyncio.sleep(number * given.starts / len(people))
        await member.begin(token)
        await member.play()

    async with asyncio.timeout(LIMIT_S):
        await asyncio.gather(*(one(number, member) for number, member in enumerate(people)))
    return people


async def waiting(given: argparse.Namespace, tokens: list[str], site: Counted) -> None:
    people = members(site, given.waiting)
    for start in range(0, len(people), 20):
        some = enumerate(people[start : start + 20], start)
        await asyncio.gather(*(each.begin(tokens[n % len(tokens)]) for n, each in some))
    await asyncio.gather(*(each.ask_again() for each in people))  # all know of all by now
    site.told.clear()
    site.cpu_ms.clear()
    until = time.monotonic() + given.seconds

    async def wait(member: Member) -> None:
        while time.monotonic() < until:
            await member.ask_again()

    await asyncio.gather(*map(wait, people))


def table(site: Counted) -> None:
    say(HEAD)
    for kind, told in site.told.items():
        say(told.line(kind))


def verdict(people: list[Member], stored: dict[str, Any]) -> int:
    made = Counter((each.visit, n, code) for each in people for n, code in each.made.items())
    kept = Counter((visit, index, code) for visit, index, code in stored["acts"])
    shared = Counter((visit, n, code) for visit, codes in stored["shared"].items()
                     for n, code in enumerate(codes) if code)  # fmt: skip
    groups = defaultdict(list)
    for each in people:
        group, opened = stored["opened"][each.visit]
        groups[group].append((each.began - opened, opened, each.came))
    last = [1000 * (some[0][1] - max(came for *_, came in some)) for some in groups.values()]
    seen = [1000 * late for some in groups.values() for late, *_ in some]
    say(f"{len(groups)} groups; acts confirmed {made.total()}, stored {kept.total()}, "
        f"lost {len(made - kept)}, twice {sum(n - 1 for n in kept.values())}, "
        f"shared {shared.total()}; gone or late {stored['gone']}")  # fmt: skip
    late = f"{percentile(seen, 0.5):.0f} ms (p50), {percentile(seen, 0.95):.0f} ms (p95)"
    say(f"a step began {percentile(last, 0.95):.0f} ms (p95) after the last had come;")
    say(f"its members saw it {late} later")
    return int(made != kept or made != shared or bool(stored["variants"]))


def run(given: argparse.Namespace) -> int:
    cores = sorted(os.sched_getaffinity(0))
    with on(set(cores[:CORES])), postgres.server(given.folder, **MEMORY, **DURABLE) as url:
        manage = [sys.executable, str(SOURCE / "app" / "manage.py"), "migrate", "-v0",
                  "--skip-checks"]  # fmt: skip
        subprocess.run(manage, env=surroundings(url), check=True)
        tokens = said(url, FILL.format(size=given.size, rounds=given.rounds, rooms=5))
        with serving(url, given.port):
            os.sched_setaffinity(0, cores[CORES:] or cores)
            return measured(given, tokens, url)


def measured(given: argparse.Namespace, tokens: dict[str, Any], url: str) -> int:
    site = Counted(given.port)
    people = asyncio.run(playing(given, tokens["play"], site))
    table(site)
    broken = verdict(people, said(url, STORED))
    if given.waiting:
        site = Counted(given.port)
        asyncio.run(waiting(given, tokens["wait"], site))
        say(f"{given.waiting} people wait in lobbies for {given.seconds} s:")
        table(site)
        share = sum(site.cpu_ms.values()) / 10 / given.seconds
        say(f"they cost {share:.1f} % of one core of the web server")
    return broken


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=25)
    parser.add_argument("--size", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--starts", type=float, default=10, help="seconds in which all come")
    parser.add_argument("--waiting", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20, help="for which they wait")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--folder", type=Path, default=Path("/tmp"), help="for the database")
    given = parser.parse_args(argv)
    say(f"{given.groups} groups of {given.size}, {given.rounds} rounds …")
    return run(given)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
