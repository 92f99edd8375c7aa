"""Who may open what of planning: a part of `test_access`."""

from typing import Any

from tests.factories import maps

SIGNED_IN = "in  200 200 200 200"
ALDER = "in  200 404 200 200"
POWER = ("power",)
ROWS: list[tuple[Any, ...]] = [
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
]


def made(project: Any, by: Any) -> dict[str, Any]:
    """Make one of each kind of thing that is planned, under the name that rows give it."""
    return {"power": maps.answered(maps.pilot(project, by), by).pk}
