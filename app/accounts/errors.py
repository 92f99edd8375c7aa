"""Refusals of this area.

::

    NotAllowed ── RoleTooLow, NotYourself, OperatorsOnly
    NotThere ──── LinkSpent
    Busy ──────── LastAdmin, LastOperator, NameTaken, AlreadyThere, RoleJustChanged,
                   HistoryIsKept, AlreadySet, NotSet
    Invalid ───── PasswordWrong, CodeWrong, NotOfThisLab, NameHidesPage
    TooMany ───── TooManyAttempts
"""

from common.errors import Busy, Invalid, NotAllowed, NotThere, TooMany


class RoleTooLow(NotAllowed):
    message = "Your role in this lab does not include this."
    remedy = "Ask a manager or an admin of the lab."


class NotYourself(NotAllowed):
    message = "Nobody can raise their own role, or close or reopen their own account."
    remedy = "Ask another admin of the lab, or an operator of this site."


class OperatorsOnly(NotAllowed):
    message = "Only operators of this site can do this."
    remedy = "Ask one of them."


class LinkSpent(NotThere):
    title = "This link no longer works"
    message = "It was used already, has expired, or was replaced by a newer one."
    remedy = "Ask whoever invited you for a new one, or use “Forgotten your password?”."


class LastAdmin(Busy):
    message = "A lab keeps at least one admin who can sign in."
    remedy = "Make somebody else an admin first."


class LastOperator(Busy):
    message = "A site keeps at least one operator who can sign in, and one superuser among them."
    remedy = "Make somebody else one first, and let them choose a password."


class NameTaken(Busy):
    message = "Somebody has this user name or e-mail address already."
    remedy = "Choose another one."


class AlreadyThere(Busy):
    message = "This person belongs to the lab already."
    remedy = "Change their role on the page of the lab's people."


class RoleJustChanged(Busy):
    message = "Somebody else has just changed this role."


class HistoryIsKept(Busy):
    message = "The audit trail is written once and never changed."
    remedy = "Record a new entry that corrects the old one."


class AlreadySet(Busy):
    message = "Two-step sign-in is on already."
    remedy = "Turn it off first to set up another device."


class NotSet(Busy):
    message = "Two-step sign-in is off."
    remedy = "Set up a device first."


class PasswordWrong(Invalid):
    message = "That is not your password. Nothing was changed."
    remedy = "Type it again."


class CodeWrong(Invalid):
    message = "That code is not right, or was used already."
    remedy = "Wait for the next one, and check the clock of your phone."


class NotOfThisLab(Invalid):
    message = "Only people of the lab can belong to its projects."
    remedy = "Add them to the lab first."


class NameHidesPage(Invalid):
    message = "A lab of this name could not be opened: its address belongs to another page."
    remedy = "Choose another name, such as one with “lab” in it."


class TooManyAttempts(TooMany):
    """Says after how many seconds to try again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "There were too many attempts.",
            remedy=f"Try again in {spoken(retry_after)}.",
            retry_after=retry_after,
        )


def spoken(seconds: int) -> str:
    """Return a waiting time in words, rounded up."""
    if seconds <= 1:
        return "a second"
    if seconds <= 90:  # noqa: PLR2004  up to here seconds say more than minutes
        return f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"
