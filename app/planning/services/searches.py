"""Searches as people ask for them: begun, ended, cancelled, repeated, and what is kept of them."""

import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils.timezone import now

import jobs
from accounts import audit
from accounts.models import User
from fmriplan.design import orders, specification
from fmriplan.design.pieces import Effort
from fmriplan.errors import PlanningError
from jobs.errors import AlreadyFinished, NotYours
from jobs.services import cancel as cancel_job
from planning.errors import NotAPlan, NotSure, SearchOver
from planning.models import Island, Plan, Search, TaskDesign
from planning.services import endings, quotas
from planning.services.access import need_editable

LONGEST_S = 3000


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody asks a search for."""

    effort: Effort = field(default_factory=Effort)
    seconds: int = 600
    tells_by_mail: bool = False
    repeats: Search | None = None


def new_seed() -> int:
    return secrets.randbelow(10**6)


@transaction.atomic
def begin(*, plan: Plan, by: User, wish: Wish) -> Search:
    """Begin a search: a row, its islands, and a job for each of them.

    Raises
    ------
    NotAPlan
        The plan cannot be searched; the rule or the setting is named, and nothing was begun.
    QuotaUsed
        The person, or the lab, has as many searches as they may.
    """
    need_editable(plan.project_id, by)
    _need_possible(plan.specification, wish)
    quotas.need_room_for_search(project=plan.project, by=by)
    search = Search.objects.create(
        plan=plan,
        specification=wish.repeats.specification if wish.repeats else plan.specification,
        method=wish.effort.method,
        seed=wish.effort.seed,
        options=_options(wish),
        tells_by_mail=wish.tells_by_mail,
        created_by=by,
        repeats=wish.repeats,
    )
    islands = [_island(search, number, by) for number in range(_islands(wish.effort))]
    Island.objects.bulk_create(islands)
    search.job = islands[0].job
    search.save(update_fields=["job"])
    told = {"method": [None, search.method], "seed": [None, search.seed]}
    audit.record(action="search.begun", user=by, on=search, changes=told)
    return search


def _islands(effort: Effort) -> int:
    """Return how many islands have something to do."""
    return min(effort.islands, effort.pieces)


def _island(search: Search, number: int, by: User) -> Island:
    job = jobs.enqueue(
        "planning.search",
        arguments={"search": str(search.pk), "island": number},
        project=search.plan.project,
        user=by,
        key=f"{search.pk}:{number}",
        label=f"Search for designs of {search.plan}",
    )
    return Island(search=search, number=number, job=job)


def _options(wish: Wish) -> dict[str, Any]:
    effort = replace(wish.effort, islands=_islands(wish.effort))
    told = {name: value for name, value in asdict(effort).items() if name not in {"method", "seed"}}
    return told | {"seconds": min(wish.seconds, LONGEST_S)}


def _need_possible(text: str, wish: Wish) -> None:
    try:
        told = specification.read(wish.repeats.specification if wish.repeats else text)
        orders.check(told.experiment, told.rules)
    except PlanningError as refusal:
        raise NotAPlan(str(refusal)) from None


def repeat(*, search: Search, by: User, is_sure: bool) -> Search:
    """Do a search again, with the same seed and all else as it was.

    Raises
    ------
    NotSure
        It has succeeded, so the same designs would be found again; that is asked for twice.
    """
    if search.outcome == Search.Outcome.SUCCEEDED and not is_sure:
        raise NotSure
    wish = Wish(
        effort=endings.effort_of(search),
        seconds=int(search.options.get("seconds", LONGEST_S)),
        tells_by_mail=search.tells_by_mail,
        repeats=search,
    )
    return begin(plan=search.plan, by=by, wish=wish)


@transaction.atomic
def end_now(*, search: Search, by: User) -> None:
    """Ask a search to end with the best design so far."""
    need_editable(search.plan.project_id, by)
    if not Search.objects.filter(pk=search.pk, finished_at=None).update(ends_when_asked=True):
        raise SearchOver
    audit.record(action="search.ended_early", user=by, on=search)


def cancel(*, search: Search, by: User) -> None:
    """Cancel all islands of a search; what they have stored by then is kept."""
    need_editable(search.plan.project_id, by)
    with transaction.atomic():
        rows = Search.objects.filter(pk=search.pk, finished_at=None)
        if not rows.update(cancelled_at=now()):
            raise SearchOver
        audit.record(action="search.cancelled", user=by, on=search)
    for island in Island.objects.filter(search=search, finished_at=None).select_related("job"):
        if island.job:
            with suppress(AlreadyFinished, NotYours):  # then it looks at the search itself
                cancel_job(job=island.job, user=by)
    endings.settle(search.pk)


@transaction.atomic
def keep(*, design: TaskDesign, by: User, label: str = "") -> TaskDesign:
    """Keep a design when its search's other designs are deleted."""
    need_editable(design.plan.project_id, by)
    design.is_kept = True
    design.label = label.strip()[:200] or design.label
    design.save(update_fields=["is_kept", "label"])
    audit.record(action="design.kept", user=by, on=design, lab=design.plan.project.lab)
    return design


@transaction.atomic
def let_go(*, design: TaskDesign, by: User) -> TaskDesign:
    """Let a design go with the others of its search."""
    need_editable(design.plan.project_id, by)
    design.is_kept = False
    design.save(update_fields=["is_kept"])
    audit.record(action="design.let_go", user=by, on=design, lab=design.plan.project.lab)
    return design
