"""``make bench-lab``: a lab's years on PostgreSQL, and what each request to them costs.

``make bench-lab SIZE=large`` takes a consortium's years instead. Each line has the queries, the
median and the least of several rounds as the caller waits for them, and the time of the process
alone; beside them what the same request cost with Alyx 3.6.1, measured once on another machine:
compare the queries, and the order of magnitude of the times.
"""

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

from tests import postgres
from tests.benchmarks.lab_requests import REQUESTS, Ask

from laptop import server as web
from laptop.console import Console
from laptop.layout import Clone

SOURCE = Path(__file__).resolve().parents[2]
STATE = SOURCE / ".state" / "bench"  # where this site keeps its cache tables
ROUNDS, MOST_QUERIES = 7, 10
PORT = 8790
STARTS_IN_S = 60
MEMORY = {"shared_buffers": "1GB", "work_mem": "32MB", "maintenance_work_mem": "512MB",
          "max_wal_size": "4GB", "effective_cache_size": "4GB"}  # fmt: skip
FILL = """
import dataclasses, django, json
django.setup()
from tests.benchmarks import lab_fill
print(json.dumps(dataclasses.asdict(lab_fill.fill(lab_fill.SIZES["{size}"]))))
"""


@dataclass
class Cost:
    """What one request took, in milliseconds, over all rounds."""

    name: str
    queries: int = 0
    waited: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    fault: str = ""


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  a benchmark's job is to print


def filled(url: str, size: str) -> dict[str, str]:
    """Migrate and fill the database; return who asks and what there is to ask for."""
    began = time.monotonic()
    around = environment(url)
    manage = [
        sys.executable,
        str(SOURCE / "app" / "manage.py"),
        "migrate",
        "--verbosity",
        "0",
        "--skip-checks",
    ]
    subprocess.run(manage, env=around, check=True)
    program = FILL.format(size=size)
    done = subprocess.run([sys.executable, "-c", program], env=around, check=True,
                          stdout=subprocess.PIPE, text=True)  # fmt: skip
    say(f"filled in {time.monotonic() - began:.0f} s")
    facts: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return facts


def environment(url: str) -> dict[str, str]:
    paths = os.pathsep.join(map(str, (SOURCE / "app", SOURCE / "deploy", SOURCE)))
    return os.environ | {
        "DATABASE_URL": url, "PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "STUDIUM_STATE": str(STATE),
    }  # fmt: skip


@contextmanager
def serving(url: str, port: int) -> Iterator[None]:
    """Let uWSGI serve the site, with the processes that a site has, while the block runs."""
    words = [
        _uwsgi(), "--master", "--need-app", "--single-interpreter", "--die-on-term",
        "--enable-threads", "--processes", "2", "--threads", "4", "--listen", "1024",
        "--buffer-size", "32768",
        "--http-socket", f"127.0.0.1:{port}", "--virtualenv", sys.prefix,
        "--module", "tests.benchmarks.lab_wsgi", "--disable-logging",
    ]  # fmt: skip
    log = STATE / "uwsgi.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(words, env=environment(url), stdout=output, stderr=output)
        try:
            _wait_for(port, process, log)
            yield
        finally:
            process.terminate()
            process.wait()


def _uwsgi() -> str:
    """Return the program that sites run; it is built once, as for `make up`."""
    found = shutil.which("uwsgi")
    if found:
        return found
    clone = Clone(SOURCE)
    clone.log.parent.mkdir(parents=True, exist_ok=True)
    web.ensure(clone, Console(StringIO()))
    return str(web.program(clone))


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    limit = time.monotonic() + STARTS_IN_S
    while time.monotonic() < limit:
        if process.poll() is not None:
            sys.exit(f"The web server ended at once:\n{log.read_text()[-2000:]}")
        try:
            _answer(port, "GET", "/alyx/me")
        except OSError:
            time.sleep(0.2)
        else:
            return
    sys.exit(f"The web server does not answer; {log} says why.")


def _answer(
    port: int, method: str, path: str, body: Any = None, token: str = "", **known: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Send one request; ``If_None_Match`` and the like are further headers."""
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    headers |= {name.replace("_", "-"): value for name, value in known.items() if value}
    sent = json.dumps(body) if body is not None else None
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.request(method, path, body=sent, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def measured(ask: Ask, facts: dict[str, Any], port: int, rounds: int) -> Cost:
    """Ask once to warm up, then so many times."""
    cost, tag = Cost(ask.name), ""
    for number in range(min(rounds, ask.most_rounds) + 1):
        if ask.says_what_it_has and not tag:
            tag = _asked(ask, facts, port, number)[0].headers["ETag"]
        _prepare(ask, facts, port, number)
        began = time.perf_counter()
        answer, content = _asked(ask, facts, port, number, If_None_Match=tag)
        waited = (time.perf_counter() - began) * 1000
        if answer.status not in ask.expects:
            cost.fault = f"{answer.status}: {content[:200].decode(errors='replace')}"
            break
        if number:
            cost.queries = max(cost.queries, int(answer.headers["X-Queries"]))
            cost.waited.append(waited)
            cost.own.append(float(answer.headers["X-Own-Ms"]))
    return cost


def _prepare(ask: Ask, facts: dict[str, Any], port: int, number: int) -> None:
    """Do what has to come before the request that is measured."""
    if ask.forgets_tables:
        shutil.rmtree(STATE / "cache-tables", ignore_errors=True)
    if ask.before:
        answer, content = _answer(port, *ask.before(facts, number), facts["token"])
        if answer.status not in {200, 201}:
            sys.exit(f"{ask.name} cannot be prepared: {content[:200].decode(errors='replace')}")


def _asked(
    ask: Ask, facts: dict[str, Any], port: int, number: int, **known: str
) -> tuple[http.client.HTTPResponse, bytes]:
    return _answer(port, *ask.request(facts, number), facts["token"], **known)


HEAD = f"{'request':46}{'queries':>8}{'median':>9}{'least':>9}{'own':>9}   Alyx: queries, S, L (ms)"


def told(ask: Ask, cost: Cost) -> str:
    if cost.fault:
        return f"{ask.name:46}  {cost.fault}"
    numbers = "".join(f"{ms:9.1f}" for ms in (median(cost.waited), min(cost.waited), min(cost.own)))
    flag = " !" if cost.queries > MOST_QUERIES and ask.is_counted else "  "
    return f"{ask.name:46}{cost.queries:8}{numbers}{flag} {ask.alyx}"


def run(given: argparse.Namespace) -> int:
    with database(given) as url:
        facts = known(given) or filled(url, given.size)
        keep(given, facts)
        with serving(url, given.port):
            return table(given, facts)


def table(given: argparse.Namespace, facts: dict[str, Any]) -> int:
    say(HEAD)
    broken = []
    for ask in REQUESTS:
        if given.only and given.only not in ask.name:
            continue
        cost = measured(ask, facts, given.port, given.rounds)
        say(told(ask, cost))
        if cost.fault or (ask.is_counted and cost.queries > MOST_QUERIES):
            broken.append(ask.name)
    for name in broken:
        say(f"BROKEN: {name}")
    return 1 if broken else 0


@contextmanager
def database(given: argparse.Namespace) -> Iterator[str]:
    """Start a PostgreSQL of the benchmark's own, or take the one that was kept."""
    if given.database:
        yield given.database
    else:
        with postgres.server(given.folder, **MEMORY) as url:
            yield url


def known(given: argparse.Namespace) -> dict[str, str] | None:
    file = given.facts
    return json.loads(file.read_text()) if file and file.exists() else None


def keep(given: argparse.Namespace, facts: dict[str, str]) -> None:
    if given.facts:
        given.facts.write_text(json.dumps(facts))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=["small", "large"], default="small")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--only", default="", help="requests whose name holds this")
    parser.add_argument("--folder", type=Path, default=Path("/tmp"), help="for the database")
    parser.add_argument("--database", default="", help="an address: fill this one, and keep it")
    parser.add_argument("--facts", type=Path, help="a file that remembers that it is filled")
    given = parser.parse_args(argv)
    say(f"filling a lab of the size {given.size} …")
    return run(given)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
