"""What this area refuses, and how work ends early."""

from common.errors import Busy, Invalid, NotAllowed


class UnknownTask(LookupError):
    """A name that no area registered: a mistake of the program, not of a person."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No task is registered as {name!r}; register it in its area's tasks.py.")


class Stopped(BaseException):
    """Ends a task from outside; not an Exception, so that a task's own handlers let it pass."""


class Cancelled(Stopped):
    """Somebody cancelled the job."""


class OutOfTime(Stopped):
    """The job used up the time that its task was given."""


class Superseded(Exception):  # noqa: N818  it reports a fact, nothing went wrong
    """Another attempt holds the job now: what this one writes is refused."""


class KeyTaken(Busy):
    message = (
        "This was asked for before with other settings, and that job still counts. "
        "Open the earlier job, or cancel it and ask again."
    )


class AlreadyFinished(Busy):
    message = "The job has finished already, so there is nothing left to cancel."


class NotFinished(Busy):
    message = "The job has not finished yet. Cancel it first, or wait until it ends."


class NothingToRetry(Busy):
    message = "Only a failed or cancelled job can be started again; this one succeeded."


class NewerJobExists(Busy):
    message = (
        "The same work was asked for again since then, and that newer job counts. "
        "Open the newer job instead."
    )


class TaskGone(Busy):
    message = (
        "This release no longer has this kind of work. Start it anew from the page it came from."
    )


class NotYours(NotAllowed):
    message = (
        "You may see this job but not change it. The person who started it, or somebody who may "
        "edit its project, can."
    )


class ArgumentsNotJSON(Invalid):
    message = "A job's arguments must be plain data (text, numbers, lists, objects)."
