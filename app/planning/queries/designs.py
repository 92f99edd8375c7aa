"""Who sees which plans of tasks, and their designs."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.models import AuditEntry, Project
from common.errors import NotThere
from fmriplan.design import specification
from fmriplan.design.specification import Specification
from fmriplan.errors import PlanningError
from planning.models import Plan, TaskDesign

MOST_SHOWN = 100


def visible(person: Any, key: UUID) -> Plan:
    """Return a plan that somebody sees, with its project and lab.

    Raises
    ------
    NotThere
        There is none, or not for them.
    """
    rows = Plan.objects.visible_to(person).select_related("project__lab", "created_by")
    found: Plan | None = rows.filter(pk=key).first()
    if found is None:
        raise NotThere
    return found


def visible_design(person: Any, key: UUID) -> TaskDesign:
    """Return a design that somebody sees, with its plan, project and lab."""
    rows = TaskDesign.objects.visible_to(person)
    rows = rows.select_related("plan__project__lab", "search", "created_by")
    found: TaskDesign | None = rows.filter(pk=key).first()
    if found is None:
        raise NotThere
    return found


def may_change(person: Any, plan: Plan) -> bool:
    """Return whether somebody may change a plan and its designs."""
    return Project.objects.editable_by(person).filter(pk=plan.project_id).exists()


def kept(plan: Plan) -> list[TaskDesign]:
    """Return the designs of a plan that were kept, the newest first, without their orders."""
    rows = TaskDesign.objects.filter(plan=plan, is_kept=True).defer("order", "waits")
    return list(rows.select_related("created_by").order_by("-created_at", "label")[:MOST_SHOWN])


def history(plan: Plan) -> list[AuditEntry]:
    """Return what happened to a plan, the newest first."""
    rows = AuditEntry.objects.on(plan).select_related("user", "token").order_by("-pk")
    return list(rows[:MOST_SHOWN])


@dataclass(frozen=True)
class Read:
    """What a stored specification says, or why it says nothing any more."""

    told: Specification | None
    refusal: str = ""


def read(text: str) -> Read:
    """Return what a stored specification says; one of an older release may have become wrong."""
    try:
        return Read(specification.read(text))
    except PlanningError as error:
        return Read(None, str(error))
