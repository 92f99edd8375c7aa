"""A design that somebody brings as files: what it is worth, and what a search would still gain."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from fmriplan.design import events, matlab_files
from fmriplan.design.borrowed import Borrowed, borrow
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.events import Event
from fmriplan.design.goal import Goal
from fmriplan.design.orders import Rules, check, random_design
from fmriplan.design.scoring import Score, score
from fmriplan.design.specification import Specification
from fmriplan.errors import PlanningError
from planning.errors import NotAPlan
from planning.queries import design_lab, design_scores, design_sizes
from planning.queries.design_scores import Scores

MOST_FILES, MOST_BYTES, MOST_EVENTS, MOST_NAMES = 50, 2_000_000, 5000, 50
BY_CHANCE = 200
VARIABLES = ("names", "onsets", "durations")


@dataclass(frozen=True)
class Scan:
    """How the design was, or will be, scanned; without scans, until the last response is over."""

    tr_s: float
    scans: int | None
    rho: float
    high_pass_s: float | None


@dataclass(frozen=True, eq=False)
class Better:
    """What a short search found with the same trials and waits: only their order differs.

    ``beats`` has, for detection and for counterbalancing, how many of a hundred orders by chance
    are worse than the design as it came.
    """

    before: Scores
    after: Scores
    gain: float | None
    beats: tuple[float, float]
    told: Specification
    answer: design_lab.Answer


@dataclass(frozen=True, eq=False)
class Judged:
    """What the files say; ``better`` is None where ``why_not`` says why none was searched."""

    events: tuple[Event, ...]
    score: Score
    scans: int
    contrasts: tuple[str, ...]
    better: Better | None
    why_not: str = ""


def read(files: Sequence[tuple[str, bytes]]) -> list[Event]:
    """Return the events of files, told by name and content.

    Raises
    ------
    NotAPlan
        One of them holds no events; it is named.
    """
    if len(files) > MOST_FILES or sum(len(content) for _, content in files) > MOST_BYTES:
        raise NotAPlan(
            f"At most {MOST_FILES} files of {MOST_BYTES // 1_000_000} MB together are read."
        )
    made: list[Event] = []
    for name, content in files:
        try:
            made += events.read(name, _harmless(content))
        except matlab_files.Immodest as error:
            raise NotAPlan(f"{name}: this MATLAB file is not read, for {error}.") from None
        except (PlanningError, ValueError) as error:
            raise NotAPlan(f"{name}: {error}") from None
    if len(made) > MOST_EVENTS or len({each.condition for each in made}) > MOST_NAMES:
        raise NotAPlan(f"At most {MOST_EVENTS:,} events of {MOST_NAMES} conditions are scored.")
    return sorted(made, key=lambda one: one.onset_s)


def _harmless(content: bytes) -> bytes:
    return matlab_files.modest(content, VARIABLES) if content.startswith(b"MATLAB") else content


def judge(shown: Sequence[Event], scan: Scan, *, pairs: bool) -> Judged:
    """Return what events are worth, and what an order of the same trials could be.

    Raises
    ------
    NotAPlan
        They cannot be scored with such a scan.
    """
    names = list(dict.fromkeys(each.condition for each in shown))
    rows, said = _contrasts(names, pairs=pairs and len(names) > 1)
    scans = scan.scans or _enough(shown, scan.tr_s)
    _need_short(shown, scans)
    facts = {"tr_s": scan.tr_s, "scans": scans, "contrasts": rows, "rho": scan.rho,
             "high_pass_s": scan.high_pass_s}  # fmt: skip
    try:
        made = score(shown, **facts)  # type: ignore[arg-type]
    except PlanningError as error:
        raise NotAPlan(str(error)) from None
    try:
        better = _better(borrow(shown, **facts))  # type: ignore[arg-type]
    except PlanningError as error:
        return Judged(tuple(shown), made, scans, said, None, str(error))
    return Judged(tuple(shown), made, scans, said, better)


def _enough(shown: Sequence[Event], tr_s: float) -> int:
    last = max(each.onset_s + each.shown_s for each in shown)
    return int(np.ceil((last + 12) / tr_s)) if tr_s > 0 else 0


def _need_short(shown: Sequence[Event], scans: int) -> None:
    longest = max(each.shown_s for each in shown)
    if scans > design_sizes.MOST_SCANS or longest > design_sizes.LONGEST_SHOWN_S:
        raise NotAPlan(
            f"{scans:,} scans with events of up to {longest:g} s are more than a page scores: at "
            f"most {design_sizes.MOST_SCANS:,} scans, and {design_sizes.LONGEST_SHOWN_S:g} s."
        )


def _contrasts(
    names: Sequence[str], *, pairs: bool
) -> tuple[tuple[tuple[float, ...], ...], tuple[str, ...]]:
    if not pairs:
        each = tuple(tuple(float(one == other) for other in names) for one in names)
        return each, tuple(names)
    made = [(a, b) for a in range(len(names)) for b in range(a + 1, len(names))]
    rows = tuple(
        tuple(float(place == a) - float(place == b) for place in range(len(names))) for a, b in made
    )
    return rows, tuple(f"{names[a]} - {names[b]}" for a, b in made)


def _better(held: Borrowed) -> Better:
    longest = _longest_run(held.order.tolist())
    rules = Rules(exact_counts=True, longest_run=longest)
    told = Specification(held.experiment, Goal(), rules)
    if why := design_sizes.too_large(held.experiment):
        raise PlanningError(why)
    before = design_scores.of(told, held.order, held.waits)
    answer = design_lab.optimise(told)
    found = answer.scores.detection
    return Better(
        before=before,
        after=answer.scores,
        gain=found / before.detection if found and before.detection else None,
        beats=_beats(held, replace(rules, longest_run=0), before),
        told=told,
        answer=answer,
    )


def _longest_run(order: Sequence[int]) -> int:
    longest = now = 1
    for one, other in pairwise(order):
        now = now + 1 if one == other else 1
        longest = max(longest, now)
    return longest


def _beats(held: Borrowed, rules: Rules, scores: Scores) -> tuple[float, float]:
    """Return how many percent of orders by chance are worse in detection, in counterbalancing."""
    rng = np.random.default_rng(0)
    checked = check(held.experiment, rules)
    drawn = [random_design(held.experiment, checked, rng) for _ in range(BY_CHANCE)]
    orders, waits = (np.array(each) for each in zip(*drawn, strict=True))
    evaluation = Evaluation(held.experiment)
    worse = (
        evaluation.detection(orders, waits) < (scores.detection or 0.0),
        evaluation.counterbalancing(orders) < (scores.counterbalancing or 0.0),
    )
    return float(100 * worse[0].mean()), float(100 * worse[1].mean())
