"""Orders that keep rules, found by search that always ends, and rules that no order can keep."""

import math
from dataclasses import dataclass, field

import numpy as np

from fmriplan.design import feasibility
from fmriplan.design.experiment import Experiment
from fmriplan.design.feasibility import Checked, Infeasible
from fmriplan.design.gaps import Ticks
from fmriplan.errors import NotAnOption

__all__ = ["Checked", "Infeasible", "Rules", "check", "exact_counts", "random_design",
           "random_order"]  # fmt: skip
TRIES, STEPS_OF_A_TRY, MOST_STEPS = 4, 200, 20_000  # steps for each trial of the order, and in all
DARING = 0.02


@dataclass(frozen=True)
class Rules:
    """What an order must keep; conditions by name. Nothing reaches from a run into the next.

    Attributes
    ----------
    exact_counts
        Each condition comes as often as its probability says.
    longest_run
        How often a condition may come in a row; 0 for no limit.
    forbidden
        Pairs of conditions: the second never comes right after the first.
    first, last
        The condition of the first and of the last trial of each run.
    exact_in_runs
        Each run has each condition as often as its probability says.
    apart
        How many trials lie at least between two of the same condition.
    least_waits
        Pairs of conditions, and how many s the wait between the first and the second is at least;
        an empty name stands for any condition.
    """

    exact_counts: bool = False
    longest_run: int = 0
    forbidden: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    first: str = ""
    last: str = ""
    exact_in_runs: bool = False
    apart: int = 0
    least_waits: tuple[tuple[str, str, float], ...] = ()


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
    if rules.longest_run < 0:
        raise NotAnOption("The longest run is at least 1, or 0 for no limit.")
    if rules.apart < 0:
        raise NotAnOption("Between two of a condition lie 0 trials or more.")
    is_exact = rules.exact_counts or rules.exact_in_runs
    made = Checked(
        names=tuple(names),
        counts=exact_counts(experiment, in_runs=rules.exact_in_runs),
        exact=is_exact,
        exact_in_runs=rules.exact_in_runs,
        longest_run=rules.longest_run,
        allowed=allowed,
        first=_number(names, rules.first) if rules.first else -1,
        last=_number(names, rules.last) if rules.last else -1,
        apart=rules.apart,
        least_waits=_least_waits(experiment, rules, names),
        waits=experiment.waits[: experiment.run_trials],
        runs=experiment.runs,
    )
    _need_possible(made, experiment)
    feasibility.need_possible(made)
    return made


def _least_waits(experiment: Experiment, rules: Rules, names: list[str]) -> Ticks:
    made = np.zeros((len(names), len(names)), dtype=np.intp)
    for before, after, seconds in rules.least_waits:
        ticks = experiment.ticks(seconds, f"the least wait from {before} to {after}")
        rows, columns = (
            [_number(names, each)] if each else list(range(len(names))) for each in (before, after)
        )
        where = np.ix_(rows, columns)
        made[where] = np.maximum(made[where], ticks)
    return made


def exact_counts(experiment: Experiment, *, in_runs: bool = False) -> Ticks:
    """Return how often each condition comes (conditions,), as near to its probability as can be.

    In all runs together, or in each.
    """
    trials = experiment.run_trials if in_runs else experiment.trials
    wanted = experiment.shares * trials
    made = np.floor(wanted).astype(np.intp)
    missing = trials - int(made.sum())
    made[np.argsort(made - wanted, kind="stable")[:missing]] += 1
    return made


def random_order(experiment: Experiment, rules: Checked, rng: np.random.Generator) -> Ticks:
    """Return an order (trials,) that keeps the rules, by a search of bounded length.

    Raises
    ------
    Infeasible
        None was found.
    """
    return random_design(experiment, rules, rng)[0]


def random_design(
    experiment: Experiment, rules: Checked, rng: np.random.Generator
) -> tuple[Ticks, Ticks]:
    """Return an order and waits (trials,) that keep the rules, by a search of bounded length.

    Raises
    ------
    Infeasible
        None was found.
    """
    for _ in range(TRIES):
        order = _Repair(_drawn(experiment, rules, rng), rules, rng).run()
        waits = None if order is None else _waits_for(order, rules, rng)
        if order is not None and waits is not None:
            return order, waits
    order = feasibility.find(rules, rng)
    waits = None if order is None else _waits_for(order, rules, rng)
    if order is None or waits is None:
        raise Infeasible(
            "No order was found that keeps all the rules. Allow longer runs, forbid fewer "
            "transitions, or let the counts vary."
        )
    return order, waits


def _drawn(experiment: Experiment, rules: Checked, rng: np.random.Generator) -> Ticks:
    """Return an order (trials,) with the right counts, whatever other rules say."""
    every = np.arange(len(rules.counts))
    if rules.exact_in_runs:
        run = np.tile(np.repeat(every, rules.counts), (rules.runs, 1))
        return np.asarray(rng.permuted(run, axis=1).ravel(), dtype=np.intp)
    counts = rules.counts
    if not rules.exact:
        drawn = rng.multinomial(experiment.trials, experiment.shares)
        counts = _at_least_once(np.asarray(drawn, dtype=np.intp))
    return np.asarray(rng.permutation(np.repeat(every, counts)), dtype=np.intp)


def _waits_for(order: Ticks, rules: Checked, rng: np.random.Generator) -> Ticks | None:
    """Return the waits of each run in a random order that is long enough; None if there is none.

    The longest wants are served first, each by any wait that is long enough for it: whatever that
    takes would do for no more of the others than what it leaves.
    """
    if not rules.least_waits.any():
        run = np.tile(rules.waits, (rules.runs, 1))
        run[:, 1:] = rng.permuted(run[:, 1:], axis=1)
        return run.ravel()
    made = [_waits_of_run(row, rules, rng) for row in order.reshape(rules.runs, -1)]
    return None if any(each is None for each in made) else np.concatenate(made)  # type: ignore[arg-type]


def _waits_of_run(order: Ticks, rules: Checked, rng: np.random.Generator) -> Ticks | None:
    wanted = rules.least_waits[order[:-1], order[1:]]
    left = np.sort(rules.waits[1:])[::-1].tolist()
    made = np.zeros(len(order), dtype=np.intp)
    for place in sorted(range(len(wanted)), key=lambda at: (-wanted[at], rng.uniform())):
        enough = sum(1 for each in left if each >= wanted[place])
        if not enough:
            return None
        made[place + 1] = left.pop(int(rng.integers(enough)))
    return made


class _Repair:
    """An order whose conflicts are taken away by swaps: min-conflicts (Minton et al., 1992)."""

    def __init__(self, order: Ticks, rules: Checked, rng: np.random.Generator) -> None:
        self.rules, self.rng = rules, rng
        self.order: list[int] = order.tolist()
        self.size = len(self.order) // rules.runs
        self.reach = max(rules.longest_run, rules.apart, 1)

    def run(self) -> Ticks | None:
        length = len(self.order)
        wrong = {at for at in range(length) if self._wrong(at)}
        for _ in range(min(MOST_STEPS, STEPS_OF_A_TRY * length)):
            if not wrong:
                return np.array(self.order, dtype=np.intp)
            one = sorted(wrong)[int(self.rng.integers(len(wrong)))]
            other = self._partner(one)
            if self._try(one, other):
                near = self._near(one, other)
                wrong -= near
                wrong |= {at for at in near if self._wrong(at)}
        return None

    def _partner(self, one: int) -> int:
        if not self.rules.exact_in_runs:
            return int(self.rng.integers(len(self.order)))
        return one - one % self.size + int(self.rng.integers(self.size))

    def _try(self, one: int, other: int) -> bool:
        """Swap two trials unless that makes more conflicts; rarely even then."""
        if self.order[one] == self.order[other]:
            return False
        near = self._near(one, other)
        before = sum(self._wrong(at) for at in near)
        self._swap(one, other)
        worse = sum(self._wrong(at) for at in near) - before
        if worse <= 0 or self.rng.uniform() < DARING**worse:
            return True
        self._swap(one, other)
        return False

    def _swap(self, one: int, other: int) -> None:
        self.order[one], self.order[other] = self.order[other], self.order[one]

    def _near(self, *places: int) -> set[int]:
        last = len(self.order)
        return {at for place in places for at in range(place, min(place + self.reach + 1, last))}

    def _wrong(self, at: int) -> int:
        """Return how many rules the trial at a place breaks with those before it in its run."""
        order, rules, inside = self.order, self.rules, at % self.size
        run, back = rules.longest_run, min(rules.apart, inside)
        wrong = int(inside > 0 and not rules.may_follow[order[at - 1]][order[at]])
        wrong += int(0 < run <= inside and len(set(order[at - run : at + 1])) == 1)
        wrong += int(back > 0 and order[at] in order[at - back : at])
        wrong += int(inside == 0 and rules.first not in {-1, order[at]})
        return wrong + int(inside == self.size - 1 and rules.last not in {-1, order[at]})


def _at_least_once(counts: Ticks) -> Ticks:
    while (counts == 0).any():
        counts[int(np.argmin(counts))] += 1
        counts[int(np.argmax(counts))] -= 1
    return counts


def _number(names: list[str], name: str) -> int:
    if name not in names:
        raise NotAnOption(f"There is no condition {name!r}; there are {', '.join(names)}.")
    return names.index(name)


def _need_possible(rules: Checked, experiment: Experiment) -> None:
    """Refuse what can be told by a count of one rule alone, with the number that would do."""
    trials = experiment.run_trials if rules.exact_in_runs else experiment.trials
    transitions = rules.can_follow & ~np.eye(len(rules.names), dtype=bool)
    if rules.longest_run == 1 and not transitions.any():
        raise Infeasible("Runs are at most 1 long, and every transition to another is forbidden.")
    for number, name in enumerate(rules.names):
        count = int(rules.counts[number])
        others, longest = trials - count, _longest(rules, number)
        gaps = others + (1 if rules.exact_in_runs else rules.runs)
        if rules.exact and longest and math.ceil(count / longest) > gaps:
            raise Infeasible(
                f"{name} comes {count} times in {trials} trials, at most {longest} in a row: "
                f"{others} other trials are too few to part them. Allow runs of "
                f"{math.ceil(count / gaps)}."
            )
        _need_reachable(rules, number, name)
    if rules.apart >= len(rules.names) and experiment.run_trials > len(rules.names):
        raise Infeasible(
            f"{rules.apart} trials between two of the same condition need {rules.apart + 1} "
            f"conditions; there are {len(rules.names)}. Ask for {len(rules.names) - 1} or fewer."
        )


def _longest(rules: Checked, number: int) -> int:
    return rules.longest_run if rules.can_follow[number, number] and not rules.apart else 1


def _need_reachable(rules: Checked, number: int, name: str) -> None:
    can = rules.can_follow
    others = np.delete(can, number, axis=0)[:, number]
    onward = np.delete(can, number, axis=1)[number]
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
