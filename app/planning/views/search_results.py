"""What searches found: a front to explore, designs side by side, files to download."""

import csv
import io
import uuid
import zipfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.errors import NotThere
from fmriplan.design import events, specification
from planning.models import Search, TaskDesign
from planning.pictures import searches as pictures
from planning.queries import searches as asked
from planning.services import searches

COMPARED = 2


def front(request: HttpRequest, search: Search, designs: Sequence[TaskDesign]) -> dict[str, Any]:
    """Return what the explorer of a front shows: two criteria of choice, and one design."""
    names = [name for name in asked.CRITERIA if any(name in each.scores for each in designs)]
    across = _named(request, "x", names, 0)
    up = _named(request, "y", [name for name in names if name != across], 1)
    wanted = request.GET.get("design", "")
    chosen = next((each for each in designs if str(each.pk) == wanted), None)
    page = reverse("planning:search", args=[search.pk])

    def link(design: TaskDesign) -> str:
        return f"{page}?{urlencode({'x': across, 'y': up, 'design': design.pk})}#chosen"

    key = chosen.pk if chosen else None
    return {
        "criteria": [(name, asked.CRITERIA[name]) for name in names],
        "across": across,
        "up": up,
        "chosen": chosen,
        "chosen_rows": asked.rows_of([chosen]) if chosen else [],
        "explorer": pictures.of_front(designs, across=across, up=up, chosen=key, link=link),
        "leads": [(each, link(each)) for each in designs],
    }


def _named(request: HttpRequest, name: str, names: Sequence[str], place: int) -> str:
    given = request.GET.get(name, "")
    preferred = ("detection", "counterbalancing")[place]
    if given in names:
        return given
    return preferred if preferred in names else names[0]


@require_POST
@login_required
def keep(request: HttpRequest, design: uuid.UUID) -> HttpResponse:
    """Keep a design, or let it go."""
    [found] = asked.some_designs(request.user, [str(design)])
    person: Any = request.user
    if request.POST.get("keep") == "no":
        searches.let_go(design=found, by=person)
        messages.success(request, f"{found} is not kept any more.")
    else:
        searches.keep(design=found, by=person, label=request.POST.get("label", ""))
        messages.success(request, f"{found} is kept.")
    if found.search_id:
        return redirect("planning:search", found.search_id)
    return redirect("planning:studies")


@require_safe
@login_required
@never_cache
def compare(request: HttpRequest) -> HttpResponse:
    """Show two designs side by side, whichever searches they are of."""
    given = list(dict.fromkeys(request.GET.getlist("design")))
    if len(given) != COMPARED:
        return render(request, "planning/searches/compare.html", {"count": len(given)})
    designs = asked.some_designs(request.user, given)
    rows = [(words, values, _difference(values)) for words, values in asked.rows_of(designs)]
    context = {"designs": designs, "rows": rows, "differing": _differing(designs)}
    return render(request, "planning/searches/compare.html", context)


def _difference(values: Sequence[float | None]) -> float | None:
    one, other = values
    return None if one is None or other is None else other - one


def _differing(designs: Sequence[TaskDesign]) -> str:
    one, other = (each.order for each in designs)
    if len(one) != len(other):
        return f"They have {len(one)} and {len(other)} trials."
    count = sum(left != right for left, right in zip(one, other, strict=True))
    return f"They differ in {count} of {len(one)} trials."


@require_safe
@login_required
@never_cache
def files(request: HttpRequest, search: uuid.UUID) -> HttpResponse:
    """Send all designs of a search as one ZIP: events and trials of each, and a table of scores."""
    found = asked.one(request.user, search)
    designs = list(found.designs.order_by("position"))
    if not designs:
        raise NotThere("This search has no designs, or they were deleted with age.")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("specification.toml", found.specification)
        archive.writestr("designs.csv", table(designs))
        for design in designs:
            for name, content in _texts(design).items():
                archive.writestr(f"{_folder(found, design)}/{name}", content)
    response = HttpResponse(made.getvalue(), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="designs-{found.pk}.zip"'
    return response


def _folder(search: Search, design: TaskDesign) -> str:
    word = "sub" if search.method == Search.Method.SET else "design"
    return f"{word}-{design.position + 1:02d}"


def _texts(design: TaskDesign) -> dict[str, str]:
    told = specification.read(design.specification)
    order = np.array(design.order, dtype=np.intp)
    shown = events.of_design(told.experiment, order, np.array(design.waits, dtype=np.intp))
    return {
        "events.tsv": events.bids(shown),
        "events.json": events.bids_sidecar(shown, "Condition of the trial"),
        "trials.csv": events.loop(shown),
        "design.par": events.optseq(shown),
    }


def table(designs: Sequence[TaskDesign]) -> str:
    """Return the scores of designs as CSV."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(["design", "worth", *asked.CRITERIA])
    for each in designs:
        scores = [each.scores.get(name, "") for name in asked.CRITERIA]
        writer.writerow([each.position + 1, each.worth, *scores])
    return made.getvalue()


@require_safe
@login_required
@never_cache
def history(request: HttpRequest, search: uuid.UUID) -> HttpResponse:
    """Send the scores over time as CSV."""
    found = asked.one(request.user, search)
    points = asked.history(found, asked.islands(found))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="search-{found.pk}.csv"'
    names = ("s", "part", "worth", "detection", "counterbalancing", "frequencies")
    writer = csv.writer(response)
    writer.writerow(["seconds", *names[1:]])
    writer.writerows([each.get(name, "") for name in names] for each in points)
    return response
