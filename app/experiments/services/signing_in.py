"""Signing in inside a run: by a password, or by a code that was mailed."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction

from experiments.services import papers, sittings
from experiments.services.sittings import Turn
from runs.models import Participant
from runs.services import forms, returning

SHORTEST = 10


@lru_cache(maxsize=1)
def _rules() -> tuple[
    password_validation.MinimumLengthValidator,
    password_validation.CommonPasswordValidator,
    password_validation.NumericPasswordValidator,
]:
    """Return what a password must be; the list of common ones is read once."""
    return (
        password_validation.MinimumLengthValidator(SHORTEST),
        password_validation.CommonPasswordValidator(),
        password_validation.NumericPasswordValidator(),
    )


def faults_of(password: str) -> Sequence[str]:
    """Return what is wrong with a password that somebody chooses."""
    said: list[str] = []
    for rule in _rules():
        try:
            rule.validate(password)
        except ValidationError as error:
            said += error.messages
    return said


def ask_code(*, turn: Turn, address: str, origin: str) -> None:
    """Mail a code to an address, whether somebody has an account there or not."""
    run = turn.sitting.run
    returning.count_attempt(kind="code", run=run, address=address, origin=origin)
    returning.send_code(run=run, address=address, study=turn.sitting.revision.read.title)


def by_password(*, turn: Turn, key: str, address: str, password: str, origin: str) -> bool:
    """Sign in, and go on; return whether address and password belong together."""
    run = turn.sitting.run
    returning.count_attempt(kind="sign-in", run=run, address=address, origin=origin)
    person = returning.try_password(run=run, address=address, password=password)
    if person is None:
        return False
    _enter(turn, key, person)
    return True


def _enter(turn: Turn, key: str, person: Participant) -> None:
    _go_on(turn, key, lambda: returning.adopt(run=turn.sitting.run, by=person))


def by_code(*, turn: Turn, key: str, code: str, password: str) -> bool:
    """Sign in by a mailed code, choose the password, and go on; return whether the code was it."""
    run = turn.sitting.run
    address = returning.try_code(run=run, code=code)  # outside of the transaction: each try counts
    if not address:
        return False
    _go_on(turn, key, lambda: returning.enter_by_code(run=run, address=address, password=password))
    return True


@transaction.atomic
def _go_on(turn: Turn, key: str, enter: Callable[[], None]) -> None:
    forms.submit(visit=turn.visit, holder=turn.holder, answers=[], choice="signed in",
                 started_at=turn.started_at)  # fmt: skip
    enter()
    turn.sitting.run.refresh_from_db(fields=["participant"])
    if not papers.has_mailed_consent(turn.sitting.run):
        papers.mail_consent(sitting=turn.sitting, key=key)
    sittings.go_on(turn=turn)


@transaction.atomic
def skip(*, turn: Turn) -> None:
    """Go on without an account, where the protocol allows it."""
    returning.drop_codes(run=turn.sitting.run)
    forms.submit(visit=turn.visit, holder=turn.holder, answers=[], choice="skipped",
                 started_at=turn.started_at)  # fmt: skip
    sittings.go_on(turn=turn)
