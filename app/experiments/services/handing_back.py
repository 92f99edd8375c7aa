"""What a recruiter and those it sent are told when a run has ended: once, by its outcome."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now

import jobs
from experiments.definition.recruiters import HOSTS, Terms, filled, leads_to_allowed
from experiments.flow import step_at
from experiments.models import Arrival, Recruiter, Sitting
from experiments.services import alone
from experiments.services.recruiting import hosts_of, terms_of
from runs.models import Run

AGAIN_AFTER = timedelta(hours=2)  # by then no job of the first enqueueing waits any more
GIVEN_UP_AFTER = timedelta(days=90)  # who has not handed it in at MTurk by then never will
State = Arrival.State


@dataclass(frozen=True)
class Return:
    """What the last page offers to somebody whom a recruiter sent; empty is not offered."""

    name: str
    code: str = ""
    address: str = ""
    at_once: bool = False
    form: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def outcome_of(run: Run) -> str:
    """Return how a run has ended in the words of its protocol: the last step's, or the status."""
    if run.status != Run.Status.COMPLETED:
        return run.status
    sitting = Sitting.objects.select_related("revision").defer("revision__words").get(run=run)
    step = step_at(sitting.revision.read.flow, sitting.at) if sitting.at else None
    return (step.outcome if step else "") or run.status


def settle(run: Run) -> None:
    """Write down how a run has ended that a recruiter sent, and have the recruiter told."""
    link = run.sitting.link if hasattr(run, "sitting") else None
    if link is not None and link.recruiter_id is not None:
        alone.go_on(lambda: _settle(run), "What a recruiter is told of a run")


def _settle(run: Run) -> None:
    waiting = Arrival.objects.filter(run=run, state=State.OPEN)
    arrival: Arrival | None = waiting.select_related("recruiter__protocol__project").first()
    if arrival is None:
        return
    outcome = outcome_of(run)[:60]
    tells = _tells(arrival.recruiter, outcome)
    state = State.WAITING if tells else State.NOTHING
    if waiting.update(outcome=outcome, state=state) and tells:
        tell(arrival)


def _tells(recruiter: Recruiter, outcome: str) -> bool:
    """Say whether we tell the recruiter ourselves: never, unless an account was named for it."""
    terms = terms_of(recruiter)
    needs_code = recruiter.kind == Recruiter.Kind.PROLIFIC
    return bool(
        recruiter.account and terms.confirms(outcome) and (terms.code(outcome) or not needs_code)
    )


def tell(arrival: Arrival) -> None:
    """Have the recruiter told by a job; asked for twice, it is one job while that one goes on."""
    jobs.enqueue(
        "experiments.confirm",
        arguments={"arrival": arrival.pk},
        project=arrival.project,
        key=f"arrival {arrival.pk}",
    )


def tell_what_was_left() -> int:
    """Ask again for what no job has brought to an end, and settle what nobody was told of."""
    ended = Arrival.objects.filter(state=State.OPEN).exclude(run__status__in=Run.OPEN)
    for arrival in ended.select_related("run"):
        alone.go_on(partial(_settle, arrival.run), "What a recruiter is told of a run")
    waiting = Arrival.objects.filter(state=State.WAITING)
    waiting.filter(run__ended_at__lt=now() - GIVEN_UP_AFTER).update(state=State.REFUSED)
    lately = now() - AGAIN_AFTER
    left = waiting.exclude(tried_at__gt=lately)
    left = left.exclude(run__ended_at__gt=lately).select_related("recruiter__protocol__project")
    return sum(alone.go_on(partial(_told, each), "Telling a recruiter") for each in left)


def _told(arrival: Arrival) -> bool:
    tell(arrival)
    return True


# --- the last page -------------------------------------------------------------------------------
def offered(run: Run) -> Return | None:
    """Return what the last page offers; nothing leads to a host that is not allowed."""
    rows = Arrival.objects.filter(run=run).exclude(state=State.OPEN)
    arrival: Arrival | None = rows.select_related("recruiter").first()
    if arrival is None:
        return None
    terms = terms_of(arrival.recruiter)
    code = terms.code(arrival.outcome)
    address = _address(arrival, terms, code)
    return Return(
        name=arrival.recruiter.spoken,
        code=code,
        address=address,
        at_once=terms.at_once and bool(address),
        **_mturk_form(arrival, code),
    )


def _address(arrival: Arrival, terms: Terms, code: str) -> str:
    if not terms.return_to or ("{code}" in terms.return_to and not code):
        return ""
    values = {
        "code": code,
        "outcome": arrival.outcome,
        "person": arrival.person,
        "submission": arrival.submission,
        "study": str(arrival.facts.get("study", "")),
    }
    address = filled(terms.return_to, values)
    return address if leads_to_allowed(address, hosts_of(terms.kind)) else ""


def _mturk_form(arrival: Arrival, code: str) -> dict[str, Any]:
    """Return the form by which MTurk takes an assignment as handed in, where MTurk asked for it."""
    base = str(arrival.facts.get("submit_to", "")).rstrip("/")
    if not arrival.submission or not leads_to_allowed(base, HOSTS.get(arrival.recruiter.kind, ())):
        return {}
    fields = {"assignmentId": arrival.submission, "outcome": arrival.outcome, "code": code}
    return {"form": f"{base}/mturk/externalSubmit", "fields": fields}


# --- who withdraws -------------------------------------------------------------------------------
def forget(rows: QuerySet[Any]) -> None:
    """Empty what recruiters call somebody; who is still to be credited is, and then forgotten."""
    for arrival in rows.select_related("recruiter", "run"):
        if arrival.state == State.OPEN:
            _settle(arrival.run)
    rows.update(person="", told="")
    rows.exclude(state=State.WAITING).update(submission="", facts={})
