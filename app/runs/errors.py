"""What this area refuses."""

from common.errors import Busy, Invalid, NotThere


class NoSuchVisit(NotThere):
    title = "This page is over"
    message = "The page that sent this does not belong to this run."
    remedy = "Open the link of the study again; what was saved is still there."


class HeldElsewhere(Busy):
    title = "The study goes on elsewhere"
    message = "Another window or device has taken this study over."
    remedy = "Go on there, or take it over here again."


class RunIsOver(Busy):
    title = "This study has ended"
    message = "The run has ended, so nothing more is added to it."
    remedy = "Nothing is to be done: what was saved before is kept."


class Unreadable(Invalid):
    title = "This cannot be read"
    remedy = "Reload the page. What is not saved yet is sent again."


class NoReason(Invalid):
    title = "Say why"
    message = "A run is left out of analyses for a reason that others can read."
    remedy = "Write the reason, and send it again."
