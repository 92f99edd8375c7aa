"""What the site refuses, in families.

::

    StudiumError
    ├── NotAllowed   403  the person may see it, but not do this
    ├── NotThere     404  it does not exist, or not for this person
    ├── Busy         409  somebody or something else has it at the moment
    ├── Invalid      422  what was sent cannot be accepted as it is
    └── TooMany      429  too often in too short a time

An area derives one class for each of its situations, in its own ``errors.py``; services raise them
and nobody catches: `common.refusals` and `common.api` translate. Built-in exceptions mean bugs.
"""


class StudiumError(Exception):
    """A refusal whose words a person may read: what happened and why, and what to do."""

    status = 400
    title = "That did not work"
    message = "The request could not be carried out."
    remedy = "Go back and try again."

    def __init__(
        self, message: str = "", *, remedy: str = "", retry_after: int | None = None
    ) -> None:
        self.message = message or self.message
        self.remedy = remedy or self.remedy
        self.retry_after = retry_after
        super().__init__(self.message)


class NotAllowed(StudiumError):
    status = 403
    title = "You may not do this"
    message = "Your role does not include this."
    remedy = "Ask the manager of your lab if you need it."


class NotThere(StudiumError):
    status = 404
    title = "This page is not here"
    message = "The address leads to nothing, or to something that is not shared with you."
    remedy = "Check the address, or look for it with the search."


class Busy(StudiumError):
    status = 409
    title = "Not at this moment"
    message = "Somebody else is changing the same thing."
    remedy = "Reload the page to see the latest state, then try again."


class Invalid(StudiumError):
    status = 422
    title = "This cannot be accepted as it is"
    message = "Something in what you sent does not fit."
    remedy = "Correct it and send it again."


class TooMany(StudiumError):
    status = 429
    title = "Too many at once"
    message = "This was asked for too often in a short time."
    remedy = "Wait a little, then try again."
