"""Pages of designs: the list, one of them, what it is like, and its files."""

import re
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from factorial import previews
from factorial.queries import designs as asked
from factorial.queries.logged import logged
from factorial.queries.whole_designs import plan_of
from touchstone import recipe_json, table, xml

RUNS_AT_ONCE = 100


@require_safe
@login_required
@never_cache
def designs(request: HttpRequest) -> HttpResponse:
    is_archive = request.GET.get("state") == "archived"
    context = {
        "designs": asked.listed(request.user, is_archive=is_archive),
        "is_archive": is_archive,
        "may_bring": asked.may_bring(request.user),
    }
    return render(request, "factorial/designs.html", context)


@require_safe
@login_required
@never_cache
def design(request: HttpRequest, design: int) -> HttpResponse:
    found = asked.visible(request.user, design)
    rows = found.planned_runs.filter(position__gte=_start(request)).select_related("run")
    runs = list(rows[: RUNS_AT_ONCE + 1])
    context: dict[str, Any] = {
        "design": found,
        "factors": found.factors.all(),
        "measures": found.measures.all(),
        "runs": runs[:RUNS_AT_ONCE],
        "next": runs[RUNS_AT_ONCE - 1].position if len(runs) > RUNS_AT_ONCE else None,
        "tally": asked.tally(found),
        "may_change": asked.may_change(request.user, found),
    }
    return render(request, "factorial/design.html", context)


def _start(request: HttpRequest) -> int:
    """Return the place of the first run to show: behind the one that the address names."""
    after = request.GET.get("after", "")
    return int(after) + 1 if re.fullmatch(r"[0-9]{1,8}", after) else 0


@require_safe
@login_required
@never_cache
def balance(request: HttpRequest, design: int) -> HttpResponse:
    """Show what the checker says of a design."""
    found = asked.visible(request.user, design)
    recipe = recipe_json.from_json(found.recipe) if found.recipe else None
    preview = previews.of(plan_of(found), recipe=recipe, logged=logged(found))
    return render(request, "factorial/balance.html", {"design": found, "preview": preview})


@require_safe
@login_required
def as_xml(request: HttpRequest, design: int) -> HttpResponse:
    found = asked.visible(request.user, design)
    return _file(xml.write(plan_of(found)), "application/xml", f"{found.code}.xml")


@require_safe
@login_required
def as_table(request: HttpRequest, design: int) -> HttpResponse:
    """Send the table of all trials that are planned."""
    found = asked.visible(request.user, design)
    return _file(table.write(plan_of(found)), "text/csv", f"{found.code}-trials.csv")


def _file(text: str, kind: str, name: str) -> HttpResponse:
    plain = "".join(
        one if one.isascii() and (one.isalnum() or one in "._-") else "_" for one in name
    )
    answer = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{plain}"'
    return answer
