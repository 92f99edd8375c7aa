"""What a person plans: their power analyses and their plans of tasks, newest first."""

from typing import Any

from accounts.models import Project
from planning.models import Plan, PowerAnalysis

AT_ONCE = 50


def analyses(person: Any) -> list[PowerAnalysis]:
    """Return analyses without their numbers, with the map and project of each."""
    rows = PowerAnalysis.objects.visible_to(person).select_related("pilot__project__lab", "job")
    return list(rows.defer("result", "peaks")[:AT_ONCE])


def plans(person: Any, *, archived: bool = False) -> list[Plan]:
    """Return plans without their specifications, with the project of each."""
    rows = Plan.objects.visible_to(person).filter(archived_at__isnull=not archived)
    return list(rows.select_related("project__lab").defer("specification")[:AT_ONCE])


def may_plan(person: Any) -> bool:
    """Return whether a person may work in any project."""
    return bool(Project.objects.editable_by(person).exists())
