"""How far searches are, and what they found."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.timezone import now

from common.errors import NotThere
from fmriplan.design import pieces, specification
from fmriplan.design.pieces import Effort
from fmriplan.errors import PlanningError
from jobs.models import Status
from planning.models import Island, Plan, Search, TaskDesign

SHOWN = 50
ALREADY = 0.02  # a share from which on what is left can be told
TONES = {
    "running": "badge-accent",
    "succeeded": "badge-good",
    "failed": "badge-harm",
    "cancelled": "badge-warning",
}
CRITERIA = {
    "detection": "Detection",
    "estimation": "Estimation",
    "counterbalancing": "Balance of the order",
    "frequencies": "Balance of the counts",
    "inflation": "Variance inflation",
    "surprise": "Surprise in bits",
    "longest_run": "Longest run",
    "wait_autocorrelation": "Autocorrelation of waits",
}


@dataclass(frozen=True)
class Standing:
    """How far a search is, in the words of its page."""

    word: str
    phase: str = ""
    share: float = 0.0
    best: float | None = None
    left_s: float | None = None
    is_ending: bool = False

    @property
    def percent(self) -> int:
        return int(self.share * 100)

    @property
    def tone(self) -> str:
        return TONES.get(self.word, "")


def one(person: Any, search: uuid.UUID) -> Search:
    """Return a search that somebody may see."""
    rows = Search.objects.visible_to(person).select_related(
        "plan__project__lab", "created_by", "repeats"
    )
    found: Search | None = rows.filter(pk=search).first()
    if found is None:
        raise NotThere
    return found


def plan(person: Any, plan: uuid.UUID) -> Plan:
    rows = Plan.objects.visible_to(person).select_related("project__lab")
    found: Plan | None = rows.filter(pk=plan).first()
    if found is None:
        raise NotThere
    return found


def of_plan(plan: Plan) -> list[tuple[Search, Standing]]:
    """Return the newest searches of a plan, each with how far it is: two questions in all."""
    rows = plan.searches.select_related("created_by").defer("specification", "history")
    found = list(rows[:SHOWN])
    for each in found:
        each.plan = plan
    islands = Island.objects.filter(search__in=found).select_related("job")
    beside: dict[uuid.UUID, list[Island]] = {each.pk: [] for each in found}
    for island in islands.defer("best", "history", "job__log_tail", "job__result"):
        beside[island.search_id].append(island)
    return [(each, standing(each, beside[each.pk])) for each in found]


def islands(search: Search) -> list[Island]:
    rows = search.islands.select_related("job").defer("best", "job__log_tail", "job__result")
    return list(rows.order_by("number"))


def standing(search: Search, islands: Sequence[Island]) -> Standing:
    """Return how far a search is, from what its jobs last said."""
    best = max((each.worth for each in islands if each.worth is not None), default=None)
    if search.outcome:
        return Standing(word=search.outcome, share=1.0, best=best)
    at_work = [each for each in islands if _is_running(each)]
    share = sum(_share(each) for each in islands) / max(1, len(islands))
    is_ending = search.ends_when_asked or search.cancelled_at is not None
    if not at_work:
        word = "starting" if any(_is_starting(each) for each in islands) else "queued"
        return Standing(word=word, share=share, best=best, is_ending=is_ending)
    job = at_work[0].job
    phase = f"{job.phase}, {job.message}" if job and job.message else (job.phase if job else "")
    left = _left_s(search, share)
    return Standing("running", phase, share, best, left, is_ending)


def _is_running(island: Island) -> bool:
    job = island.job
    is_at_it = job is not None and job.status == Status.RUNNING
    return is_at_it and job is not None and job.phase not in {"", "Starting"}


def _is_starting(island: Island) -> bool:
    return island.job is not None and island.job.status == Status.RUNNING


def _share(island: Island) -> float:
    if island.finished_at or island.job is None or island.job.finished:
        return 1.0
    return island.job.fraction or 0.0


def _left_s(search: Search, share: float) -> float | None:
    if search.began_at is None or share < ALREADY:
        return None
    return (now() - search.began_at).total_seconds() * (1 / share - 1)


def history(search: Search, islands: Sequence[Island]) -> list[dict[str, Any]]:
    """Return the best scores as time went: those of the end, or what is known so far."""
    if search.finished_at:
        return list(search.history)
    points = sorted((p for island in islands for p in island.history), key=lambda one: one["s"])
    made: list[dict[str, Any]] = []
    for point in points:
        if not made or point["worth"] > made[-1]["worth"]:
            made.append(point)
    return made


def designs(search: Search) -> list[TaskDesign]:
    return list(search.designs.order_by("position").defer("specification"))


def some_designs(person: Any, numbers: Sequence[str]) -> list[TaskDesign]:
    """Return designs by their numbers, in that order; all are seen, or it is not there."""
    rows = TaskDesign.objects.visible_to(person).select_related("plan", "search")
    found = {str(each.pk): each for each in rows.filter(pk__in=_whole(numbers))}
    if set(found) != set(numbers):
        raise NotThere
    return [found[number] for number in numbers]


def _whole(numbers: Sequence[str]) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(each) for each in numbers]
    except ValueError:
        raise NotThere from None


def rows_of(designs: Sequence[TaskDesign]) -> list[tuple[str, list[float | None]]]:
    """Return a row for each criterion that a design has, with the values of all designs."""
    worth: list[tuple[str, list[float | None]]] = [("Worth", [each.worth for each in designs])]
    return worth + [
        (words, [each.scores.get(name) for each in designs])
        for name, words in CRITERIA.items()
        if any(name in each.scores for each in designs)
    ]


def expected_s(plan: Plan, effort: Effort) -> float | None:
    """Return about how long a search takes on this machine; None where it cannot be done."""
    try:
        return pieces.expected_s(specification.read(plan.specification), effort, time.monotonic)
    except PlanningError:
        return None
