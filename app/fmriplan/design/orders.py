"""Orders that keep rules, found by search that always ends, and rules that no order can keep."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fmriplan.design.experiment import Experiment
from fmriplan.design.gaps import Ticks
from fmriplan.errors import NotAnOption, PlanningError

TRIES, STEPS_OF_A_TRY = 5, 200  # steps for each trial of the order
DARING = 0.02


class Infeasible(PlanningError):
    """No order keeps all the rules, or none was found; the message names the rule to loosen."""


@dataclass(frozen=True)
class Rules:
    """What an order must keep; conditions by name.

    Attributes
    ----------
    exact_counts
        Each condition comes as often as its probability says.
    longest_run
        How often a condition may come in a row; 0 for no limit.
    forbidden
        Pairs of conditions: the second never comes right after the first.
    first, last
        The condition of the first and of the last trial.
    """

    exact_counts: bool = False
    longest_run: int = 0
    forbidden: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    first: str = ""
    last: str = ""


@dataclass(frozen=True, eq=False)
class Checked:
    """Rules in numbers: ``allowed`` (before, after) says which condition may follow which."""

    counts: Ticks
    exact: bool
    longest_run: int
    allowed: NDArray[np.bool_]
    first: int
    last: int

    def keeps(self, order: Ticks) -> bool:
        """Say whether an order (trials,) keeps the rules."""
        inside = bool(self.allowed[order[:-1], order[1:]].all())
        ends = self.first in {-1, order[0]} and self.last in {-1, order[-1]}
        counted = not self.exact or bool(
            (np.bincount(order, minlength=len(self.counts)) == self.counts).all()
        )
        return inside and ends and counted and self._runs(order) <= (self.longest_run or len(order))

    @staticmethod
    def _runs(order: Ticks) -> int:
        changes = np.flatnonzero(np.diff(order)) + 1
        return int(np.diff(np.concatenate([[0], changes, [len(order)]])).max())


def check(experiment: Experiment, rules: Rules) -> Checked:
    """Return rules in numbers.

    Raises
    ------
    Infeasible
        No order can keep them; the rule is named.
    NotAnOption
        A rule names a condition that there is not.
    """
    names = [condition.name for condition in experiment.conditions]
    allowed = np.ones((len(names), len(names)), dtype=bool)
    for before, after in rules.forbidden:
        allowed[_number(names, before), _number(names, after)] = False
    made = Checked(
        counts=exact_counts(experiment),
        exact=rules.exact_counts,
        longest_run=rules.longest_run,
        allowed=allowed,
        first=_number(names, rules.first) if rules.first else -1,
        last=_number(names, rules.last) if rules.last else -1,
    )
    _need_possible(made, names, experiment.trials)
    return made


def exact_counts(experiment: Experiment) -> Ticks:
    """Return how often each condition comes (conditions,), as near to its probability as can be."""
    wanted = experiment.shares * experiment.trials
    made = np.floor(wanted).astype(np.intp)
    missing = experiment.trials - int(made.sum())
    made[np.argsort(made - wanted, kind="stable")[:missing]] += 1
    return made


def random_order(experiment: Experiment, rules: Checked, rng: np.random.Generator) -> Ticks:
    """Return an order (trials,) that keeps the rules, by a search of bounded length.

    Raises
    ------
    Infeasible
        None was found.
    """
    for _ in range(TRIES):
        counts = rules.counts
        if not rules.exact:
            drawn = rng.multinomial(experiment.trials, experiment.shares)
            counts = _at_least_once(np.asarray(drawn, dtype=np.intp))
        found = _Repair(counts, rules, rng).run()
        if found is not None:
            return found
    raise Infeasible(
        "No order was found that keeps all the rules. Allow longer runs, forbid fewer "
        "transitions, or let the counts vary."
    )


class _Repair:
    """An order whose conflicts are taken away by swaps: min-conflicts (Minton et al., 1992)."""

    def __init__(self, counts: Ticks, rules: Checked, rng: np.random.Generator) -> None:
        self.rules, self.rng = rules, rng
        self.order: list[int] = rng.permutation(np.repeat(np.arange(len(counts)), counts)).tolist()

    def run(self) -> Ticks | None:
        wrong = [at for at in range(len(self.order)) if self._wrong(at)]
        for _ in range(STEPS_OF_A_TRY * len(self.order)):
            if not wrong:
                return np.array(self.order, dtype=np.intp)
            at = wrong[int(self.rng.integers(len(wrong)))]
            if self._try(at, int(self.rng.integers(len(self.order)))):
                wrong = [at for at in range(len(self.order)) if self._wrong(at)]
        return None

    def _try(self, one: int, other: int) -> bool:
        """Swap two trials unless that makes more conflicts; rarely even then."""
        if self.order[one] == self.order[other]:
            return False
        before = self._around(one, other)
        self._swap(one, other)
        worse = self._around(one, other) - before
        if worse <= 0 or self.rng.uniform() < DARING**worse:
            return True
        self._swap(one, other)
        return False

    def _swap(self, one: int, other: int) -> None:
        self.order[one], self.order[other] = self.order[other], self.order[one]

    def _around(self, *places: int) -> int:
        reach = self.rules.longest_run + 1
        near = {at for place in places for at in range(place, place + reach + 1)}
        return sum(self._wrong(at) for at in near if at < len(self.order))

    def _wrong(self, at: int) -> int:
        """Return how many rules the trial at a place breaks with those before it."""
        order, rules = self.order, self.rules
        run = rules.longest_run
        wrong = int(at > 0 and not rules.allowed[order[at - 1], order[at]])
        wrong += int(bool(run) and at >= run and len(set(order[at - run : at + 1])) == 1)
        wrong += int(at == 0 and rules.first not in {-1, order[0]})
        return wrong + int(at == len(order) - 1 and rules.last not in {-1, order[-1]})


def _at_least_once(counts: Ticks) -> Ticks:
    while (counts == 0).any():
        counts[int(np.argmin(counts))] += 1
        counts[int(np.argmax(counts))] -= 1
    return counts


def _number(names: list[str], name: str) -> int:
    if name not in names:
        raise NotAnOption(f"There is no condition {name!r}; there are {', '.join(names)}.")
    return names.index(name)


def _need_possible(rules: Checked, names: list[str], trials: int) -> None:
    run = rules.longest_run
    if run < 0:
        raise NotAnOption("The longest run is at least 1, or 0 for no limit.")
    if run == 1 and not (rules.allowed & ~np.eye(len(names), dtype=bool)).any():
        raise Infeasible("Runs are at most 1 long, and every transition to another is forbidden.")
    for number, name in enumerate(names):
        count, others = int(rules.counts[number]), trials - int(rules.counts[number])
        longest = _longest(rules, number)
        if rules.exact and longest and math.ceil(count / longest) - 1 > others:
            raise Infeasible(
                f"{name} comes {count} times in {trials} trials, at most {longest} in a row: "
                f"{others} other trials are too few to part them. Allow runs of "
                f"{math.ceil(count / (others + 1))}."
            )
        _need_reachable(rules, number, name)


def _longest(rules: Checked, number: int) -> int:
    return rules.longest_run if rules.allowed[number, number] else 1


def _need_reachable(rules: Checked, number: int, name: str) -> None:
    others = np.delete(rules.allowed, number, axis=0)[:, number]
    onward = np.delete(rules.allowed, number, axis=1)[number]
    if not others.any() and rules.first != number:
        raise Infeasible(
            f"{name} may follow no other condition, so it can only be first. "
            "Allow a transition to it, or let it be first."
        )
    if not onward.any() and rules.last != number:
        raise Infeasible(
            f"No other condition may follow {name}, so it can only be last. "
            "Allow a transition from it, or let it be last."
        )
