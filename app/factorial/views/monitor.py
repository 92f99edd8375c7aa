"""The pages on which people of a project watch the runs of a design, and decide about them."""

import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.errors import Invalid, NotThere
from factorial.models import Design, PlannedRun, RunMark
from factorial.queries import events, log_lines, monitor, run_pages
from factorial.services import marks, taking_back
from runs.models import Run

MARKS = {"note": "The note is written.", "excluded": "It is left out of analyses from now on."}


def design_of(request: HttpRequest, pk: int) -> Design:
    found = monitor.design_of(pk, request.user)
    if found is None:
        raise NotThere
    return found


def _planned(design: Design, pk: int) -> PlannedRun:
    whole = PlannedRun.objects.at_hand().select_related("run__participant")
    found: PlannedRun | None = whole.filter(design=design, pk=pk).first()
    if found is None:
        raise NotThere
    return found


def attempt_of(design: Design, run: uuid.UUID) -> Run:
    found: Run | None = (
        monitor.attempts_of(design).select_related("participant", "project").filter(pk=run).first()
    )
    if found is None:
        raise NotThere
    return found


def may_change(request: HttpRequest, design: Design) -> bool:
    return bool(Design.objects.editable_by(request.user).filter(pk=design.pk).exists())


# --- all runs -----------------------------------------------------------------------------------


@require_safe
@login_required
@never_cache
def runs(request: HttpRequest, design: int) -> HttpResponse:
    return render(request, "factorial/monitor/runs.html", _runs(request, design))


@require_safe
@login_required
@never_cache
def state(request: HttpRequest, design: int) -> HttpResponse:
    """Show what moves on the page of the runs."""
    return render(request, "factorial/monitor/_state.html", _runs(request, design))


def _runs(request: HttpRequest, pk: int) -> dict[str, Any]:
    kind = request.GET.get("show", "")
    kind = kind if kind in monitor.KINDS else ""
    after, before = key_in(request, "after"), key_in(request, "before")
    design = design_of(request, pk)
    found = monitor.monitor(design, now(), kind, -1 if after is None else after)
    chips = [{"label": "All", "url": "?", "is_on": not kind, "count": sum(found.counts.values())}]
    chips += [
        {"label": label, "url": f"?show={name}", "is_on": kind == name, "count": found.counts[name]}
        for name, label in monitor.KINDS.items()
    ]
    asked = {"show": kind or None, "after": after, "before": before}
    return {
        "design": design,
        "monitor": found,
        "logged": log_lines.log_lines(design, before),
        "chips": chips,
        "kind": kind,
        "after": after,
        "before": before,
        "here": urlencode(
            {name: value for name, value in asked.items() if value not in {"", None}}
        ),
    }


def key_in(request: HttpRequest, name: str) -> int | None:
    """Return the number that a page of a list goes on behind; what is none begins the list."""
    text = request.GET.get(name, "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


# --- one run ------------------------------------------------------------------------------------


@require_safe
@login_required
@never_cache
def run(request: HttpRequest, design: int, planned: int) -> HttpResponse:
    found = design_of(request, design)
    mine = _planned(found, planned)
    return render(request, "factorial/monitor/run.html", _run(request, found, mine, mine.run))


@require_safe
@login_required
@never_cache
def attempt(request: HttpRequest, design: int, planned: int, run: uuid.UUID) -> HttpResponse:
    """Show an earlier attempt at a run, or the one that counts."""
    found = design_of(request, design)
    mine, it = _planned(found, planned), attempt_of(found, run)
    if it.cell != mine.code[:100]:
        raise NotThere
    return render(request, "factorial/monitor/run.html", _run(request, found, mine, it))


def _run(
    request: HttpRequest, design: Design, planned: PlannedRun, run: Run | None
) -> dict[str, Any]:
    attempts = monitor.attempts_of(design).filter(cell=planned.code[:100])
    logs = log_lines.log_page(run, key_in(request, "before")) if run else None
    return {
        "design": design,
        "planned": planned,
        "run": run,
        "is_current": planned.run == run,
        "line": monitor.line_of(planned, now()),
        "blocks": run_pages.blocks_of(planned, None if logs else run),
        "logs": logs,
        "marks": list(run_pages.marks_of(run)) if run else [],
        "happened": events.around(run) if run else [],
        "attempts": list(attempts.select_related("participant").order_by("created_at")),
        "may_change": may_change(request, design),
    }


@require_safe
@login_required
@never_cache
def trial(  # noqa: PLR0913, PLR0917  the address says where the trial is
    request: HttpRequest, design: int, planned: int, run: uuid.UUID, block: int, trial: int
) -> HttpResponse:
    """Show one trial: what was measured, and what happened in it over time."""
    found = design_of(request, design)
    mine, it = _planned(found, planned), attempt_of(found, run)
    shown = events.trial_of(it, block, trial)
    if shown is None:
        raise NotThere
    context = {"design": found, "planned": mine, "run": it, "block_number": block, "shown": shown}
    return render(request, "factorial/monitor/trial.html", context)


# --- decisions ----------------------------------------------------------------------------------


def _unlock(request: HttpRequest, planned: PlannedRun, reason: str) -> str:
    marks.unlock(planned=planned, by=me(request), reason=reason)
    return "The run is let go. Whoever asks for it next goes on with it."


def _redo(request: HttpRequest, planned: PlannedRun, reason: str) -> str:
    marks.redo(planned=planned, by=me(request), reason=reason)
    return "The run is free again. The attempt that there was is kept, and left out of analyses."


def _skip(request: HttpRequest, planned: PlannedRun, reason: str) -> str:
    whole = request.POST.get("what") == "block"
    where = marks.skip(planned=planned, by=me(request), reason=reason, rest_of_block=whole)
    what = "The rest of block" if whole else f"Trial {where.trial} of block"
    return f"{what} {where.block} is skipped."


def _put_aside(request: HttpRequest, planned: PlannedRun, reason: str) -> str:
    marks.put_aside(planned=planned, by=me(request), reason=reason)
    return "The run is put aside: nobody is given it."


def _put_back(request: HttpRequest, planned: PlannedRun, reason: str) -> str:
    marks.put_back(planned=planned, by=me(request), reason=reason)
    return "The run is free again."


ACTS: dict[str, Callable[[HttpRequest, PlannedRun, str], str]] = {
    "unlock": _unlock,
    "redo": _redo,
    "skip": _skip,
    "put-aside": _put_aside,
    "put-back": _put_back,
}


@require_POST
@login_required
def act(request: HttpRequest, design: int, planned: int, do: str) -> HttpResponse:
    mine = _planned(design_of(request, design), planned)
    messages.success(request, ACTS[do](request, mine, request.POST.get("reason", "")))
    return redirect("factorial:run", design, planned)


@require_POST
@login_required
@never_cache
def hand_over(request: HttpRequest, design: int, planned: int) -> HttpResponse:
    """Show the link with which another browser takes the run over; it is shown this once."""
    found = design_of(request, design)
    mine = _planned(found, planned)
    reason = request.POST.get("reason", "")
    link = marks.hand_over(planned=mine, by=me(request), reason=reason)
    context = _run(request, found, mine, mine.run) | {"link": link}
    return render(request, "factorial/monitor/run.html", context)


@require_POST
@login_required
def mark(request: HttpRequest, design: int, planned: int, run: uuid.UUID) -> HttpResponse:
    found = design_of(request, design)
    mine, it = _planned(found, planned), attempt_of(found, run)
    kind = request.POST.get("kind", "")
    if kind not in MARKS:
        raise Invalid("A mark is a note or an exclusion.")
    where = marks.Where(_number(request, "block"), _number(request, "trial"))
    reason = request.POST.get("reason", "")
    marks.mark(run=it, kind=kind, by=me(request), reason=reason, where=where)
    messages.success(request, MARKS[kind])
    return redirect("factorial:attempt", design, mine.pk, run)


@require_POST
@login_required
def undo(request: HttpRequest, design: int, planned: int, mark: int) -> HttpResponse:
    found = design_of(request, design)
    mine = _planned(found, planned)
    of_design = RunMark.objects.filter(run__in=monitor.attempts_of(found))
    it = of_design.select_related("run__project").filter(pk=mark).first()
    if it is None:
        raise NotThere
    taking_back.undo(mark=it, by=me(request))
    messages.success(request, "That is taken back.")
    return redirect("factorial:attempt", design, mine.pk, it.run_id)


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004  what no column could hold
        raise Invalid(f"The number of a {name} is written in digits.")
    return int(text)


def me(request: HttpRequest) -> Any:
    return request.user
