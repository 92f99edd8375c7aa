"""One design, or one analysis, that a person sees; for what is made of it."""

from typing import Any
from uuid import UUID

from common.errors import NotThere
from planning.models import PowerAnalysis, TaskDesign


def design(person: Any, key: UUID) -> TaskDesign:
    """Return a design with its plan, project and lab."""
    rows = TaskDesign.objects.visible_to(person).select_related("plan__project__lab", "search")
    found: TaskDesign | None = rows.filter(pk=key).first()
    if found is None:
        raise NotThere
    return found


def analysis(person: Any, key: UUID) -> PowerAnalysis:
    """Return an analysis with its map, project and lab."""
    rows = PowerAnalysis.objects.visible_to(person).select_related("pilot__project__lab")
    found: PowerAnalysis | None = rows.filter(pk=key).first()
    if found is None:
        raise NotThere
    return found
