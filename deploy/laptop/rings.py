"""``make test``: every ring that this machine can run, and plainly which it could not and why."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from laptop import environment, packages
from laptop.console import Console, seconds
from laptop.errors import LaptopError, PackagesMissing
from laptop.layout import Clone
from laptop.packages import Package

POSTGRES = "tests/postgres.py"


@dataclass(frozen=True)
class Ring:
    """One kind of test: what runs it and what the machine must have."""

    name: str
    command: tuple[str, ...]
    needs: tuple[Package, ...] = ()
    tests: str = ""  # the folder that pytest runs; empty for a tool
    only: tuple[str, ...] = ()  # flags that choose among its tests, unless a path was given
    as_root: bool = False
    ability: tuple[str, ...] = ()  # says why the machine cannot, beyond packages

    def argv(self, report: Path, path: str = "") -> list[str]:
        if not self.tests:
            return list(self.command)
        chosen = [path] if path else [*self.only, self.tests]
        return [*self.command, f"--junitxml={report}", *chosen]


@dataclass(frozen=True)
class Result:
    """How a ring ended."""

    ring: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    took_s: float = 0.0
    reason: str = ""  # why it could not run

    @property
    def verdict(self) -> str:
        if self.reason:
            return "skipped"
        return "FAILED" if self.failed else "passed"


PYTEST = ("python", "-m", "pytest", "-q")
LANES = f"-n{min(max(os.cpu_count() or 2, 2), 4)}"  # many tests wait; beyond four, memory counts
BROWSERS = f"-n{min(max((os.cpu_count() or 2) - 1, 2), 3)}"  # each lane: a browser and a server
WITH_POSTGRES = ("python", POSTGRES, *PYTEST)
FLEET = Ring(
    "fleet",
    (*PYTEST, "-n2", "--dist=loadfile", "-p", "no:randomly"),  # hosts of its own for each half
    packages.FLEET,
    "tests/fleet",
    only=("-m", "subset"),
    as_root=True,
    ability=("python", "-m", "tests.fleet.ground"),
)
RINGS = (
    Ring("lint", ("make", "lint")),
    Ring("types", ("make", "types")),
    Ring("imports", ("make", "imports")),
    Ring("migrations", ("make", "migrations")),
    Ring("unit", (*PYTEST, LANES), packages.SITES, "tests/unit"),
    Ring("integration, SQLite", (*PYTEST, LANES), packages.SERVERS, "tests/integration"),
    Ring(
        "integration, PostgreSQL",
        (*WITH_POSTGRES, LANES),
        (*packages.SERVERS, packages.POSTGRESQL),
        "tests/integration",
    ),
    Ring("browser", (*PYTEST, BROWSERS), packages.BROWSER, "tests/browser"),
    Ring(
        "pipeline",
        (*PYTEST, LANES, "--dist=loadfile"),  # a site for each lane; files share one
        (*packages.SITES, packages.POSTGRESQL, packages.SSHD),
        "tests/pipeline",
    ),
    FLEET,
)


def test(clone: Clone, console: Console, wanted: Sequence[str]) -> int:
    """Run the rings and print the table; the last line is the sum."""
    began = time.monotonic()
    chosen, path = choose(clone, wanted)
    lacking = prepare(clone, console, chosen)
    place = environment.ensure(clone, console)
    env = environment.variables(clone, place)
    results = []
    for ring in chosen:
        if reason := lacking.get(ring.name) or refusal(ring, clone, env):
            results.append(Result(ring.name, reason=reason))
            continue
        console.title(f"Ring: {ring.name}")
        results.append(run(clone, ring, path, env))
    for line in table(results):
        console.say(line)
    console.say(f"\nAll rings took {seconds(time.monotonic() - began)}; logs: {logs(clone)}")
    console.say(total(results))
    return 1 if any(result.failed for result in results) else 0


def choose(clone: Clone, wanted: Sequence[str]) -> tuple[list[Ring], str]:
    """Return the rings for a path or a ring's name, and the path that they shall run."""
    if not wanted:
        return list(RINGS), ""
    asked = " ".join(wanted)
    named = [ring for ring in RINGS if ring.name == asked or ring.name.split(",")[0] == asked]
    if named:
        return named, ""
    if not (clone.root / asked.split("::")[0]).exists():
        names = ", ".join(ring.name for ring in RINGS)
        raise LaptopError(
            f"There is no test {asked!r}. Give a path under tests/ or a ring: {names}."
        )
    inside = [ring for ring in RINGS if ring.tests and asked.startswith(ring.tests)]
    if not inside:
        raise LaptopError(f"{asked} belongs to no ring. Rings test {_folders()}.")
    return inside, asked


def _folders() -> str:
    return ", ".join(sorted({ring.tests for ring in RINGS if ring.tests}))


def prepare(clone: Clone, console: Console, chosen: Sequence[Ring]) -> dict[str, str]:
    """Install what the rings need; return the reason for each ring whose needs stay unmet."""
    console.title("This machine")
    able = [ring for ring in chosen if not _wants_root(ring)]
    wanted = dict.fromkeys(package for ring in able for package in ring.needs)
    try:
        all_of_them = dict.fromkeys([*packages.DEVELOPMENT, *wanted])
        packages.ensure(all_of_them, console, environment.log(clone))
    except LaptopError as error:
        console.say(f"   {error}")
        if packages.missing(packages.DEVELOPMENT):
            raise PackagesMissing("Without these packages no ring can run.") from None
    return {ring.name: reason for ring in chosen if (reason := lack(ring))}


def _wants_root(ring: Ring) -> bool:
    return ring.as_root and os.geteuid() != 0


def refusal(ring: Ring, clone: Clone, env: Mapping[str, str]) -> str:
    """Ask the ring itself why the machine cannot run it; empty when it can."""
    if not ring.ability:
        return ""
    asked = subprocess.run(
        ring.ability, cwd=clone.root, env=env, check=False, capture_output=True, text=True
    )
    if asked.returncode == 0:
        return ""
    return (asked.stderr.strip() or "no reason given").splitlines()[-1]


def lack(ring: Ring) -> str:
    """Return why the machine cannot run the ring, with the remedy; empty when it can."""
    if _wants_root(ring):
        return f"root is needed: sudo make {ring.name}"
    names = [package.name for package in packages.missing(ring.needs)]
    if not names:
        return ""
    return f"{', '.join(names)} not installed and could not be: {packages.install_line(names)}"


def run(clone: Clone, ring: Ring, path: str, env: Mapping[str, str]) -> Result:
    logs(clone).mkdir(parents=True, exist_ok=True)
    stem = logs(clone) / ring.name.replace(", ", "-").lower()
    report = stem.with_suffix(".xml")
    report.unlink(missing_ok=True)
    began = time.monotonic()
    code = tee(ring.argv(report, path), stem.with_suffix(".log"), env, clone.root)
    took_s = time.monotonic() - began
    return counted(ring, code, report, took_s)


def tee(argv: Sequence[str], log: Path, env: Mapping[str, str], folder: Path) -> int:
    """Run the command and show its lines as they come, also in the log."""
    colour = ["--color=yes"] if "pytest" in argv and sys.stdout.isatty() else []
    process = subprocess.Popen(
        [*argv, *colour],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=dict(env) | {"PYTHONUNBUFFERED": "1"},
    )
    with process, log.open("wb") as copy:  # Ctrl-C reaches it too, and it cleans up
        for line in process.stdout or ():
            copy.write(line)
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
    return process.returncode


def counted(ring: Ring, code: int, report: Path, took_s: float) -> Result:
    """Return the counts of pytest's report; a tool counts as one test.

    A ring that ended badly has failed even when no test says so: no test was found, a worker died.
    """
    if not ring.tests:
        return Result(ring.name, passed=int(code == 0), failed=int(code != 0), took_s=took_s)
    try:
        suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314  our own pytest wrote it
        sums = [_suite(suite) for suite in suites]
    except (FileNotFoundError, ET.ParseError):
        sums = []
    passed, failed, skipped = (
        (sum(column) for column in zip(*sums, strict=True)) if sums else (0, 0, 0)
    )
    return Result(ring.name, passed, max(failed, int(code != 0)), skipped, took_s)


def _suite(suite: ET.Element) -> tuple[int, int, int]:
    number = {key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")}
    failed = number["failures"] + number["errors"]
    return number["tests"] - failed - number["skipped"], failed, number["skipped"]


def table(results: Sequence[Result]) -> list[str]:
    head = f"\n{'ring':<26}{'verdict':<9}{'passed':>7}{'failed':>7}{'skipped':>8}{'seconds':>9}"
    lines = [head, "─" * 66]
    for result in results:
        counts = f"{result.passed:>7}{result.failed:>7}{result.skipped:>8}{result.took_s:>9.1f}"
        lines.append(f"{result.ring:<26}{result.verdict:<9}{counts}")
        if result.reason:
            lines.append(f"    could not run: {result.reason}")
    return lines


def total(results: Sequence[Result]) -> str:
    passed, failed = sum(r.passed for r in results), sum(r.failed for r in results)
    return f"{passed} passed, {failed} failed"


def logs(clone: Clone) -> Path:
    return clone.state / "test-logs"


def tool(clone: Clone, console: Console, words: Sequence[str]) -> int:
    """Become one of the developer's tools."""
    place = environment.ensure(clone, console)
    env = environment.variables(clone, place)
    program = packages.which(words[0], env["PATH"])
    if program is None:
        raise LaptopError(f"{words[0]} is no program of {place / 'bin'}.")
    os.chdir(clone.root)
    os.execve(program, [program, *words[1:]], env)
