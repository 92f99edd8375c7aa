"""Who may open what of searches: a part of `test_access`."""

from collections.abc import Callable
from typing import Any

from django.utils.timezone import now
from tests.factories import searches
from tests.integration import access_of_links

from planning.models import Search, TaskDesign

SIGNED_IN = "in  200 200 200 200"
ALDER = "in  200 404 200 200"
DONE = "in  302 404 302 302"
OVER = "in  409 404 409 409"
PLAN, SEARCH = ("searched_plan",), ("design_search",)
ROWS: list[tuple[Any, ...]] = [
    *access_of_links.ROWS,
    ("planning:searches", ALDER, "get", PLAN),
    ("planning:search-new", ALDER, "get", PLAN),
    ("planning:search-new", ALDER, "post", PLAN),
    ("planning:search-expected", ALDER, "get", PLAN),
    ("planning:search-compare", SIGNED_IN, "get", ()),
    ("planning:search", ALDER, "get", SEARCH),
    ("planning:search-card", ALDER, "get", SEARCH),
    ("planning:search-history", ALDER, "get", SEARCH),
    ("planning:search-files", ALDER, "get", SEARCH),
    ("planning:search-end", OVER, "post", SEARCH),
    ("planning:search-cancel", OVER, "post", SEARCH),
    ("planning:search-repeat", ALDER, "get", SEARCH),
    ("planning:search-repeat", ALDER, "post", SEARCH),
    ("planning:found-keep", DONE, "post", ("found_design",)),
]


def ended(project: Any, by: Any) -> dict[str, Any]:
    """Return the numbers of a plan, of a search that has ended, and of its design."""
    plan = searches.plan(project, "Searched")
    search = Search.objects.create(
        plan=plan, specification=plan.specification, created_by=by, finished_at=now(),
        outcome=Search.Outcome.SUCCEEDED,
    )  # fmt: skip
    design = TaskDesign.objects.create(
        plan=plan, search=search, specification=plan.specification,
        order=[0, 1] * 10, waits=[0] + [30] * 19, worth=0.5,
    )  # fmt: skip
    return {"searched_plan": plan.pk, "design_search": search.pk, "found_design": design.pk}


def beside(made: Callable[[Any, Any], dict[str, Any]]) -> Callable[[Any, Any], dict[str, Any]]:
    """Let what is made for planning have a search and what is shared beside it."""

    def all_made(project: Any, by: Any) -> dict[str, Any]:
        found = made(project, by) | ended(project, by)
        return found | access_of_links.shared(found, by)

    return all_made
