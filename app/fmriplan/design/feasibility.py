"""Whether any order keeps all the rules: decided by search, and the rules that contradict named.

First the numbers of transitions are looked at (`flows`). Then a search goes from trial to trial and
remembers from where no end was reached (dynamic programming over what has come so far). It is
complete where it ends within its bound of steps, which it always keeps. The contradicting rules are
an irreducible set, found by leaving out each (Chinneck, 1991).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fmriplan.design import flows
from fmriplan.design.gaps import Ticks
from fmriplan.errors import PlanningError

MOST_STATES, MOST_TO_NAME = 30_000, 6_000
MOST_NAMED = 12


class Infeasible(PlanningError):
    """No order keeps all the rules, or none was found; the message names the rule to loosen."""


@dataclass(frozen=True, eq=False)
class Checked:
    """Rules in numbers.

    Attributes
    ----------
    counts : (conditions,) array
        Of all trials, or with ``exact_in_runs`` of each run.
    allowed : (before, after) array of bool
        Which condition may follow which.
    least_waits : (before, after) array
        In ticks.
    waits : (trials of a run,) array
        The multiset of each run, the first of it 0.
    """

    names: tuple[str, ...]
    counts: Ticks
    exact: bool
    longest_run: int
    allowed: NDArray[np.bool_]
    first: int
    last: int
    exact_in_runs: bool
    apart: int
    least_waits: Ticks
    waits: Ticks
    runs: int

    def keeps(self, order: Ticks, waits: Ticks | None = None) -> bool:
        """Say whether an order, and waits if they are given, keep the rules: both (trials,)."""
        rows = order.reshape(self.runs, -1)
        before, after = rows[:, :-1], rows[:, 1:]
        if not (self.allowed[before, after].all() and self._ends(rows) and self._counted(rows)):
            return False
        if waits is not None:
            wanted = self.least_waits[before, after]
            if (waits.reshape(rows.shape)[:, 1:] < wanted).any():
                return False
        parted = all((rows[:, back:] != rows[:, :-back]).all() for back in self._distances(rows))
        return parted and max(_longest_run(row) for row in rows) <= (self.longest_run or len(order))

    def _distances(self, rows: Ticks) -> range:
        return range(1, min(self.apart, rows.shape[1] - 1) + 1)

    def _ends(self, rows: Ticks) -> bool:
        return all(
            wanted == -1 or bool((row == wanted).all())
            for wanted, row in ((self.first, rows[:, 0]), (self.last, rows[:, -1]))
        )

    def _counted(self, rows: Ticks) -> bool:
        if not self.exact:
            return True
        groups = rows if self.exact_in_runs else rows.reshape(1, -1)
        every = (np.bincount(row, minlength=len(self.counts)) for row in groups)
        return all(bool((each == self.counts).all()) for each in every)

    @property
    def is_free(self) -> bool:
        """Say whether every order of every counts is one that keeps the rules."""
        bound = self.exact or self.longest_run or self.apart or self.least_waits.any()
        return not bound and bool(self.allowed.all()) and self.first == self.last == -1

    @cached_property
    def can_follow(self) -> NDArray[np.bool_]:
        """Return what is allowed and has a wait that is long enough (before, after)."""
        longest = self.waits[1:].max(initial=0)
        return np.asarray(self.allowed & (self.least_waits <= longest))

    @cached_property
    def may_follow(self) -> list[list[bool]]:
        found: list[list[bool]] = self.can_follow.tolist()
        return found


def _longest_run(row: Ticks) -> int:
    changes = np.flatnonzero(np.diff(row)) + 1
    return int(np.diff(np.concatenate([[0], changes, [len(row)]])).max())


def need_possible(rules: Checked) -> None:
    """Refuse rules that no order keeps, as far as that can be proven in a bounded search.

    Raises
    ------
    Infeasible
        No order keeps them all together; those of a smallest such set are named.
    """
    if rules.is_free or not _is_refuted(rules, MOST_STATES):
        return
    trials = len(rules.waits) * rules.runs
    named = [name for name, _ in _contradiction(rules)]
    raise Infeasible(
        f"No order of {trials} trials keeps these rules together: {'; '.join(named)}. "
        "Loosen one of them."
    )


def find(rules: Checked, rng: np.random.Generator) -> Ticks | None:
    """Return an order (trials,) that keeps the rules, or None where the search found none."""
    search = _Search(rules, rng)
    return np.array(search.order, dtype=np.intp) if search.run() else None


def _is_refuted(rules: Checked, most: int) -> bool:
    return not flows.add_up(rules) or _Search(rules, None).run(most) is False


def _contradiction(rules: Checked) -> list[tuple[str, Checked]]:
    """Return rules that contradict one another, none of which can be left out for that."""
    kept, left = [], rules
    for name, loosen in _rules(rules):
        without = replace(left, **loosen(left))
        if _is_refuted(without, MOST_TO_NAME):
            left = without
        else:
            kept.append((name, without))
    return kept


def _rules(rules: Checked) -> Iterator[tuple[str, "_Loosen"]]:
    where = "of each run" if rules.exact_in_runs else "of all trials"
    nothing = np.zeros_like(rules.least_waits)
    told = (
        (rules.exact, f"exact counts {where}", {"exact": False, "exact_in_runs": False}),
        (rules.longest_run, f"runs of at most {rules.longest_run}", {"longest_run": 0}),
        (rules.apart, f"{rules.apart} trials between two of a condition", {"apart": 0}),
        (rules.first >= 0, f"{rules.names[rules.first]} first", {"first": -1}),
        (rules.last >= 0, f"{rules.names[rules.last]} last", {"last": -1}),
        (rules.least_waits.any(), "the least waits", {"least_waits": nothing}),
    )
    yield from ((name, _Loosen(changes)) for holds, name, changes in told if holds)
    pairs = np.argwhere(~rules.allowed)
    if len(pairs) > MOST_NAMED:
        yield "the forbidden transitions", _Loosen({"allowed": np.ones_like(rules.allowed)})
        return
    for before, after in pairs:
        yield (
            f"{rules.names[after]} never after {rules.names[before]}",
            _Loosen({}, (before, after)),
        )


@dataclass(frozen=True)
class _Loosen:
    """How rules without one of them differ."""

    changes: dict[str, Any]
    pair: tuple[int, int] | None = field(default=None)

    def __call__(self, rules: Checked) -> dict[str, Any]:
        if self.pair is None:
            return self.changes
        allowed = rules.allowed.copy()
        allowed[self.pair] = True
        return {"allowed": allowed}


State = tuple[int, tuple[int, ...], int, tuple[int, ...], tuple[int, ...]]


class _Search:
    """A search for an order from its first trial to its last.

    A state is: the place; as many conditions before it as rules look back to; how long the run of
    the last is; how often each condition came (or whether); how many waits of each level are spent.
    """

    def __init__(self, rules: Checked, rng: np.random.Generator | None) -> None:
        self.rules, self.rng = rules, rng
        self.size, self.trials = len(rules.waits), len(rules.waits) * rules.runs
        self.conditions = range(len(rules.names))
        self.counts: list[int] = rules.counts.tolist()
        wanted = np.unique(rules.least_waits)
        self.levels: list[int] = wanted[wanted > 0].tolist()
        self.left = [int((rules.waits[1:] >= level).sum()) for level in self.levels]
        self.wanted: list[list[int]] = rules.least_waits.tolist()
        self.order: list[int] = []

    def run(self, most: int = MOST_STATES) -> bool | None:
        """Say whether there is such an order; None where the search was too long to tell."""
        start: State = (0, (), 0, (0,) * len(self.counts), (0,) * len(self.levels))
        dead: set[State] = set()
        path = [(start, self._next(start))]
        while path:
            state, following = path[-1]
            if state[0] == self.trials:
                return True
            step = next(following, None)
            if step is None:
                dead.add(state)
                path.pop()
                self.order[len(path) - 1 :] = []
                if len(dead) > most:
                    return None
            elif step[1] not in dead:
                self.order.append(step[0])
                path.append((step[1], self._next(step[1])))
        return False

    def _next(self, state: State) -> Iterator[tuple[int, State]]:
        if state[0] == self.trials:
            return
        for condition in self._by_need(state):
            then = self._after(state, condition)
            if then is not None:
                yield condition, then

    def _by_need(self, state: State) -> list[int]:
        """Return the conditions, those of which most are left first."""
        seen = state[3]
        noise = self.rng.uniform(0, 1.5, len(self.counts)) if self.rng is not None else None
        need = [
            self.counts[c] - seen[c] + (0.0 if noise is None else float(noise[c]))
            if self.rules.exact
            else float(noise[c]) + (seen[c] == 0)
            if noise is not None
            else float(seen[c] == 0)
            for c in self.conditions
        ]
        return sorted(self.conditions, key=lambda c: -need[c])

    def _after(self, state: State, condition: int) -> State | None:
        place, before, run, seen, spent = state
        inside, rules = place % self.size, self.rules
        if inside == 0:
            before, run, spent = (), 0, (0,) * len(spent)
            if rules.exact_in_runs:
                seen = (0,) * len(seen)
        if not self._fits(before, condition, inside):
            return None
        run = run + 1 if before and before[-1] == condition else 1
        run = min(run, rules.longest_run + 1) if rules.longest_run else 0
        used, count = self._spent(before, condition, spent), self._counted(seen, condition)
        if (rules.longest_run and run > rules.longest_run) or count is None or used is None:
            return None
        if place + 1 == self.trials and not rules.exact and not all(count):
            return None
        back = max(rules.apart, 1)
        return place + 1, (*before, condition)[-back:], run, count, used

    def _fits(self, before: tuple[int, ...], condition: int, inside: int) -> bool:
        rules = self.rules
        if inside == 0 and rules.first not in {-1, condition}:
            return False
        if inside == self.size - 1 and rules.last not in {-1, condition}:
            return False
        if rules.apart and condition in before[-rules.apart :]:
            return False
        return not before or rules.may_follow[before[-1]][condition]

    def _counted(self, seen: tuple[int, ...], condition: int) -> tuple[int, ...] | None:
        """Return how often each came, which rules without exact counts only ask to be once."""
        most = self.counts[condition] if self.rules.exact else 1
        if self.rules.exact and seen[condition] >= most:
            return None
        return tuple(
            min(most, each + 1) if number == condition else each for number, each in enumerate(seen)
        )

    def _spent(
        self, before: tuple[int, ...], condition: int, spent: tuple[int, ...]
    ) -> tuple[int, ...] | None:
        if not before or not self.levels:
            return spent
        wanted = self.wanted[before[-1]][condition]
        made = tuple(
            used + (wanted >= level) for used, level in zip(spent, self.levels, strict=True)
        )
        enough = all(used <= left for used, left in zip(made, self.left, strict=True))
        return made if enough else None
