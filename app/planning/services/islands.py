"""The work of one island of a search, in its job's own process.

What is found is stored as it goes, at most every few seconds, so that whatever ends the process
takes little with it; another attempt goes on after the last piece of work that was stored.
"""

import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import F
from django.utils.timezone import now

from fmriplan.design import pieces, specification
from fmriplan.design.judging import Scales
from fmriplan.design.pieces import Kept, Pieces
from fmriplan.errors import PlanningError
from jobs.errors import Cancelled, OutOfTime, Stopped
from jobs.progress import Progress
from planning.errors import NotAPlan
from planning.models import Island, Search
from planning.services import endings

STORE_S, ASK_S = 2.0, 1.0
CANCEL_S, LOOK_S = 5.0, 0.1
GAIN = 1e-9  # less is no gain
LONGEST_HISTORY = 200
LONGEST_S = 3000  # a search's own end, well before the job's time limit
Outcome = Search.Outcome


def work(progress: Progress, *, search: str, island: int) -> dict[str, Any]:
    """Do an island's pieces of work that are not done yet, then merge if it is the last.

    Raises
    ------
    NotAPlan
        The search cannot be done; it was refused when it was asked for, unless the rules for what
        can be planned are others by now.
    """
    row = _begun(uuid.UUID(search), island)
    if row is None:
        return {"ended": "before it began"}
    try:
        ended = _Work(row, progress).run()
    except PlanningError as refusal:
        endings.leave(row.pk, Outcome.FAILED, refusal=str(refusal))
        raise NotAPlan(str(refusal)) from None
    return {"ended": ended}


def _begun(search: uuid.UUID, number: int) -> Island | None:
    found = Island.objects.select_related("search__plan__project__lab", "search__created_by")
    row: Island | None = found.filter(search=search, number=number).first()
    if row is None or row.search.finished_at:
        return None
    if row.finished_at:
        endings.settle(row.search_id)
        return None
    endings.begin(row.search)
    return row


@dataclass
class _Clock:
    """Says when something was not done for so long; the first time it was not done ever."""

    every_s: float
    last: float = field(default_factory=time.monotonic)

    def rings(self) -> bool:
        at = time.monotonic()
        if at - self.last < self.every_s:
            return False
        self.last = at
        return True


class _Work:
    def __init__(self, row: Island, progress: Progress) -> None:
        self.row, self.progress = row, progress
        self.search = row.search
        self.effort = endings.effort_of(self.search)
        self.pieces = Pieces(specification.read(self.search.specification), self.effort)
        self.pool = [Kept.read(each) for each in row.best]
        self.history: list[dict[str, float]] = list(row.history)
        self.done, self.since_gain, self.best = row.pieces_done, row.since_gain, row.worth
        self.store_clock, self.ask_clock = _Clock(STORE_S), _Clock(ASK_S)
        self.until = time.monotonic() + float(self.search.options.get("seconds", LONGEST_S))
        self.stop: Stopped | None = None
        self.ended = ""

    def run(self) -> str:
        try:
            self._prepare()
            for number in self.effort.of_island(self.row.number)[self.done :]:
                if self._shall_end():
                    break
                self._do(number)
            if self.stop:
                raise self.stop
            self._store()
            self._wait_to_be_cancelled()
        except Cancelled:
            self._store()
            endings.cancel_all(self.search.pk)
            endings.leave(self.row.pk, Outcome.CANCELLED)
            raise
        except OutOfTime:
            self._store()
            endings.leave(self.row.pk, Outcome.SUCCEEDED, early=True)
            raise
        except Stopped:  # to make way: another attempt goes on
            self._store()
            raise
        is_cancelled = self.ended == "cancelled"
        endings.leave(
            self.row.pk,
            Outcome.CANCELLED if is_cancelled else Outcome.SUCCEEDED,
            early=bool(self.ended),
        )
        return self.ended or "after all of its work"

    def _wait_to_be_cancelled(self) -> None:
        """Let the job end as one that was cancelled: it is told so a moment after the search."""
        until = time.monotonic() + CANCEL_S
        while self.ended == "cancelled" and time.monotonic() < until:
            self.progress.check()
            time.sleep(LOOK_S)

    def _prepare(self) -> None:
        """Find what counts as 1, or take it from the attempt before."""
        if told := self.row.scales:
            self.pieces.scales = Scales(tuple(told["detection"]), told["estimation"])
            return
        self._tell(0.0, phase="Finding what counts as 1")
        self.row.scales = asdict(self.pieces.scales)
        Island.objects.filter(pk=self.row.pk).update(scales=self.row.scales)

    def _do(self, number: int) -> None:
        kept = self.pieces.do(number, self._heard)
        if self.stop is None and self.ended in {"", "without a gain"}:
            self.done += 1
        self.pool = pieces.added(self.effort, self.pool, kept)
        self._note(kept)
        if self.store_clock.rings():
            self._store()

    def _heard(self, share: float, worth: float) -> bool:
        """Tell how far a piece is; say whether it shall end."""
        try:
            self._tell(share, worth=worth)
        except Stopped as stop:  # the piece hands back its best, then we end
            self.stop = stop
        return self.stop is not None or self._shall_end()

    def _tell(self, share: float, *, phase: str = "", worth: float | None = None) -> None:
        mine = len(self.effort.of_island(self.row.number))
        best = max((each for each in (self.best, worth) if each is not None), default=None)
        self.progress.report(
            min(self.done + share, mine),
            mine,
            phase=phase or str(self.search.get_method_display()),
            message=self._message(share, mine) + ("" if best is None else f", best {best:.4f}"),
        )

    def _message(self, share: float, mine: int) -> str:
        at = min(self.done + 1, mine)
        if self.effort.method == "genetic":
            generation = round(share * self.effort.generations)
            return f"generation {generation} of {self.effort.generations}, part {at} of {mine}"
        return f"part {at} of {mine}"

    def _shall_end(self) -> bool:
        if not self.ended and time.monotonic() >= self.until:
            self.ended = "its time was up"
        if not self.ended and self.effort.patience and self.since_gain >= self.effort.patience:
            self.ended = "without a gain"
        if not self.ended and self.ask_clock.rings():
            self.ended = endings.wish(self.search.pk)
        return bool(self.ended)

    def _note(self, kept: Kept) -> None:
        has_gained = self.best is None or kept.worth > self.best + GAIN
        self.since_gain = 0 if has_gained else self.since_gain + 1
        if not has_gained:
            return
        self.best = kept.worth
        passed = (now() - (self.search.began_at or now())).total_seconds()
        point = {name: getattr(kept, name) for name in (*pieces.CRITERIA, "worth")}
        self.history.append({"s": round(passed, 2), "part": kept.piece + 1, **point})
        if len(self.history) > LONGEST_HISTORY:
            self.history = [*self.history[0:-1:2], self.history[-1]]

    def _store(self) -> None:
        """Write down what is known: one statement."""
        Island.objects.filter(pk=self.row.pk, finished_at=None).update(
            pieces_done=self.done,
            since_gain=self.since_gain,
            best=[each.plain() for each in self.pool],
            worth=self.best,
            history=self.history,
            writes=F("writes") + 1,
        )
