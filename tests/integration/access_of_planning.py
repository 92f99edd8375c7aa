"""Who may open what of planning: a part of `test_access`."""

from typing import Any

from tests.factories import maps, studies
from tests.integration import access_of_searches

SIGNED_IN = "in  200 200 200 200"
ALDER = "in  200 404 200 200"
WITH_KEY = "401 200 200 200 200"
ALDER_WITH_KEY = "401 200 404 200 200"
POSTED = "401 400 400 400 400"
POWER = ("power",)
CHANGED = "in  302 404 302 302"
DESIGNS = [
    ("planning:design-score", SIGNED_IN, "get", ()),
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
    *access_of_searches.ROWS,
    ("planning:studies", SIGNED_IN, "get", ()),
    ("planning:minutes", SIGNED_IN, "get", ()),
    ("planning:minutes-table", "in 422 422 422 422", "get", ()),
    ("planning:power-new", SIGNED_IN, "get", ()),
    ("planning:power-new", SIGNED_IN, "post", ()),
    ("planning:power-simulated", SIGNED_IN, "post", ()),
    ("planning:power-file-remove", "in 302 404 302 302", "post", POWER),
    ("planning:power", ALDER, "get", POWER),
    ("planning:power-peaks", ALDER, "get", POWER),
    ("planning:power-peaks-csv", ALDER, "get", POWER),
    ("planning:power-csv", ALDER, "get", POWER),
    ("planning:power-viewer", ALDER, "get", POWER),
    ("planning:power-volume", ALDER, "get", POWER),
    ("planning:power-fit", ALDER, "get", POWER),
    ("planning:power-picture", ALDER, "get", (*POWER, "heights")),
    ("planning:power-settings", ALDER, "get", POWER),
    ("planning:power-again", ALDER, "get", POWER),
    ("planning:power-again", ALDER, "post", POWER),
    ("planning:design-made", ALDER, "get", ("task_design",)),
    ("planning:design-task", ALDER, "get", ("task_design",)),
    ("planning:design-report-pdf", ALDER, "get", ("task_design",)),
    ("planning:design-report-html", ALDER, "get", ("task_design",)),
    ("planning:power-report-pdf", ALDER, "get", POWER),
    ("planning:power-report-html", ALDER, "get", POWER),
    ("experiments:bring", SIGNED_IN, "get", ()),
    ("experiments:bring", "in 422 422 422 422", "post", ()),
    ("experiments:draft", ALDER, "get", ("protocol",)),
    ("experiments:try", "in 302 404 302 302", "post", ("protocol",)),
    ("planning-api:maps", WITH_KEY, "get", ()),
    ("planning-api:map", ALDER_WITH_KEY, "get", ("map",)),
    ("planning-api:map-upload", "401 404 404 404 404", "post", ()),
    ("planning-api:analyses", WITH_KEY, "get", ()),
    ("planning-api:analyses", POSTED, "post", ()),
    ("planning-api:analysis", ALDER_WITH_KEY, "get", POWER),
    ("planning-api:peaks", ALDER_WITH_KEY, "get", POWER),
    ("planning-api:curves", ALDER_WITH_KEY, "get", POWER),
    ("planning-api:plans", WITH_KEY, "get", ()),
    ("planning-api:plans", "401 404 404 404 404", "post", ()),
    ("planning-api:plan", ALDER_WITH_KEY, "get", ("plan",)),
    ("planning-api:design", ALDER_WITH_KEY, "get", ("task_design",)),
    ("planning-api:design-zip", ALDER_WITH_KEY, "get", ("task_design",)),
    ("planning-api:design-file", ALDER_WITH_KEY, "get", ("task_design", "design_file")),
    ("planning-api:maps", "401 404 404 404 404", "post", ()),
    ("planning-api:searches", WITH_KEY, "get", ()),
    ("planning-api:searches", POSTED, "post", ()),
    ("planning-api:search", ALDER_WITH_KEY, "get", ("design_search",)),
    ("planning-api:search-end", "401 409 404 409 409", "post", ("design_search",)),
    ("planning-api:search-cancel", "401 409 404 409 409", "post", ("design_search",)),
    ("planning-api:score", POSTED, "post", ()),
    ("planning-api:minutes", "401 400 400 400 400", "get", ()),
]


@access_of_searches.beside
def made(project: Any, by: Any) -> dict[str, Any]:
    """Make one of each kind of thing that is planned, under the name that rows give it."""
    plan = studies.plan(project, by)
    pilot = maps.pilot(project, by)
    return {
        "map": pilot.pk,
        "power": maps.answered(pilot, by).pk,
        "heights": "heights",
        "plan": plan.pk,
        "task_design": studies.design(plan, is_kept=True).pk,
        "design_file": "README.txt",
    }
