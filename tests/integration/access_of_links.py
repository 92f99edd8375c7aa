"""Who may open what of links that are shared: a part of `test_access`."""

from typing import Any

from planning.models import Plan, PowerAnalysis
from planning.services import sharing

EVERYBODY = "200 200 200 200 200"
ALDER = "in  200 404 200 200"
ROWS: list[tuple[Any, ...]] = [
    ("planning:plan-links", ALDER, "get", ("searched_plan",)),
    ("planning:plan-links", ALDER, "post", ("searched_plan",)),
    ("planning:power-links", ALDER, "get", ("power",)),
    ("planning:link-revoke", "in 302 404 302 302", "post", ("link",)),
    ("planning:shared", EVERYBODY, "get", ("shared_plan",)),
    ("planning:shared", EVERYBODY, "get", ("shared_power",)),
]


def shared(made: dict[str, Any], by: Any) -> dict[str, Any]:
    """Share a plan and an analysis of the site."""
    plan = Plan.objects.select_related("project").get(pk=made["searched_plan"])
    analysis = PowerAnalysis.objects.select_related("pilot__project").get(pk=made["power"])
    of_plan = sharing.share(of=plan, by=by, days=3)
    of_power = sharing.share(of=analysis, by=by, days=3)
    return {"link": of_plan.link.pk, "shared_plan": of_plan.token, "shared_power": of_power.token}
