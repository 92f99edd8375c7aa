"""What this area refuses."""

from common.errors import Busy, Invalid, NotAllowed, NotThere, StudiumError


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


class NoIdentityKey(StudiumError):
    status = 503
    title = "This cannot be asked at the moment"
    message = "The site has no key by which it could keep who you are a secret, so it does not ask."
    remedy = "Nothing is lost. Tell the people of the study, and come back later."


class MayNotIdentify(NotAllowed):
    title = "You may not see who this is"
    message = "Who participants are is read by those alone to whom it was permitted."
    remedy = "Ask the manager of your lab to permit it to you for this project."


class CannotOpen(StudiumError):
    """It was sealed by a key that the site no longer has, or it is not what it was."""

    status = 503
    title = "This cannot be read at the moment"
    message = "What was sealed does not open with the keys of this site."
    remedy = "Tell the people who run the site; docs/experiments/people.md says what they can do."


class NotYourLink(Busy):
    title = "This is somebody else's"
    message = "The study is being taken by another participant than the one who signs in."
    remedy = "Use the link that was sent to you, or an open one."


class NotThisFile(Invalid):
    title = "This file cannot be taken"
    remedy = "Choose another one."


class NoSuchUpload(NotThere):
    title = "This file is not known"
    message = "The page did not begin to send it, or began another one."
    remedy = "Choose the file again."


class MayNotErase(NotAllowed):
    title = "You may not erase participants"
    message = "Participants are erased by those who manage the lab."
    remedy = "Ask the manager of your lab."
