"""Telling a recruiter how a run has ended, until it has accepted it, and once."""

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils.timezone import now

from experiments.definition.recruiters import Terms
from experiments.models import Arrival, Recruiter
from experiments.services import recruiter_calls
from experiments.services.recruiter_calls import Account, Answer, Unanswered, Wish
from experiments.services.recruiting import terms_of
from runs.models import Run

HELD = timedelta(minutes=3)  # longer than all calls of one try may take
LONGEST_TOLD = 500
State = Arrival.State


class ToldLater(Exception):
    """The recruiter has not accepted it yet; no refusal, so that the job tries again."""


def confirm(*, arrival: int) -> str:
    """Tell the recruiter; return the state in which the arrival is then.

    One try at a time: two jobs for one arrival would be two calls at once. Before it is told
    anything again, a recruiter that can be asked is asked whether it knows already.

    Raises
    ------
    ToldLater
        It is worth another try.
    """
    if not _claim(arrival):
        return _state_of_others(arrival)
    found = Arrival.objects.select_related("recruiter__protocol__project__lab", "run")
    mine = found.get(pk=arrival)
    try:
        answer = _ask(mine, terms_of(mine.recruiter))
    except Unanswered as error:
        _let_go(mine, str(error))
        raise ToldLater(str(error)) from None
    return _note(mine, answer)


def _claim(arrival: int) -> bool:
    at = now()
    free = Q(held_until=None) | Q(held_until__lte=at)
    mine = Arrival.objects.filter(free, pk=arrival, state=State.WAITING)
    return bool(mine.update(held_until=at + HELD, tried_at=at, tries=F("tries") + 1))


def _state_of_others(arrival: int) -> str:
    state = Arrival.objects.filter(pk=arrival).values_list("state", flat=True).first()
    if state == State.WAITING:
        raise ToldLater("Another job is telling the recruiter at this moment.")
    return str(state or State.NOTHING)


def _ask(arrival: Arrival, terms: Terms) -> Answer:
    recruiter = arrival.recruiter
    wish = Wish(
        submission=arrival.submission,
        outcome=arrival.outcome,
        code=terms.code(arrival.outcome),
        experiment=terms.experiment,
    )
    return recruiter_calls.CALLS[recruiter.kind](account_of(recruiter), wish)


def account_of(recruiter: Recruiter) -> Account:
    """Return the address and the key that the site's secrets hold for a lab's account.

    Raises
    ------
    Unanswered
        They hold none. Whoever runs the site can add it, and then it goes on.
    """
    words = (recruiter.project.lab.slug, recruiter.account)
    name = "_".join(words).upper().replace("-", "_")
    address, _, key = settings.RECRUITER_ACCOUNTS.get(name, "").partition(" ")
    if not address or not key.strip():
        raise Unanswered(f"The site's secrets have no STUDIUM_RECRUITER_{name}.")
    return Account(address.rstrip("/"), key.strip())


def _let_go(arrival: Arrival, told: str) -> None:
    Arrival.objects.filter(pk=arrival.pk).update(held_until=None, told=told[:LONGEST_TOLD])


def _note(arrival: Arrival, answer: Answer) -> str:
    state = State.ACCEPTED if answer.accepted else State.REFUSED
    waiting = Arrival.objects.filter(pk=arrival.pk, state=State.WAITING)
    waiting.update(
        state=state,
        held_until=None,
        told=answer.told[:LONGEST_TOLD],
        accepted_at=now() if answer.accepted else None,
    )
    if arrival.run.status == Run.Status.WITHDRAWN:
        Arrival.objects.filter(pk=arrival.pk).update(person="", submission="", facts={}, told="")
    return state
