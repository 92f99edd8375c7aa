"""Which analyses a person sees, and what their pages show."""

from typing import Any
from uuid import UUID

from accounts.models import Project
from common.errors import NotThere
from planning.models import PowerAnalysis

HEAVY = ("result", "peaks")


def visible(person: Any, key: UUID, *, without: tuple[str, ...] = ()) -> PowerAnalysis:
    """Return an analysis that somebody sees, with its map and job.

    Raises
    ------
    NotThere
        There is none, or not for them.
    """
    rows = PowerAnalysis.objects.visible_to(person).filter(pk=key).defer(*without)
    found: PowerAnalysis | None = rows.select_related(
        "pilot__project__lab", "pilot__created_by", "created_by", "job"
    ).first()
    if found is None:
        raise NotThere
    return found


def others(analysis: PowerAnalysis) -> list[PowerAnalysis]:
    """Return the same map's analyses under other settings, newest first."""
    rows = PowerAnalysis.objects.filter(pilot=analysis.pilot_id).exclude(pk=analysis.pk)
    return list(rows.defer(*HEAVY).select_related("job"))


def may_change(person: Any, analysis: PowerAnalysis) -> bool:
    mine = Project.objects.editable_by(person)
    return bool(mine.filter(pk=analysis.pilot.project_id).exists())
