"""How a search begins and ends: the database settles who is first and who is last."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from fmriplan.design import pieces, specification
from fmriplan.design.pieces import Effort, Kept, Pieces
from fmriplan.errors import PlanningError
from jobs.models import UNFINISHED, Status
from planning.models import Island, Search, SearchLetter, TaskDesign
from planning.services import mails

LONGEST_HISTORY = 400
Outcome = Search.Outcome


def effort_of(search: Search) -> Effort:
    """Return what a search was told, as it was stored."""
    told = {name: value for name, value in search.options.items() if name != "seconds"}
    return Effort(method=search.method, seed=search.seed, **told)


@transaction.atomic
def begin(search: Search) -> None:
    """Note that a search has begun; the first of its islands does, and posts the letter."""
    at = now()
    if Search.objects.filter(pk=search.pk, began_at=None).update(began_at=at):
        search.began_at = at
        mails.post(search, SearchLetter.Kind.BEGAN)


def wish(search: uuid.UUID) -> str:
    """Return why a search shall end although it could go on, or nothing."""
    told = Search.objects.filter(pk=search).values_list("ends_when_asked", "cancelled_at").first()
    if told is None or told[1]:
        return "cancelled"
    return "when it was asked to" if told[0] else ""


def cancel_all(search: uuid.UUID) -> None:
    """Let the other islands end, too: they look for this every second."""
    Search.objects.filter(pk=search, finished_at=None, cancelled_at=None).update(cancelled_at=now())


def leave(island: int, outcome: str, *, early: bool = False, refusal: str = "") -> None:
    """Note that an island has ended; the last one that does ends the search."""
    with transaction.atomic():
        rows = Island.objects.filter(pk=island, finished_at=None)
        if not rows.update(finished_at=now(), outcome=outcome):
            return
        search = Search.objects.filter(islands=island)
        said: dict[str, Any] = {"was_ended_early": True} if early else {}
        said |= {"refusal": refusal} if refusal else {}
        if said:
            search.update(**said)
    settle(search.values_list("pk", flat=True)[0])


@transaction.atomic
def settle(search: uuid.UUID) -> bool:
    """End a search when none of its islands is at work any more; say whether this call did.

    Islands whose job failed, was cancelled or is gone count as ended: what they stored is used.
    """
    rows = Search.objects.select_for_update(of=("self",)).filter(pk=search, finished_at=None)
    found = rows.select_related("plan__project__lab", "created_by").first()
    if found is None:
        return False
    islands = list(found.islands.select_related("job"))
    if any(is_at_work(island) for island in islands):
        return False
    designs = _designs(found, islands)
    TaskDesign.objects.bulk_create(designs)
    at = now()
    found.outcome = _outcome(found, islands)
    found.refusal = found.refusal or _refusal(found, islands)
    found.history = _history(islands)
    found.finished_at = at
    days = settings.PLANNING_KEPT_DAYS
    found.expires_at = at + timedelta(days=days) if designs and days else None
    found.save(update_fields=["outcome", "refusal", "history", "finished_at", "expires_at"])
    mails.post(found, SearchLetter.Kind.ENDED)
    return True


def is_at_work(island: Island) -> bool:
    """Say whether an island has still something to do, by what its job last said."""
    job = island.job
    return island.finished_at is None and job is not None and job.status in UNFINISHED


def _outcome(search: Search, islands: list[Island]) -> str:
    if search.cancelled_at or any(_was_cancelled(island) for island in islands):
        return Outcome.CANCELLED
    is_done = any(island.outcome == Outcome.SUCCEEDED for island in islands)
    return Outcome.SUCCEEDED if is_done else Outcome.FAILED


def _was_cancelled(island: Island) -> bool:
    by_job = island.job is not None and island.job.status == Status.CANCELLED
    return island.outcome == Outcome.CANCELLED or (not island.outcome and by_job)


def _refusal(search: Search, islands: list[Island]) -> str:
    if search.outcome == Outcome.CANCELLED:
        return ""
    said = [island.job.error for island in islands if island.job and island.job.error]
    return said[0] if said else ""


def _designs(search: Search, islands: list[Island]) -> list[TaskDesign]:
    pool = [Kept.read(each) for island in islands for each in island.best]
    effort = effort_of(search)
    kept = pieces.chosen(effort, pool)
    if not kept:
        return []
    scored = Pieces(specification.read(search.specification), effort)
    return [
        TaskDesign(
            plan=search.plan,
            search=search,
            position=position,
            label=_label(search, position),
            specification=search.specification,
            order=list(each.order),
            waits=list(each.waits),
            scores=_scores(scored, each),
            worth=each.worth,
            created_by=search.created_by,
        )
        for position, each in enumerate(kept)
    ]


def _scores(scored: Pieces, kept: Kept) -> dict[str, float]:
    try:
        return scored.scores(kept)
    except PlanningError:  # what cannot be told of a design takes nothing from what can
        return {name: getattr(kept, name) for name in pieces.CRITERIA}


def _label(search: Search, position: int) -> str:
    word = "Participant" if search.method == Search.Method.SET else "Design"
    return f"{word} {position + 1}"


def _history(islands: list[Island]) -> list[dict[str, Any]]:
    """Return the best of all islands as time went."""
    points = sorted((p for island in islands for p in island.history), key=lambda one: one["s"])
    made: list[dict[str, Any]] = []
    for point in points:
        if not made or point["worth"] > made[-1]["worth"]:
            made.append(point)
    return made[-LONGEST_HISTORY:]
