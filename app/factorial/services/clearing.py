"""Deleting for good: the pilots of a design, or all that was recorded of it. Each is typed first.

Whoever only wants runs out of the way leaves them out of analyses, which can be undone.
"""

from collections.abc import Collection
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import Project, User
from accounts.roles import Role
from common.errors import NotAllowed, NotThere
from factorial.errors import MoreMeanwhile, MustBeTyped
from factorial.models import Design, LogRun, Measure, PlannedRun
from factorial.services.access import need_editable
from runs.models import Consent, Participant, Run, Withdrawal
from runs.models import Measure as Registered
from runs.services import erasure
from runs.services.erasure import Whose

AT_ONCE = 500


def need_typed(design: Design, typed: str) -> None:
    """Refuse what cannot be undone unless the design's id was typed.

    Raises
    ------
    MustBeTyped
        Something else was.
    """
    if typed.strip() != design.code:
        raise MustBeTyped(f"Type “{design.code}” to do this. Nothing was changed.")


def runs_of(design: Design) -> Any:
    """Return all attempts at a design, whichever client made them."""
    mine = Run.objects.filter(project=design.project_id, source=Run.Source.FACTORIAL)
    return mine.filter(design=design.digest).order_by()


@transaction.atomic
def purge_pilots(
    *, design: Design, by: User | None, typed: str, seen: int | None = None, reason: str = ""
) -> int:  # fmt: skip
    """Delete the pilot runs of a design with all that was recorded in them; return how many.

    ``by`` is nobody where it is done beside the site, by a command; ``seen`` is how many there
    were when somebody decided it.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    MustBeTyped
        The id of the design was not typed.
    MoreMeanwhile
        There are not as many as were seen.
    """
    need_editable(design.project_id, by)
    need_typed(design, typed)
    _need_same(runs_of(design).filter(is_pilot=True), seen)
    number = _delete(runs_of(design).filter(is_pilot=True))
    told = {"pilots": [number, 0]}
    audit.record(
        action="design.pilots-purged", user=by, on=design, changes=told, reason=reason.strip()
    )
    return number


@transaction.atomic
def clear(
    *, design: Design, by: User | None, typed: str, seen: int | None = None, reason: str = ""
) -> int:  # fmt: skip
    """Delete all that was recorded of a design, and return how many runs; what it plans stays.

    Raises
    ------
    NotThere, NotAllowed
        ``by`` does not see the project, or does not manage its lab.
    MustBeTyped
        The id of the design was not typed.
    MoreMeanwhile
        There are not as many runs as were seen.
    """
    _need_manager(design, by)
    need_typed(design, typed)
    _need_same(runs_of(design), seen)
    number = _delete(runs_of(design))
    undeclared = Measure.objects.filter(design=design, is_declared=False)
    names = list(undeclared.values_list("code", flat=True))
    _forget(design, names)
    undeclared.delete()
    PlannedRun.objects.filter(design=design).update(offered_at=None, offered_until=None)
    told = {"runs": [number, 0]}
    audit.record(action="design.cleared", user=by, on=design, changes=told, reason=reason.strip())
    return number


def _need_same(rows: Any, seen: int | None) -> None:
    """Refuse to delete what came after somebody looked at how much there is."""
    if seen is not None and rows.count() != seen:
        raise MoreMeanwhile


def _need_manager(design: Design, by: User | None) -> None:
    if by is None:
        return
    mine = Project.objects.filter(pk=design.project_id)
    if not mine.visible_to(by).exists():
        raise NotThere
    if not mine.with_role(by, Role.MANAGER).exists():
        raise NotAllowed("What was recorded is deleted by those who manage the lab.")


def _delete(rows: Any) -> int:
    """Delete runs, some at a time; a run that somebody writes to is waited for."""
    keys = list(rows.values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        _delete_these(keys[start : start + AT_ONCE])
    return len(keys)


def _delete_these(keys: Collection[Any]) -> None:
    runs = list(Run.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
    people = {run.participant_id for run in runs if run.participant_id}
    LogRun.objects.filter(run__in=keys).delete()
    erasure.erase(Whose(runs=keys))
    Consent.objects.filter(run__in=keys).delete()
    kept = Withdrawal.objects.filter(run__in=keys).values("run")  # it proves that somebody withdrew
    Run.objects.filter(pk__in=keys).exclude(pk__in=kept).delete()
    _forget_people(people)


def _forget_people(people: Collection[Any]) -> None:
    """Delete those of whom nothing else is known than that they took part here."""
    busy = Run.objects.filter(participant__in=people).values("participant")
    left = Withdrawal.objects.filter(participant__in=people).values("participant")
    alone = Participant.objects.filter(pk__in=people).exclude(pk__in=busy).exclude(pk__in=left)
    erasure.erase(Whose(runs=(), participants=list(alone.values_list("pk", flat=True))))
    alone.delete()


def _forget(design: Design, names: Collection[str]) -> None:
    unforeseen = Registered.objects.filter(design=design.digest, is_unforeseen=True)
    unforeseen.filter(project=design.project_id, name__in=names, answers=None).delete()
