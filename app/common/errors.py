"""Refusals that a person may read; areas subclass them in their errors.py.

    StudiumError
    ├── NotAllowed  403
    ├── NotThere    404
    ├── Busy        409
    ├── Invalid     422
    └── TooMany     429
"""


class StudiumError(Exception):
    """A refusal: what happened and what to do about it, in words for the person it meets."""

    status = 400
    message = "That did not work."

    def __init__(self, message: str = "") -> None:
        self.message = message or self.message
        super().__init__(self.message)


class NotAllowed(StudiumError):  # noqa: N818  errors are named for the situation
    status = 403
    message = "You may not do this."


class NotThere(StudiumError):  # noqa: N818
    status = 404
    message = "There is nothing here."


class Busy(StudiumError):  # noqa: N818
    status = 409
    message = "Somebody else is changing this. Try again in a moment."


class Invalid(StudiumError):  # noqa: N818
    status = 422
    message = "This cannot be accepted as it is."


class TooMany(StudiumError):  # noqa: N818
    status = 429
    message = "Too many requests. Wait a moment and try again."
