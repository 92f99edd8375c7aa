"""What a search finds of the area: maps of pilots and plans of tasks, by their names."""

from typing import Any

from django.urls import reverse

from common.search import LIMIT, Hit
from planning.models import Plan, PowerAnalysis


def analyses(person: Any, text: str) -> list[Hit]:
    rows = PowerAnalysis.objects.visible_to(person).filter(pilot__name__icontains=text)
    return [
        Hit(
            title=str(row.pilot),
            url=reverse("planning:power", args=[row.pk]),
            detail=f"{row.pilot.participants} participants, {row.pilot.project}",
            icon="curve",
        )
        for row in rows.select_related("pilot__project").defer("result", "peaks")[:LIMIT]
    ]


def plans(person: Any, text: str) -> list[Hit]:
    rows = Plan.objects.visible_to(person).filter(name__icontains=text)
    return [
        Hit(
            title=str(row),
            url=reverse("planning:plan", args=[row.pk]),
            detail=str(row.project),
            icon="curve",
        )
        for row in rows.select_related("project").defer("specification")[:LIMIT]
    ]
