"""What clients ask: designs, runs, plans, blocks, trials; and to be offered a run."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.timezone import now

from factorial.lightmill2020 import finding, refusals, shapes
from factorial.lightmill2020.finding import Named
from factorial.lightmill2020.speaking import speaks
from factorial.models import Block, Design, Factor, PlannedRun
from factorial.services import hand_out
from runs.models import Trial

READS = ("GET", "HEAD")
MOST_KNOWN = 1000
KNOWN_DEFAULTS: dict[str, dict[str, str]] = {}  # by digest, which says what they are


@speaks(*READS)
def experiments(request: HttpRequest, named: Named) -> HttpResponse:  # noqa: ARG001
    rows = finding.designs(named.lab).values_list("code", "name")
    return JsonResponse({code: shapes.title(code, name) for code, name in rows})


@speaks(*READS)
def experiment(request: HttpRequest, named: Named) -> HttpResponse:  # noqa: ARG001
    return JsonResponse(shapes.design(finding.design(named)))


@speaks("GET")
def available_run(request: HttpRequest, named: Named) -> HttpResponse:  # noqa: ARG001
    """Offer the first free run; for a moment nobody else is offered it."""
    offered = hand_out.offer(design=finding.design(named))
    return JsonResponse(shapes.run(offered, named.experiment, now()))


@speaks(*READS)
def run(request: HttpRequest, named: Named) -> HttpResponse:  # noqa: ARG001
    return JsonResponse(shapes.run(finding.run(named), named.experiment, now()))


@speaks(*READS)
def plan(request: HttpRequest, named: Named) -> HttpResponse:  # noqa: ARG001
    found = finding.run(named)
    defaults, done = defaults_of(found.design), _done(found)
    blocks = [shapes.planned_block(each, defaults, done) for each in found.blocks.all()]
    return JsonResponse(blocks, safe=False)


def _done(planned: PlannedRun) -> dict[tuple[int, int], datetime]:
    rows = Trial.objects.filter(visit__run=planned.run_id).order_by()
    facts = rows.values_list("visit__position", "index", "received_at")
    return {(position, index): at for position, index, at in facts}


def defaults_of(design: Design) -> dict[str, str]:
    """Return the values of factors that nothing names; they are part of the digest."""
    found = KNOWN_DEFAULTS.get(design.digest)
    if found is None:
        rows = Factor.objects.filter(design=design).exclude(default="")
        found = dict(rows.values_list("code", "default"))
        if len(KNOWN_DEFAULTS) >= MOST_KNOWN:
            KNOWN_DEFAULTS.clear()
        KNOWN_DEFAULTS[design.digest] = found
    return found


@speaks(*READS)
def current_trial(request: HttpRequest, named: Named) -> HttpResponse:  # noqa: ARG001
    found = finding.run(named)
    if found.done >= found.trial_count:
        raise refusals.completed()
    return _planned(found, found.done, named)


@speaks(*READS)
def next_trial(request: HttpRequest, named: Named) -> HttpResponse:  # noqa: ARG001
    found = finding.run(named)
    if found.done >= found.trial_count:
        raise refusals.completed()
    if found.done + 1 >= found.trial_count:
        raise refusals.completed("The current trial is the last one of the run.")
    return _planned(found, found.done + 1, named)


def _planned(found: PlannedRun, index: int, named: Named) -> HttpResponse:
    """Answer with the trial that is so many after the first of its run."""
    rows = Block.objects.filter(planned_run=found, first_trial__lte=index, trial_count__gt=0)
    block = rows.with_visit().order_by("-first_trial", "-number")[0]
    return told(block, index - block.first_trial, found.design, named)


@speaks(*READS)
def block(request: HttpRequest, named: Named) -> HttpResponse:  # noqa: ARG001
    return JsonResponse(shapes.block(finding.block(named)))


def trial(named: Named) -> HttpResponse:
    found = finding.trial(named)
    return told(found, named.words["trial"], found.planned_run.design, named)


def told(block: Block, number: int, design: Design, named: Named) -> HttpResponse:
    """Answer with a trial as it is planned, and as it is stored where it is."""
    visit = getattr(block, "visit", None)
    row = Trial.objects.filter(visit=visit, index=number).first() if visit else None
    facts = shapes.trial(
        named.words,
        block,
        number,
        defaults=defaults_of(design),
        measures=shapes.logged(row),
        at=row.received_at if row else None,
    )
    return JsonResponse(facts)
