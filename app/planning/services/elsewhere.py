"""An island of a search where the site is not: packed here, worked at there, taken in here.

What is found is the same as here, because a piece depends on the seed and its own number alone.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fmriplan.design import pieces, specification
from fmriplan.design.pieces import Effort, Kept, Pieces
from fmriplan.errors import PlanningError
from jobs.progress import Progress
from planning.errors import NotAPlan
from planning.models import Island, Search
from planning.services import endings

LONGEST_S = 3000
GAIN = 1e-9  # less is no gain


def pack(*, search: str, island: int) -> dict[str, Any]:
    """Return what an island's work needs, and note that its search has begun."""
    row = _row(search, island)
    is_over = row is None or row.finished_at or row.search.finished_at
    if row is None or is_over:
        return {"specification": "", "effort": {}, "numbers": [], "kept": [], "seconds": 0}
    endings.begin(row.search)
    effort = endings.effort_of(row.search)
    return {
        "specification": row.search.specification,
        "effort": asdict(effort),
        "numbers": list(effort.of_island(island))[row.pieces_done :],
        "kept": row.best,
        "seconds": float(row.search.options.get("seconds", LONGEST_S)),
    }


def _row(search: str, island: int) -> Island | None:
    rows = Island.objects.select_related("search__plan__project__lab", "search__created_by")
    return rows.filter(search=uuid.UUID(search), number=island).first()


def work(  # noqa: PLR0913  what was packed
    progress: Progress,
    *,
    specification: str,
    effort: dict[str, Any],
    numbers: Sequence[int],
    kept: Sequence[dict[str, Any]],
    seconds: float,
) -> dict[str, Any]:
    """Do pieces of a search without its site.

    Raises
    ------
    NotAPlan
        The search cannot be done.
    """
    if not numbers:
        return {"kept": list(kept), "done": 0, "history": [], "early": False}
    try:
        return _Work(progress, specification, Effort(**effort), kept).run(numbers, seconds)
    except PlanningError as refusal:
        raise NotAPlan(str(refusal)) from None


class _Work:
    def __init__(
        self, progress: Progress, text: str, effort: Effort, kept: Sequence[dict[str, Any]]
    ) -> None:
        self.progress, self.effort = progress, effort
        self.pieces = Pieces(specification.read(text), effort)
        self.pool = [Kept.read(each) for each in kept]
        self.began = time.monotonic()
        self.history: list[dict[str, float]] = []
        self.done = self.since_gain = 0

    def run(self, numbers: Sequence[int], seconds: float) -> dict[str, Any]:
        self.progress.report(0, len(numbers), phase="Finding what counts as 1")
        for number in numbers:
            if self._shall_end(seconds):
                break
            found = self.pieces.do(number, lambda share, _: self._tell(share, len(numbers)))
            self._note(found)
        return {
            "kept": [each.plain() for each in self.pool],
            "done": self.done,
            "history": self.history,
            "early": self.done < len(numbers),
        }

    def _shall_end(self, seconds: float) -> bool:
        is_tired = 0 < self.effort.patience <= self.since_gain
        return is_tired or time.monotonic() - self.began >= seconds

    def _tell(self, share: float, of: int) -> bool:
        at = f"part {min(self.done + 1, of)} of {of}"
        self.progress.report(self.done + share, of, phase="Searching", message=at)
        return False

    def _note(self, found: Kept) -> None:
        best = max((each.worth for each in self.pool), default=None)
        self.pool = pieces.added(self.effort, self.pool, found)
        self.done += 1
        if best is not None and found.worth <= best + GAIN:
            self.since_gain += 1
            return
        self.since_gain = 0
        point = {name: getattr(found, name) for name in (*pieces.CRITERIA, "worth")}
        passed = round(time.monotonic() - self.began, 2)
        self.history.append({"s": passed, "part": found.piece + 1, **point})


def unpack(result: dict[str, Any], *, search: str, island: int) -> dict[str, Any]:
    """Store what an island's work has found; the last island ends the search."""
    row = _row(search, island)
    if row is None or row.finished_at:
        return {"ended": "before it began"}
    kept = result["kept"]
    Island.objects.filter(pk=row.pk, finished_at=None).update(
        pieces_done=row.pieces_done + result["done"],
        best=kept,
        worth=max((each["worth"] for each in kept), default=None),
        history=result["history"],
    )
    endings.leave(row.pk, Search.Outcome.SUCCEEDED, early=bool(result["early"]))
    return {"ended": "early" if result["early"] else "after all of its work"}
