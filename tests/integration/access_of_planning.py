"""Who may open what of planning: a part of `test_access`."""

from typing import Any

SIGNED_IN = "in  200 200 200 200"
ALDER = "in  200 404 200 200"
ROWS: list[tuple[Any, ...]] = [
    ("planning:studies", SIGNED_IN, "get", ()),
    ("planning:minutes", SIGNED_IN, "get", ()),
    ("planning:minutes-table", "in 422 422 422 422", "get", ()),
]
