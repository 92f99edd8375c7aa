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


class Superseded(Exception):
    """Another attempt holds the job now: what this one writes is refused."""


class StoreSilent(Exception):
    """What a job away from the site reads and writes cannot be reached at the moment."""


class KeyTaken(Busy):
    title = "This was asked for before with other settings"
    message = "The earlier job with the same key still counts, so a second one was not started."
    remedy = "Open the earlier job, or cancel it and ask again."


class AlreadyFinished(Busy):
    title = "This job has finished already"
    message = "It ended before it could be cancelled."
    remedy = "Reload the page to see what came of it."


class NotFinished(Busy):
    title = "This job has not finished yet"
    message = "Only a job that failed or was cancelled can be started again."
    remedy = "Wait until it ends, or cancel it first."


class NothingToRetry(Busy):
    title = "This job succeeded"
    message = "Only a job that failed or was cancelled can be started again."
    remedy = "To do the work anew, start it from the page it came from."


class NewerJobExists(Busy):
    title = "A newer job does this work"
    message = "The same work was asked for again since then, and that newer job counts."
    remedy = "Open the newer job instead; the list of jobs shows it above this one."


class TaskGone(Busy):
    title = "This kind of work is no more"
    message = "This release no longer has what the job would run."
    remedy = "Start it anew from the page it came from."


class NotYours(NotAllowed):
    title = "You may see this job but not change it"
    message = "Only the person who started it, or somebody who may edit its project, can."
    remedy = "Ask one of them, or an operator of the site."


class OperatorsOnly(NotAllowed):
    title = "Only operators may do this"
    message = "Testing the background work takes a slot from everybody's jobs."
    remedy = "Ask an operator of the site."


class ArgumentsNotJSON(Invalid):
    title = "This work cannot be described"
    message = "A job's arguments must be plain data: text, numbers, lists, objects."
    remedy = "This is a mistake of the program: tell an operator."


class StaleLink(Invalid):
    title = "This link does not lead into the list"
    message = "The part of the address that says where to continue cannot be read."
    remedy = "Go back to the newest jobs and page on from there."
