"""Withdrawing: what somebody did and who they are is erased, and counts are kept."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate, localtime, now

from accounts import audit
from accounts.keys import digest
from accounts.models import Project, User
from accounts.roles import Role
from common.errors import NotThere
from common.signals import run_ended
from runs.errors import CannotOpen, MayNotErase, NoIdentityKey
from runs.models import Consent, Participant, Run, Withdrawal
from runs.models.participants import LETTERS
from runs.services import erasure, identities, letters
from runs.services.erasure import Whose
from runs.services.runs import withdrawal_token

RECEIPT_LETTERS = 12


def by_token(token: str) -> Run | None:
    """Return the run that a withdrawal's link is about; looking changes nothing.

    A key opens it where the run began with another one, of which no link can be made any more.
    """
    rows, what = Run.objects.select_related("participant", "project__lab"), digest(token)
    found: Run | None = rows.filter(withdrawal_digest=what).first()
    if found is None:
        began_with = digest(withdrawal_token(token))
        others = rows.filter(key_digest=what, withdrawal_digest__isnull=False)
        found = others.exclude(withdrawal_digest=began_with).first()
    return found


def of(run: Run) -> Withdrawal | None:
    """Return the withdrawal that erased a run, if one did."""
    if run.status != Run.Status.WITHDRAWN:
        return None
    whole = Q(run=None, participant__isnull=False, participant=run.participant_id)
    found: Withdrawal | None = Withdrawal.objects.filter(Q(run=run) | whole).first()
    return found


def runs_of(run: Run) -> list[Run]:
    """Return what the participant of a run did and has not withdrawn, this run first."""
    rows = Run.objects.filter(pk=run.pk)
    if run.participant_id:
        rows = Run.objects.filter(participant=run.participant_id)
    left = rows.exclude(status=Run.Status.WITHDRAWN)
    return sorted(left, key=lambda each: (each.pk != run.pk, each.created_at))


@transaction.atomic
def withdraw(*, run: Run, everything: bool = True, keep_answers: bool = False) -> Withdrawal:
    """Let the participant of a run withdraw; asked for again, it is the first withdrawal.

    ``everything``: all their runs, and who they are. Else this run, and who they are only where
    it is the last one. ``keep_answers``: who they are is erased, and what they answered stays.
    """
    _lock(run)
    if earlier := of(run):
        return earlier
    mine = runs_of(run)
    whole = everything or len(mine) == 1
    made = _erase(run.participant, mine if whole else [run], whole=whole, keeps=keep_answers)
    with audit.during(audit.NOWHERE):  # no address of a participant is written into the history
        audit.record(action="participant.withdrew", on=run.participant or run,
                     changes={"erased": sum(made.counts.values())})  # fmt: skip
    return made


@transaction.atomic
def erase(
    *, participant: Participant, by: User, reason: str, keep_answers: bool = False
) -> Withdrawal:
    """Erase a participant for the lab; erased already, it is the first time's record.

    Raises
    ------
    NotThere, MayNotErase
        They belong to no project that ``by`` sees, or to none that they manage.
    """
    need_may_erase(participant, by)
    list(participant.runs.select_for_update().order_by("pk").only("pk"))
    participant = Participant.objects.select_for_update().get(pk=participant.pk)
    whole: Withdrawal | None = participant.withdrawals.filter(run=None).first()
    if whole:
        return whole
    runs = list(participant.runs.exclude(status=Run.Status.WITHDRAWN))
    made = _erase(participant, runs, whole=True, keeps=keep_answers, by=by, reason=reason)
    audit.record(action="participant.erased", user=by, on=participant, reason=reason,
                 changes={"erased": sum(made.counts.values())})  # fmt: skip
    return made


def may_erase(participant: Participant, by: User) -> bool:
    """Say whether somebody manages the project: erasing needs nobody who knows who it is."""
    return Project.objects.with_role(by, Role.MANAGER).filter(pk=participant.project_id).exists()


def need_may_erase(participant: Participant, by: User) -> None:
    if not Project.objects.visible_to(by).filter(pk=participant.project_id).exists():
        raise NotThere
    if not may_erase(participant, by):
        raise MayNotErase


def _lock(run: Run) -> None:
    """Lock all runs of the participant, then who it is: as whoever answers and registers does.

    So two withdrawals at once are one, and nobody waits for somebody who waits for them.
    """
    run.refresh_from_db(fields=["participant"])
    same = Q(participant__isnull=False, participant=run.participant_id)
    list(Run.objects.select_for_update().filter(same | Q(pk=run.pk)).order_by("pk").only("pk"))
    if run.participant_id:
        Participant.objects.select_for_update().filter(pk=run.participant_id).first()
    run.refresh_from_db(from_queryset=Run.objects.select_related("participant", "project"))


def _erase(  # noqa: PLR0913  what a withdrawal is
    participant: Participant | None,
    runs: Sequence[Run],
    *,
    whole: bool,
    keeps: bool,
    by: User | None = None,
    reason: str = "",
) -> Withdrawal:
    keys = [run.pk for run in runs]
    to = _address(participant) if participant and whole else ""
    # Whoever is storing rows at the moment is waited for; who comes later finds the run over.
    locked = list(Run.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
    whose = Whose(keys, [participant.pk] if participant and whole else [])
    counts = {"runs": len(locked)} | erasure.count(whose, only=erasure.WHO if keeps else None)
    _close(locked, keeps=keeps)
    _end_consents(keys, keeps=keeps)
    erasure.erase(whose, only=erasure.WHO if keeps else None)
    if participant and whole:
        _forget(participant)
    made: Withdrawal = Withdrawal.objects.create(
        project_id=participant.project_id if participant else locked[0].project_id,
        participant=participant,
        run=None if whole and participant else locked[0],
        receipt="".join(secrets.choice(LETTERS) for _ in range(RECEIPT_LETTERS)),
        on=localdate(),
        keeps_answers=keeps,
        counts=counts,
        by=by,
        reason=reason,
    )
    if participant and to:
        _send_receipt(participant, to, made, locked)
    return made


def _address(participant: Participant) -> str:
    """Return where a receipt can go; a key that was lost hinders nobody from withdrawing."""
    with suppress(CannotOpen, NoIdentityKey):
        return identities.address_of(participant)
    return ""


def _send_receipt(participant: Participant, to: str, made: Withdrawal, runs: Sequence[Run]) -> None:
    """Tell it to the address that was just erased: it stands in this letter until it is sent."""
    facts = {
        "study": ", ".join(sorted({run.design_label for run in runs})) or "a study",
        "receipt": made.receipt,
        "on": f"{made.on:%d %B %Y}".lstrip("0"),
        "keeps_answers": made.keeps_answers,
    }
    letters.post(to=to, participant=participant, kind="withdrawn", facts=facts)


def _day(at: datetime) -> datetime:
    """Return the beginning of the day: a time to the second could be found in a calendar."""
    return localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)


def _close(runs: Sequence[Run], *, keeps: bool) -> None:
    """End them, before anything is erased: whoever hears of it may still see what they were of."""
    at = now()
    for run in runs:
        row, was_open = Run.objects.filter(pk=run.pk), run.is_open
        row.update(status=Run.Status.WITHDRAWN, external={}, holder="", held_until=None,
                   ended_at=run.ended_at or at)  # fmt: skip
        if not keeps:
            row.update(**_emptied(run, at))
        if was_open:
            run.status, run.ended_at = Run.Status.WITHDRAWN, at
            run_ended.send(sender=Run, run=run)


def _emptied(run: Run, at: datetime) -> dict[str, Any]:
    """Return the columns of a run of which only that it was is kept."""
    return {
        "seed": 0,
        "time_zone": "",
        "device": {},
        "created_at": _day(run.created_at),
        "began_at": None,
        "seen_at": None,
        "ended_at": _day(at),
        "excluded_because": "withdrawn" if run.excluded_at else "",
    }


def _end_consents(keys: Sequence[Any], *, keeps: bool) -> None:
    """Let it stand that somebody agreed to a text, and that it is over."""
    at = now()
    for consent in Consent.objects.filter(run__in=keys):
        emptied = {} if keeps else {"at": _day(consent.at), "choices": {}}
        Consent.objects.filter(pk=consent.pk).update(withdrawn_at=_day(at), **emptied)


def _forget(participant: Participant) -> None:
    Participant.objects.filter(pk=participant.pk).update(
        withdrawn_at=_day(now()), created_at=_day(participant.created_at), time_zone=""
    )
