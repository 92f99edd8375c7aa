"""What participants say of who they are: sealed apart, with the age that it gives as an answer."""

import json
from collections.abc import Mapping, Sequence
from datetime import date

from django.db import transaction
from django.utils.timezone import now

from experiments.services import papers, sittings
from experiments.services.sittings import Turn
from runs import days, vault
from runs.models import Run, Visit
from runs.rows import said
from runs.services import forms, identities
from runs.services.forms import Given

BIRTH = "birth-date"


def day_of(run: Run) -> date:
    """Return the day that a run counts for, where its participant is."""
    person = run.participant.time_zone if run.participant else ""
    zone = days.zone_of(run.time_zone, person, run.project.lab.time_zone)
    return days.day_of(run.began_at or now(), zone)


@transaction.atomic
def register(
    *,
    turn: Turn,
    facts: Mapping[str, str],
    answers: Sequence[Given] = (),
    age_as: str = "",
    key: str,
) -> None:
    """Keep who somebody is, and answer the items beside it; what comes first counts.

    ``key`` is the run's own, for the copy of the consent that is mailed to a new address.

    Raises
    ------
    HeldElsewhere, RunIsOver
        Another browser writes, or the run has ended; nothing is stored.
    NoIdentityKey
        The site cannot seal it; nothing is stored.
    """
    run = turn.sitting.run
    if run.participant is None:
        raise RuntimeError(f"{run} has no participant.")
    told = {name: value for name, value in facts.items() if value}
    given = [*answers, *_age(run, told, age_as)]
    is_first = forms.submit(visit=turn.visit, holder=turn.holder, answers=given,
                            choice=_in_short(turn.visit, told),
                            started_at=turn.started_at)  # fmt: skip
    if is_first and told and not turn.visit.submitted_at:
        before = identities.address_of(run.participant)
        identities.know(participant=run.participant, facts=told)
        if told.get(identities.ADDRESS, before) != before:
            papers.mail_consent(sitting=turn.sitting, key=key)
    sittings.go_on(turn=turn)


def _in_short(visit: Visit, told: Mapping[str, str]) -> str:
    """Return what tells one content from another and nothing of what it is."""
    if not told:
        return "nothing"
    return vault.fingerprint(json.dumps(told, sort_keys=True), f"visit {visit.pk}")


def _age(run: Run, told: Mapping[str, str], age_as: str) -> list[Given]:
    if not (age_as and told.get(BIRTH)):
        return []
    return [Given(said(age_as, days.age_on(day_of(run), date.fromisoformat(told[BIRTH]))))]
