"""The page that joins an analysis and a design: how many participants, for how long."""

import csv
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from planning.errors import NotAPlan
from planning.forms.minutes import MinutesForm
from planning.pictures import minutes as pictures
from planning.queries import minutes as asked

ROWS = 12


@require_safe
@login_required
@never_cache
def minutes(request: HttpRequest) -> HttpResponse:
    """Ask, and answer what the address asks."""
    form = MinutesForm(request.GET, person=request.user)
    is_asked = bool(request.GET)
    context: dict[str, Any] = {"form": form, "is_asked": is_asked}
    if is_asked and form.is_valid():
        reply = asked.answer(form.question)
        context |= {
            "reply": reply,
            "rows": _some(reply),
            "address": request.GET.urlencode(),
            "equal_power": pictures.of_equal_power(reply),
            "costs": pictures.of_costs(reply),
        }
    return render(request, "planning/minutes/minutes.html", context)


def _some(reply: asked.Reply) -> list[asked.Length]:
    """Return about a dozen lengths of scan, the cheapest among them."""
    found = reply.lengths
    each = -(-len(found) // ROWS)
    return [row for at, row in enumerate(found) if not at % each or row.is_cheapest]


@require_safe
@login_required
@never_cache
def table(request: HttpRequest) -> HttpResponse:
    """Send every length of scan with its participants and its price."""
    form = MinutesForm(request.GET, person=request.user)
    if not form.is_valid():
        raise NotAPlan(_first(form))
    made = HttpResponse(content_type="text/csv; charset=utf-8")
    made["Content-Disposition"] = 'attachment; filename="participants-and-minutes.csv"'
    write(asked.answer(form.question), csv.writer(made))
    return made


def write(reply: asked.Reply, to: Any) -> None:
    """Write a reply as rows: a length where no sample suffices has an empty cell."""
    powers = [f"participants_for_power_{each:g}" for each in reply.powers]
    to.writerow(["minutes", *powers, "cost"])
    for row in reply.lengths:
        needed = [each or "" for each in row.participants]
        to.writerow([f"{row.minutes:g}", *needed, "" if row.cost is None else f"{row.cost:.2f}"])


def _first(form: MinutesForm) -> str:
    name, faults = next(iter(form.errors.items()))
    label = "" if name == "__all__" else f"{form[name].label}: "
    return f"{label}{faults[0]}"
