"""Refusals of this area.

NotAllowed ── RoleTooLow, NotYourself, OperatorsOnly
NotThere ──── LinkSpent
Busy ──────── LastAdmin, HistoryIsKept, AlreadySet, NotSet
Invalid ───── PasswordWrong, CodeWrong, NotOfThisLab
TooMany ───── TooManyAttempts
"""

from common.errors import Busy, Invalid, NotAllowed, NotThere, TooMany


class RoleTooLow(NotAllowed):
    message = "Your role in this lab does not allow this. A manager or admin of the lab can do it."


class NotYourself(NotAllowed):
    message = "You cannot raise your own role or deactivate yourself. Ask another admin of the lab."


class OperatorsOnly(NotAllowed):
    message = "Only operators of this site can do this. Ask one of them."


class LinkSpent(NotThere):
    message = (
        "This link was used already, has expired, or was replaced by a newer one. "
        "Ask for a new one: with “Forgotten your password?”, or from whoever invited you."
    )


class LastAdmin(Busy):
    message = "A lab keeps at least one admin. Make somebody else an admin first."


class HistoryIsKept(Busy):
    message = "The audit trail is written once and never changed."


class AlreadySet(Busy):
    message = "Two-step sign-in is on already. Turn it off first to set up another device."


class NotSet(Busy):
    message = "Two-step sign-in is off. Set up a device first."


class PasswordWrong(Invalid):
    message = "That is not your password. Nothing was changed."


class CodeWrong(Invalid):
    message = (
        "That code is not right, or was used already. "
        "Wait for the next one, and check the clock of your phone."
    )


class NotOfThisLab(Invalid):
    message = "Only people of the lab can belong to its projects. Add them to the lab first."


class TooManyAttempts(TooMany):
    """Says how many seconds to wait in ``retry_after``."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"Too many attempts. Try again in {spoken(retry_after)}.")


def spoken(seconds: int) -> str:
    """Return a waiting time in words, rounded up."""
    if seconds <= 1:
        return "a second"
    if seconds < 90:  # noqa: PLR2004  up to here seconds say more than minutes
        return f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"
