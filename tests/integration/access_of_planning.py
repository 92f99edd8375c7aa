"""Who may open what of planning: a part of `test_access`."""

from typing import Any

from tests.factories import maps, studies

SIGNED_IN = "in  200 200 200 200"
ALDER = "in  200 404 200 200"
POWER = ("power",)
CHANGED = "in  302 404 302 302"
DESIGNS = [
    ("planning:plan-make", SIGNED_IN, "get", ()),
    ("planning:plan-make-text", SIGNED_IN, "get", ()),
    ("planning:plan-facts", SIGNED_IN, "post", ()),
    ("planning:plan", ALDER, "get", ("plan",)),
    ("planning:plan-edit", ALDER, "get", ("plan",)),
    ("planning:plan-text", ALDER, "get", ("plan",)),
    ("planning:plan-copy", CHANGED, "post", ("plan",)),
    ("planning:plan-archive", CHANGED, "post", ("plan",)),
    ("planning:plan-specification", ALDER, "get", ("plan",)),
    ("planning:design-lab", ALDER, "get", ("plan",)),
    ("planning:design-keep", "in  422 404 422 422", "post", ("plan",)),
    ("planning:design-take", "in  409 404 409 409", "post", ("plan",)),
    ("planning:task-design", ALDER, "get", ("task_design",)),
    ("planning:task-design-zip", ALDER, "get", ("task_design",)),
    ("planning:task-design-file", ALDER, "get", ("task_design", "design_file")),
    ("planning:task-design-rename", CHANGED, "post", ("task_design",)),
    ("planning:task-design-delete", CHANGED, "post", ("task_design",)),
]
ROWS: list[tuple[Any, ...]] = [
    *DESIGNS,
    ("planning:studies", SIGNED_IN, "get", ()),
    ("planning:minutes", SIGNED_IN, "get", ()),
    ("planning:minutes-table", "in 422 422 422 422", "get", ()),
    ("planning:power-new", SIGNED_IN, "get", ()),
    ("planning:power-new", SIGNED_IN, "post", ()),
    ("planning:power", ALDER, "get", POWER),
    ("planning:power-peaks", ALDER, "get", POWER),
    ("planning:power-peaks-csv", ALDER, "get", POWER),
    ("planning:power-csv", ALDER, "get", POWER),
    ("planning:power-settings", ALDER, "get", POWER),
    ("planning:power-again", ALDER, "get", POWER),
    ("planning:power-again", ALDER, "post", POWER),
    ("planning:design-made", ALDER, "get", ("task_design",)),
    ("planning:design-task", ALDER, "get", ("task_design",)),
]


def made(project: Any, by: Any) -> dict[str, Any]:
    """Make one of each kind of thing that is planned, under the name that rows give it."""
    plan = studies.plan(project, by)
    return {
        "power": maps.answered(maps.pilot(project, by), by).pk,
        "plan": plan.pk,
        "task_design": studies.design(plan, is_kept=True).pk,
        "design_file": "README.txt",
    }
