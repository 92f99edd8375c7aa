"""The page of a run that its client named, where the design plans none of that name."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.errors import Invalid, NotThere
from factorial.models import RunMark
from factorial.queries import events, log_lines, run_pages
from factorial.services import marks, taking_back
from factorial.views.monitor import MARKS, attempt_of, design_of, key_in, may_change, me


@require_safe
@login_required
@never_cache
def run(request: HttpRequest, design: int, run: uuid.UUID) -> HttpResponse:
    found = design_of(request, design)
    line = log_lines.line_of(found, run)
    if line is None:
        raise NotThere
    context = {
        "design": found,
        "line": line,
        "run": line.run,
        "logs": log_lines.log_page(line.run, key_in(request, "before")),
        "marks": list(run_pages.marks_of(line.run)),
        "happened": events.around(line.run),
        "may_change": may_change(request, found),
    }
    return render(request, "factorial/monitor/log_run.html", context)


@require_POST
@login_required
def mark(request: HttpRequest, design: int, run: uuid.UUID) -> HttpResponse:
    it = attempt_of(design_of(request, design), run)
    kind = request.POST.get("kind", "")
    if kind not in MARKS:
        raise Invalid("A mark is a note or an exclusion.")
    marks.mark(run=it, kind=kind, by=me(request), reason=request.POST.get("reason", ""))
    messages.success(request, MARKS[kind])
    return redirect("factorial:log-run", design, run)


@require_POST
@login_required
def undo(request: HttpRequest, design: int, run: uuid.UUID, mark: int) -> HttpResponse:
    it = attempt_of(design_of(request, design), run)
    found = RunMark.objects.select_related("run__project").filter(pk=mark, run=it).first()
    if found is None:
        raise NotThere
    taking_back.undo(mark=found, by=me(request))
    messages.success(request, "That is taken back.")
    return redirect("factorial:log-run", design, run)
