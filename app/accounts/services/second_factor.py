"""Two-step sign-in: a code of an authenticator app, or a recovery code when the phone is lost."""

import time
from binascii import unhexlify
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import audit, queries
from accounts.errors import AlreadySet, CodeWrong, NotSet, TooManyAttempts
from accounts.keys import as_typed, digest, new_code
from accounts.models import RecoveryCode, User
from accounts.services import letters, permission

CODES = 10
DIGITS = 6


@dataclass(frozen=True)
class Verdict:
    """Whether a code was accepted and, if not, when the next one will be looked at."""

    is_right: bool
    locked_until: datetime | None = None
    was_recovery: bool = False


def device_for(*, user: User, key: str) -> TOTPDevice:
    """Return a device that is not stored yet, to show its key and code."""
    return TOTPDevice(user=user, key=key, name="authenticator")


@transaction.atomic
def turn_on(*, user: User, key: str, code: str) -> list[str]:
    """Ask for codes of the device with ``key`` from now on; return the recovery codes."""
    User.objects.select_for_update().get(pk=user.pk)
    if queries.has_second_factor(user):
        raise AlreadySet
    step = _matching_step(key, code)
    if step is None:
        raise CodeWrong
    TOTPDevice.objects.filter(user=user).delete()
    TOTPDevice.objects.create(user=user, key=key, name="authenticator", last_t=step)
    audit.record(action="second-factor.turned-on", user=user, on=user)
    letters.post(to=user, letter="second_factor_on")
    return _new_codes(user)


def check_code(*, user: User, code: str) -> None:
    """Accept a code of the device or a recovery code, once; refuse with the reason."""
    verdict = _verdict(user, as_typed(code))
    if verdict.is_right:
        return
    if verdict.locked_until:
        raise TooManyAttempts(max(1, int((verdict.locked_until - now()).total_seconds()) + 1))
    raise CodeWrong


@transaction.atomic
def new_recovery_codes(*, user: User) -> list[str]:
    """Return fresh recovery codes; the old ones stop working."""
    User.objects.select_for_update().get(pk=user.pk)
    if not queries.has_second_factor(user):
        raise NotSet
    audit.record(action="second-factor.codes-renewed", user=user, on=user)
    return _new_codes(user)


@transaction.atomic
def turn_off(*, user: User, by: User | None, reason: str = "") -> None:
    """Ask for the password alone again; for somebody else only an operator may.

    ``by`` is None on the command line of the server.
    """
    if by and by.pk != user.pk:
        permission.need_operator(by)
        permission.need_equal(by, user)
    if not TOTPDevice.objects.filter(user=user).delete()[0]:
        raise NotSet
    RecoveryCode.objects.filter(user=user).delete()
    home = queries.home_of(user)
    audit.record(action="second-factor.turned-off", user=by, on=user, lab=home, reason=reason)
    letters.post(to=user, letter="second_factor_off", by=by)


@transaction.atomic
def _verdict(user: User, code: str) -> Verdict:
    """Look at a code with the device's row locked, so that no code counts twice.

    Nothing is raised in here: a wrong code must leave its trace.
    """
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
    if device is None:
        return Verdict(is_right=False)
    may_try, why = device.verify_is_allowed()
    if not may_try:
        return Verdict(is_right=False, locked_until=why["locked_until"])
    if len(code) == DIGITS and code.isdecimal():
        return Verdict(is_right=bool(device.verify_token(code)))
    if _spend(user, code):
        device.throttle_reset()
        return Verdict(is_right=True, was_recovery=True)
    device.throttle_increment()
    return Verdict(is_right=False)


def _spend(user: User, code: str) -> bool:
    unused = RecoveryCode.objects.filter(user=user, digest=digest(code), used_at=None)
    if not unused.update(used_at=now()):
        return False
    left = RecoveryCode.objects.filter(user=user, used_at=None).count()
    audit.record(action="second-factor.recovery-used", user=user, on=user)
    letters.post(to=user, letter="recovery_used", left=left)
    return True


def _new_codes(user: User) -> list[str]:
    codes = [new_code() for _ in range(CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=digest(as_typed(code))) for code in codes
    )
    return codes


def _matching_step(key: str, code: str) -> int | None:
    """Return the time step that ``code`` is right for, half a minute early or late."""
    typed = as_typed(code)
    if not (len(typed) == DIGITS and typed.isdecimal()):
        return None
    totp = TOTP(unhexlify(key.encode()))
    totp.time = time.time()
    return int(totp.t()) if totp.verify(int(typed), tolerance=1) else None
