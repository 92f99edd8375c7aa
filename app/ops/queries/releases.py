"""The ledger as pages show it: attempts, their steps, and whether the chain is whole."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from common.redaction import redact
from pipeline import ledger

PAGE = 50
LOG_LINES = 200
LOG_BYTES = 64 * 1024
BADGES = {
    "live": "good",
    "finished": "good",
    "as declared": "good",
    "repaired": "good",
    "differs": "warning",
    "undone": "warning",
    "proven": "good",
    "pending": "warning",
    "refused": "warning",
    "rolled back": "warning",
    "failed": "harm",
    "interrupted": "harm",
}


@dataclass(frozen=True)
class Step:
    """One step of an attempt, and where its bar is drawn (percent of the whole)."""

    name: str
    seconds: float
    start: float
    width: float


@dataclass(frozen=True)
class Attempt:
    """One row of the ledger: a push, a rollback, a follow-up."""

    row: Mapping[str, Any]
    is_live: bool = False

    @property
    def number(self) -> int:
        return int(self.row["n"])

    @property
    def kind(self) -> str:
        return str(self.row.get("kind") or "")

    @property
    def outcome(self) -> str:
        return str(self.row.get("outcome") or "")

    @property
    def badge(self) -> str:
        return BADGES.get(self.outcome, "neutral")

    @property
    def who(self) -> str:
        return str(self.row.get("who") or "")

    @property
    def release(self) -> str:
        return str(self.row.get("release") or "")

    @property
    def before(self) -> str:
        commit = str(self.row.get("from") or "")
        return commit[:12] if commit.strip("0") else ""  # git writes zeros for "nothing yet"

    @property
    def after(self) -> str:
        return str(self.row.get("to") or "")[:12]

    @property
    def subject(self) -> str:
        return str(self.row.get("subject") or "")

    @property
    def reason(self) -> str:
        return redact(str(self.row.get("reason") or ""))

    @property
    def gist(self) -> str:
        """Return the reason in one line: a traceback says at its end what it is about."""
        lines = [line.lstrip("| ").rstrip() for line in self.reason.splitlines()]
        return next((line for line in reversed(lines) if line), "")

    @property
    def started(self) -> datetime | None:
        return _instant(self.row.get("started"))

    @property
    def finished(self) -> datetime | None:
        return _instant(self.row.get("finished"))

    @property
    def seconds(self) -> float | None:
        if self.started is None or self.finished is None:
            return None
        return (self.finished - self.started).total_seconds()

    @property
    def migrations(self) -> list[tuple[str, list[str]]]:
        """Return the migrations by phase, empty phases left out."""
        phases = self.row.get("migrations") or {}
        return [(str(phase), list(names)) for phase, names in phases.items() if names]

    @property
    def options(self) -> list[tuple[str, str]]:
        options = self.row.get("options") or {}
        return [(str(name), redact(str(reason or ""))) for name, reason in options.items()]

    @property
    def steps(self) -> list[Step]:
        given = [
            (str(step["name"]), float(step["seconds"])) for step in self.row.get("steps") or []
        ]
        whole = sum(seconds for _, seconds in given) or 1.0
        drawn, start = [], 0.0
        for name, seconds in given:
            width = 100 * seconds / whole
            drawn.append(Step(name, seconds, round(start, 2), round(width, 2)))
            start += width
        return drawn

    @property
    def slowest(self) -> Step | None:
        return max(self.steps, key=lambda step: step.seconds, default=None)

    def log_tail(self) -> str:
        """Return the last lines of the attempt's log; nothing when it is gone or elsewhere."""
        path = Path(str(self.row.get("log") or ""))
        home = Path(settings.LEDGER).resolve().parent
        found = path.resolve()
        if not path.is_absolute() or home not in found.parents or found.suffix != ".log":
            return ""  # a row that somebody forged must not show the site's secrets
        return redact("\n".join(_tail(path)))


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    return lines[-LOG_LINES:]


def _instant(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None


@dataclass(frozen=True)
class Page:
    """Some attempts, the newest first, and how to get at the older ones."""

    attempts: list[Attempt]
    total: int
    older: int | None


def attempts() -> list[Attempt]:
    """Return every attempt, the newest first; the one that made this release live is marked."""
    rows = ledger.read(Path(settings.LEDGER))[::-1]
    live = next((row["n"] for row in rows if _went_live(row)), None)
    return [Attempt(row, is_live=row["n"] == live) for row in rows]


def _went_live(row: Mapping[str, Any]) -> bool:
    return row.get("outcome") == "live" and row.get("release") == settings.RELEASE


def page(*, outcome: str = "", kind: str = "", before: int | None = None) -> Page:
    """Return the attempts of this outcome and kind that are older than ``before``."""
    wanted = [
        attempt
        for attempt in attempts()
        if outcome in {"", attempt.outcome} and kind in {"", attempt.kind}
    ]
    rest = [found for found in wanted if before is None or found.number < before]
    shown = rest[:PAGE]
    return Page(shown, len(wanted), shown[-1].number if len(rest) > PAGE else None)


@dataclass(frozen=True)
class Counts:
    """How many attempts there are of each outcome and kind, the most first; for the filter."""

    outcomes: list[tuple[str, int]]
    kinds: list[tuple[str, int]]


def counts() -> Counts:
    found = attempts()
    outcomes = Counter(attempt.outcome for attempt in found)
    return Counts(outcomes.most_common(), Counter(attempt.kind for attempt in found).most_common())


def attempt_of(number: int) -> Attempt | None:
    return next((attempt for attempt in attempts() if attempt.number == number), None)


def faults() -> list[str]:
    """Return what is wrong with the chain, one sentence each."""
    return ledger.verify(Path(settings.LEDGER))
