"""Who may see what by a link, and which links there are."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.timezone import now

from common.errors import NotThere
from fmriplan.design import specification
from fmriplan.design.specification import Specification
from fmriplan.errors import PlanningError
from planning.models import Plan, PowerAnalysis, SharedLink, TaskDesign

MOST_DESIGNS = 50


@dataclass(frozen=True)
class Links:
    """The links to one thing, and where new ones are made."""

    rows: list[SharedLink]
    plan: Plan | None = None
    analysis: PowerAnalysis | None = None

    @property
    def is_any(self) -> bool:
        return bool(self.rows)


def state(link: SharedLink) -> str:
    """Return whether a link leads somewhere, in a word."""
    if link.revoked_at:
        return "taken back"
    return "open" if link.expires_at > now() else "over"


def plan(person: Any, key: uuid.UUID) -> Plan:
    rows = Plan.objects.visible_to(person).select_related("project__lab")
    found: Plan | None = rows.filter(pk=key).first()
    if found is None:
        raise NotThere
    return found


def analysis(person: Any, key: uuid.UUID) -> PowerAnalysis:
    rows = PowerAnalysis.objects.visible_to(person).select_related("pilot__project__lab")
    found: PowerAnalysis | None = rows.filter(pk=key).defer("peaks").first()
    if found is None:
        raise NotThere
    return found


def link(person: Any, key: int) -> SharedLink:
    rows = SharedLink.objects.visible_to(person).select_related("plan", "analysis__pilot")
    found: SharedLink | None = rows.filter(pk=key).first()
    if found is None:
        raise NotThere
    return found


def links_to(of: Plan | PowerAnalysis) -> list[tuple[SharedLink, str]]:
    """Return all links to a thing with their states, the newest first: one question."""
    rows = of.links.select_related("created_by").order_by("-created_at")[:200]
    return [(each, state(each)) for each in rows]


def read(plan: Plan) -> Specification | None:
    try:
        return specification.read(plan.specification)
    except PlanningError:
        return None


def kept_designs(plan: Plan) -> list[TaskDesign]:
    """Return what a visitor sees of a plan's designs: those that were kept, the best first."""
    rows = plan.designs.filter(is_kept=True).order_by("-worth", "pk")
    return list(rows.defer("specification", "created_by")[:MOST_DESIGNS])
