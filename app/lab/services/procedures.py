"""Surgeries, injections, implanted devices and whatever else is done with an animal."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from lab.errors import DoesNotFit
from lab.licence import ENDS_LIFE
from lab.models import Action, ChronicRecording, OtherAction, Subject, Surgery, VirusInjection
from lab.services import life, records, subjects
from lab.services.plausibility import need_life, need_number

Kind = TypeVar("Kind", VirusInjection, ChronicRecording, OtherAction, Surgery)
Values = Mapping[str, Any]
CHECKED = ("subject", "began_at", "ended_at", "after_death", "confirmed")


@transaction.atomic
def create_action(*, kind: type[Kind], by: User, values: Values, reason: str = "") -> Kind:
    """Enter what was done: an injection, a chronic recording, another action."""
    return records.create(kind=kind, by=by, values=_checked(values), reason=reason)


def _checked(values: Values) -> dict[str, Any]:
    """Return the values of a new action, completed, with its animal locked."""
    given = {"began_at": now(), **values}
    subject = life.lock(given["subject"])
    given |= {"subject": subject, "lab": given.get("lab") or subject.lab}
    _need_times(subject, given)
    return given


@transaction.atomic
def change_action(*, action: Kind, by: User, values: Values, reason: str = "") -> Kind:
    """Change what was done; it has to be as true afterwards as something new."""
    subject = life.lock(values.get("subject") or action.subject)
    given = {name: getattr(action, name) for name in CHECKED} | dict(values)
    if {"began_at", "ended_at", "subject"} & set(values):
        _need_times(subject, given)
    return records.change(record=action, by=by, values=values, reason=reason)


@transaction.atomic
def create_surgery(
    *,
    by: User,
    values: Values,
    died_on: date | None = None,
    lives_because: str = "",
    reason: str = "",
) -> Surgery:
    """Enter a surgery with the weight of what was implanted, 0 for nothing.

    An outcome that an animal does not outlive wants a decision: the day on which it died, or a
    word why it lives. The outcome alone kills nobody.
    """
    need_number(values, "implant_weight_g", field="implant_weight")
    outcome = _known(values.get("outcome", ""))
    _decide(values["subject"], outcome, died_on, lives_because)
    given = _checked(values)
    given["confirmed"] = given.get("confirmed") or lives_because
    surgery = records.create(kind=Surgery, by=by, values=given, reason=reason)
    _end_life(surgery, by, died_on, reason)
    return surgery


@transaction.atomic
def change_surgery(  # noqa: PLR0913  the two decisions are optional
    *,
    surgery: Surgery,
    by: User,
    values: Values,
    died_on: date | None = None,
    lives_because: str = "",
    reason: str = "",
) -> Surgery:
    """Change a surgery; an outcome that an animal does not outlive wants the same decision."""
    if "implant_weight_g" in values:
        need_number(values, "implant_weight_g", field="implant_weight")
    outcome = _known(values.get("outcome", surgery.outcome))
    if outcome != surgery.outcome:
        subject = values.get("subject") or surgery.subject
        _decide(subject, outcome, died_on, lives_because)
    given = {**values, **({"confirmed": lives_because} if lives_because else {})}
    changed = change_action(action=surgery, by=by, values=given, reason=reason)
    _end_life(changed, by, died_on, reason)
    return changed


def _known(outcome: Any) -> str:
    if outcome and outcome not in Surgery.Outcome.values:
        known = ", ".join(f"{each.value} ({each.label})" for each in Surgery.Outcome)
        raise DoesNotFit(f"{outcome} is no outcome. Known: {known}.", field="outcome_type")
    return outcome or ""


def _decide(subject: Subject, outcome: str, died_on: date | None, lives_because: str) -> None:
    if died_on and lives_because:
        raise DoesNotFit("An animal that died does not live.", field="lives_because")
    if outcome not in ENDS_LIFE or died_on or lives_because or subject.died_on:
        return
    raise DoesNotFit(
        f"An animal does not outlive a surgery whose outcome is {Surgery.Outcome(outcome).label}.",
        field="outcome_type",
        remedy="Give the day on which it died in died_on, or say in lives_because why it lives.",
    )


def _end_life(surgery: Surgery, by: User, died_on: date | None, reason: str) -> None:
    if died_on is None:
        return
    why = reason or f"{surgery.get_outcome_display() or 'death'} in a surgery"
    surgery.subject = subjects.change_subject(
        subject=surgery.subject, by=by, values={"died_on": died_on}, reason=why.capitalize()
    )


def _need_times(subject: Subject, given: Values) -> None:
    if given["began_at"] is None:
        raise DoesNotFit("Say when it began.", field="start_time")
    need_life(subject, given)
    if given.get("ended_at") and given["ended_at"] < given["began_at"]:
        raise DoesNotFit("It ends before it begins.", field="end_time")


def delete_action(*, action: Action, by: User, reason: str = "") -> None:
    """Put an action where it can be restored from; the animal's step is reckoned without it."""
    records.delete(record=action, by=by, reason=reason)
