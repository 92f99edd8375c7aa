"""What a design is like: balance, orders, gaps and length. Plain data that a page can show.

Practice counts for the duration alone.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod

from touchstone.design import Block, Design, Factor, Run
from touchstone.recipe import Timing

MOST_CELLS = 400  # combinations that are listed; more are counted
MOST_SHOWN = 40  # values of a factor whose orders are tabled
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cell:
    """How often one value, or one combination of them, comes: in all, and in a run."""

    values: Pairs
    total: int
    fewest: int
    most: int


@dataclass(frozen=True)
class Balance:
    """The cells of one factor, or of all of them crossed; the first of them where there are many.

    ``missing`` of the possible ones never come.
    """

    factors: tuple[str, ...]
    cells: tuple[Cell, ...]
    possible: int
    missing: int
    is_even: bool


@dataclass(frozen=True)
class Order:
    """In which order a factor's values come.

    ``level`` is what keeps one value: the run, the block or the trial. ``positions`` has a row for
    each value and a column for each place; ``follows`` how often the row's value comes directly
    before the column's. Places are those of trials in a block, or of blocks in a run; a value that
    goes on over blocks counts once.
    """

    factor: str
    level: str
    values: tuple[str, ...]
    positions: tuple[tuple[int, ...], ...]
    follows: tuple[tuple[int, ...], ...]

    @property
    def has_even_positions(self) -> bool:
        return all(len(set(column)) <= 1 for column in zip(*self.positions, strict=True))

    @property
    def has_even_followers(self) -> bool:
        pairs = range(len(self.values))
        return len({self.follows[a][b] for a in pairs for b in pairs if a != b}) <= 1


@dataclass(frozen=True)
class Duration:
    """How long a run takes, in seconds."""

    shortest: float
    longest: float
    all_runs: float


@dataclass(frozen=True)
class Report:
    """All that was found."""

    runs: int
    blocks: int
    trials: int
    practice_trials: int
    balances: tuple[Balance, ...]  # of each factor
    crossed: Balance | None  # of all factors
    orders: tuple[Order, ...]
    unused: tuple[tuple[str, str], ...]  # factor and value
    unset: tuple[tuple[str, int], ...]  # factor, and trials without a value of it
    empty_runs: tuple[str, ...]
    twins: tuple[str, ...]
    clashes: tuple[str, ...]  # measures that are called like a factor
    never_logged: tuple[str, ...]
    duration: Duration
    participants_needed: int | None = None
    missing_participants: int = 0

    @property
    def findings(self) -> tuple[str, ...]:
        """Return what is worth a look, as sentences."""
        return tuple(_findings(self))


@dataclass(frozen=True)
class Seen:
    """A run with the values of each of its measured trials, block by block."""

    run: Run
    blocks: tuple[tuple[Mapping[str, str], ...], ...] = field(default=())

    @property
    def trials(self) -> Iterator[Mapping[str, str]]:
        return (trial for block in self.blocks for trial in block)


def check(
    design: Design,
    *,
    timing: Timing | None = None,
    logged: Collection[str] | None = None,
    participants_needed: int | None = None,
) -> Report:
    """Return what a design is like.

    ``logged`` are the names of the measures that came in so far, when there are any;
    ``participants_needed`` is what the recipe of a generated design says.
    """
    seen = [_seen(design, run) for run in design.runs]
    orders = tuple(_order(factor, seen) for factor in design.factors if _is_tabled(factor))
    needed = participants_needed or _needed(orders)
    balances = tuple(_balance((factor,), seen) for factor in design.factors)
    names = [measure.id for measure in design.measures]
    return Report(
        runs=len(design.runs),
        blocks=sum(len(one.blocks) for one in seen),
        trials=sum(1 for one in seen for _ in one.trials),
        practice_trials=sum(len(block.trials) for block in _practice(design)),
        balances=balances,
        crossed=_balance(design.factors, seen) if len(design.factors) > 1 else None,
        orders=orders,
        unused=tuple(_unused(design)),
        unset=tuple(_unset(design, seen)),
        empty_runs=tuple(run.id for run in design.runs if not any(b.trials for b in run.blocks)),
        twins=tuple(_twins(design)),
        clashes=tuple(name for name in names if name in {one.id for one in design.factors}),
        never_logged=tuple(name for name in names if logged is not None and name not in logged),
        duration=_duration(design, timing or Timing()),
        participants_needed=needed,
        missing_participants=-len(design.runs) % needed if needed else 0,
    )


def _seen(design: Design, run: Run) -> Seen:
    blocks = (block for block in run.blocks if not block.is_practice)
    return Seen(run, tuple(_values(design, block) for block in blocks))


def _values(design: Design, block: Block) -> tuple[Mapping[str, str], ...]:
    settled = {**design.defaults, **block.values}
    return tuple({**settled, **trial.values} for trial in block.trials)


def _practice(design: Design) -> Iterator[Block]:
    return (block for run in design.runs for block in run.blocks if block.is_practice)


# --- balance --------------------------------------------------------------------------------------
def _balance(factors: Sequence[Factor], seen: Sequence[Seen]) -> Balance:
    names = tuple(factor.id for factor in factors)
    counts = [Counter(_cells(names, one)) for one in seen]
    total: Counter[tuple[str, ...]] = Counter()
    for count in counts:
        total.update(count)
    wanted = [(value.id,) for value in factors[0].values] if len(factors) == 1 else sorted(total)
    cells = (_cell(names, key, total[key], counts) for key in wanted[:MOST_CELLS])
    possible = prod(len(factor.values) for factor in factors)
    missing = possible - len(total)
    return Balance(names, tuple(cells), possible, missing, not missing and _is_one(total.values()))


def _is_one(counts: Iterable[int]) -> bool:
    return len(set(counts)) <= 1


def _cells(names: Sequence[str], seen: Seen) -> Iterator[tuple[str, ...]]:
    for trial in seen.trials:
        key = tuple(trial.get(name, "") for name in names)
        if all(key):
            yield key


def _cell(
    names: Sequence[str],
    key: tuple[str, ...],
    total: int,
    counts: Sequence[Counter[tuple[str, ...]]],
) -> Cell:
    in_runs = [count[key] for count in counts] or [0]
    return Cell(tuple(zip(names, key, strict=True)), total, min(in_runs), max(in_runs))


def _unused(design: Design) -> Iterator[tuple[str, str]]:
    """Yield the values that come nowhere, not even in practice."""
    used: dict[str, set[str]] = {}
    for run in design.runs:
        for block in run.blocks:
            for trial in _values(design, block):
                for name, value in trial.items():
                    used.setdefault(name, set()).add(value)
    for factor in design.factors:
        found = used.get(factor.id, set())
        yield from ((factor.id, value.id) for value in factor.values if value.id not in found)


def _unset(design: Design, seen: Sequence[Seen]) -> Iterator[tuple[str, int]]:
    names = [factor.id for factor in design.factors]
    absent = Counter(
        name for one in seen for trial in one.trials for name in names if name not in trial
    )
    yield from ((name, absent[name]) for name in names if absent[name])


# --- orders ---------------------------------------------------------------------------------------
def _is_tabled(factor: Factor) -> bool:
    return 1 < len(factor.values) <= MOST_SHOWN


def _order(factor: Factor, seen: Sequence[Seen]) -> Order:
    name = factor.id
    inside = [[[trial.get(name, "") for trial in block] for block in one.blocks] for one in seen]
    level = _level(inside)
    if level == "trial":
        return _table(factor, level, [block for one in inside for block in one])
    lines = ([block[0] for block in one if block] for one in inside)
    return _table(factor, level, [_moves(line) for line in lines])


def _level(inside: Sequence[Sequence[Sequence[str]]]) -> str:
    """Return what keeps one value of the factor."""
    if any(len(set(block)) > 1 for one in inside for block in one):
        return "trial"
    if any(len({value for block in one for value in block}) > 1 for one in inside):
        return "block"
    return "run"


def _moves(line: Sequence[str]) -> list[str]:
    """Leave out what only goes on, and blocks without a value."""
    found: list[str] = []
    for value in line:
        if value and (not found or found[-1] != value):
            found.append(value)
    return found


def _table(factor: Factor, level: str, lines: Sequence[Sequence[str]]) -> Order:
    values = tuple(value.id for value in factor.values)
    longest = max(map(len, lines), default=0)
    places = min(longest, MOST_SHOWN)
    at = Counter((value, place) for line in lines for place, value in enumerate(line))
    next_to = Counter(pair for line in lines for pair in pairwise(line))
    positions = tuple(tuple(at[value, place] for place in range(places)) for value in values)
    follows = tuple(tuple(next_to[one, other] for other in values) for one in values)
    return Order(factor.id, level, values, positions, follows)


def _needed(orders: Sequence[Order]) -> int | None:
    """Return of what the runs should be a multiple so that squares and groups are full."""
    sizes = [len(order.values) for order in orders if order.level != "trial"]
    return max(sizes, default=None)


# --- the rest -------------------------------------------------------------------------------------
def _duration(design: Design, timing: Timing) -> Duration:
    runs = [_seconds(run, timing) for run in design.runs] or [0.0]
    return Duration(min(runs), max(runs), sum(runs))


def _seconds(run: Run, timing: Timing) -> float:
    """Return how long a run takes: gaps stand between trials of a block, and between blocks."""
    trials = sum(len(block.trials) for block in run.blocks)
    gaps = sum(max(len(block.trials) - 1, 0) for block in run.blocks)
    practice = sum(block.is_practice for block in run.blocks[:-1])
    between = max(len(run.blocks) - 1, 0) - practice
    return (
        timing.setup
        + trials * timing.trial
        + gaps * timing.intertrial
        + between * timing.interblock
        + practice * timing.interpractice
    )


def _twins(design: Design) -> Iterator[str]:
    """Yield ids that are there twice; a file would not be read with them."""
    kinds: dict[str, list[str]] = {
        "factor": [one.id for one in design.factors],
        "measure": [one.id for one in design.measures],
        "run": [one.id for one in design.runs],
    }
    kinds |= {f"value of {one.id}": [value.id for value in one.values] for one in design.factors}
    for kind, codes in kinds.items():
        yield from (f"{kind} {code}" for code, count in Counter(codes).items() if count > 1)


def _findings(report: Report) -> Iterator[str]:
    for balance in report.balances:
        if report.trials and not balance.is_even:
            yield f"The values of {balance.factors[0]} do not come equally often."
    yield from _about_orders(report)
    if missing := report.missing_participants:
        yield f"{missing} more run{'s' if missing > 1 else ''} would make the square full."
    yield from (
        f"The value {value} of {factor} comes in no trial." for factor, value in report.unused
    )
    yield from (f"{_trials(count)} no value of {factor}." for factor, count in report.unset)
    yield from (f"The run {code} has no trials: nobody can do it." for code in report.empty_runs)
    yield from (f"An id is there twice: {twin}." for twin in report.twins)
    for code in report.clashes:
        yield f"A measure and a factor are both called {code}; exports keep them apart."
    yield from (f"The measure {code} has never been logged." for code in report.never_logged)


def _trials(count: int) -> str:
    return "1 trial has" if count == 1 else f"{count} trials have"


def _about_orders(report: Report) -> Iterator[str]:
    for order in report.orders:
        if order.level == "block" and not order.has_even_positions:
            yield f"The values of {order.factor} do not come in each place equally often."
        if order.level == "block" and not order.has_even_followers:
            yield f"The values of {order.factor} do not follow each other equally often."
