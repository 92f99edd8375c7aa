"""Participants who come again: an address that was proven by mail, and a password.

Nothing here tells whether somebody has an account: what is answered, sent and computed is the same.
A code sets the password, so being new and having forgotten it are one way.
"""

import hmac
import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError
from django.utils.timezone import now

from accounts.keys import ALPHABET, as_typed
from accounts.throttles import limit
from runs import vault
from runs.errors import NotYourLink, RunIsOver
from runs.models import Account, Code, Consent, Identity, Participant, Run
from runs.services import erasure, identities, letters

CODE_LETTERS, CODE_TRIES = 8, 5  # 31^8 codes, five guesses
CODE_LASTS = timedelta(minutes=30)
CODES_KEPT = timedelta(days=1)


def _digests(run: Run, address: str) -> list[str]:
    about = identities.address_about(run.project_id)
    return vault.fingerprints(vault.one_address(address), about)


def count_attempt(*, kind: str, run: Run, address: str, origin: str) -> None:
    """Count one attempt by run, by address and by where it comes from.

    Raises
    ------
    TooManyAttempts
        One of them had too many.
    """
    for name, party in (("run", str(run.pk)), ("address", _digests(run, address)[0]),
                        ("origin", origin)):  # fmt: skip
        limit(f"participant-{kind}-{name}").need(party)


# --- by a code ------------------------------------------------------------------------------------
@transaction.atomic
def send_code(*, run: Run, address: str, study: str) -> None:
    """Mail a code; the ones before are worthless."""
    if run.participant is None:
        raise RuntimeError(f"{run} has no participant.")
    drop_codes(run=run)
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    Code.objects.create(
        run=run,
        sealed=vault.seal({"address": address.strip()}, _about(run)),
        digest=vault.fingerprint(code, _about(run)),
        expires_at=now() + CODE_LASTS,
    )
    spoken = f"{code[:4]}-{code[4:]}"
    minutes = int(CODE_LASTS.total_seconds() // 60)
    facts = {"study": study, "code": spoken, "minutes": minutes}
    letters.post(to=address.strip(), participant=run.participant, kind="code", facts=facts)


def drop_codes(*, run: Run) -> None:
    Code.objects.filter(run=run, used_at=None).update(used_at=now())


def waits_for_code(run: Run) -> bool:
    return Code.objects.filter(run=run, used_at=None, expires_at__gt=now()).exists()


def _about(run: Run) -> str:
    return f"code {run.pk}"


def try_code(*, run: Run, code: str) -> str:
    """Return the address that a code proves, empty when it is wrong; each try counts, once told."""
    row = Code.objects.filter(run=run, used_at=None, expires_at__gt=now()).first()
    if row is None:
        return ""
    left = Code.objects.filter(pk=row.pk, used_at=None, tries__lt=CODE_TRIES)
    if not left.update(tries=F("tries") + 1):
        return ""
    given = vault.fingerprints(as_typed(code), _about(run))
    if not any(hmac.compare_digest(row.digest, each) for each in given):
        return ""
    return str(vault.opened(row.sealed, _about(run))["address"])


@transaction.atomic
def enter_by_code(*, run: Run, address: str, password: str) -> None:
    """Let the run be that of the account of an address that was proven; a new one is made.

    Raises
    ------
    NotYourLink, RunIsOver
        The run is another participant's, or it or one of them is erased.
    """
    drop_codes(run=run)
    hashed = make_password(password)
    account = _account(run, address) or _made_account(run, address, hashed)
    Account.objects.filter(pk=account.pk).update(password=hashed, seen_at=now())
    adopt(run=run, by=account.participant)
    identities.know(participant=account.participant, facts={identities.ADDRESS: address})


def account_about(participant: Any) -> str:
    return f"account {participant}"


def _account(run: Run, address: str) -> Account | None:
    digests = _digests(run, address)
    found = Account.objects.filter(project=run.project_id, address_digest__in=digests)
    return found.select_related("participant").first()


def _made_account(run: Run, address: str, hashed: str) -> Account:
    """Make the account of the run's own participant, unless somebody was quicker elsewhere."""
    person = Participant.objects.select_for_update().get(pk=run.participant_id)
    if person.withdrawn_at:
        raise RunIsOver
    if Account.objects.filter(participant=person).exists():
        raise NotYourLink
    values = {
        "participant": person,
        "sealed": vault.seal({"address": address.strip()}, account_about(person.pk)),
        "key": vault.key_name(),
        "password": hashed,
    }
    account, _ = Account.objects.get_or_create(
        project_id=run.project_id, address_digest=_digests(run, address)[0], defaults=values
    )
    return account


# --- by a password --------------------------------------------------------------------------------
def try_password(*, run: Run, address: str, password: str) -> Participant | None:
    """Return who has this address and password; without an account it takes as long to say no."""
    account = _account(run, address)
    if account is None:
        make_password(password)
        return None
    if not check_password(password, account.password):
        return None
    Account.objects.filter(pk=account.pk).update(seen_at=now())
    return account.participant


# --- whose run it is ------------------------------------------------------------------------------
@transaction.atomic
def adopt(*, run: Run, by: Participant) -> None:
    """Let a run, with all that was answered in it, be that of somebody who signed in.

    Raises
    ------
    NotYourLink
        The run is that of a participant who has an account or did more than this run.
    RunIsOver
        One of them withdrew.
    """
    run.refresh_from_db(fields=["participant"])
    pair = Participant.objects.select_for_update().filter(pk__in=[run.participant_id, by.pk])
    people = {person.pk: person for person in pair.order_by("pk")}
    if run.participant_id == by.pk:
        return
    before = people[run.participant_id]
    if any(person.withdrawn_at for person in people.values()):
        raise RunIsOver
    if _is_somebody(before, run):
        raise NotYourLink
    _move(run, before, by)


def _is_somebody(person: Participant, run: Run) -> bool:
    return (
        Account.objects.filter(participant=person).exists()
        or person.runs.exclude(pk=run.pk).exists()
        or person.withdrawals.exists()
    )


def _move(run: Run, before: Participant, by: Participant) -> None:
    told = identities.facts_of(before)
    Identity.objects.filter(participant=before).delete()
    Run.objects.filter(pk=run.pk).update(participant=by)
    Consent.objects.filter(run=run).update(participant=by)
    for model, name, _ in erasure.pointing_to(Participant):
        if model not in {Run, Consent, Identity, Account}:
            _move_rows(model, name, before, by)
    identities.know(participant=by, facts=told)
    try:
        with transaction.atomic():
            before.delete()
    except (ProtectedError, IntegrityError):
        return  # something of it could not be two people's: it stays, under its pseudonym


def _move_rows(model: erasure.Model, name: str, before: Participant, by: Participant) -> None:
    try:
        with transaction.atomic():
            rows = model._base_manager.filter(**{name: before})  # noqa: SLF001  hidden rows as well
            rows.update(**{name: by})
    except IntegrityError:
        return  # both have it, once each


def prune() -> int:
    return Code.objects.filter(expires_at__lt=now() - CODES_KEPT).delete()[0]
