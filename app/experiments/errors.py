"""What this area refuses."""

from typing import TYPE_CHECKING

from common.errors import Busy, Invalid, NotThere, StudiumError

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_TOLD = 20


class NotAProtocol(Invalid):
    """What was written is no protocol; ``where`` is the place in it, the first of several."""

    title = "This protocol cannot be read"
    remedy = "Correct it at the place that is named, and read it in again."

    def __init__(self, where: str, what: str) -> None:
        self.where = where
        self.faults: tuple[str, ...] = (f"{where or 'The protocol'}: {what}",)
        super().__init__(self.faults[0])

    def along_with(self, others: "Iterable[NotAProtocol]") -> "NotAProtocol":
        """Take further faults in, so that all of them are told at once."""
        told = [*self.faults, *(fault for other in others for fault in other.faults)]
        self.faults = tuple(dict.fromkeys(told))
        shown, more = self.faults[:MOST_TOLD], len(self.faults) - MOST_TOLD
        self.message = "\n".join([*shown, *([f"and {more} more faults."] if more > 0 else [])])
        return self


class LinkLeadsNowhere(NotThere):
    title = "This link leads nowhere"
    message = "No study has this link, or it is not open any more."
    remedy = "Ask whoever sent you the link for another one."


class NotOpen(Invalid):
    title = "This study is not open"
    message = "The link is not open at this time."
    remedy = "Come back when it is, or ask whoever sent you the link."


class LinkUsed(Invalid):
    title = "This link has been used"
    message = "It was for one person, who has begun already."
    remedy = "Go on in the window in which you began, or ask for another link."


class CannotRun(Invalid):
    title = "This protocol cannot be frozen yet"
    remedy = "Take the step out, or give the site what it needs."


class ForeignItem(Invalid):
    title = "These answers are not of this page"
    remedy = "Go back to the page that you were shown, and send that one."

    def __init__(self, name: str) -> None:
        super().__init__(f"The page has no item “{name[:100]}”. Nothing of it was kept.")


class NothingPublished(Invalid):
    title = "This experiment is not ready"
    message = "None of its revisions is published."
    remedy = "Freeze the protocol and publish the revision first."


class NothingToWithdraw(NotThere):
    title = "This link leads nowhere"
    message = "No study has this link to withdraw."
    remedy = "Check that the whole address was copied, or ask the people of the study."


class NotConfirmed(Invalid):
    title = "Nothing was erased"
    message = "The box that confirms it was not ticked."
    remedy = "Go back and tick it, if you want to withdraw."


class LobbyIsBusy(Busy):
    title = "Many are coming at this moment"
    message = "There was no seat to be had just now."
    remedy = "Reload the page in a few seconds; nothing was lost."


class OnlyALook(Invalid):
    title = "You have not accepted this task yet"
    message = "This is a look at the study. Nothing has begun."
    remedy = "Accept the task where you found it, and open it again from there."


class WithoutName(Invalid):
    title = "This link is not complete"
    message = "It does not say which participant you are."
    remedy = "Open the study again from the site on which you found it."


class NotTheStudy(Invalid):
    title = "This link belongs to another study"
    message = "The site that sent you named another study than the one that is here."
    remedy = "Open the study again from the site on which you found it."


class TookPart(Invalid):
    title = "You have taken part already"
    message = "Everybody can take part in this study once."
    remedy = "Nothing is to be done: what you answered then is kept."


class BegunElsewhere(Invalid):
    title = "You have begun this study already"
    message = "It was begun with this code in another browser."
    remedy = "Go on in the browser in which you began, or ask the people of the study."


class TooManyLinks(Invalid):
    title = "These are too many links"
    remedy = "Make them in several parts."


class NoSuchParticipant(Invalid):
    title = "A participant is not known"
    remedy = "Correct the pseudonym, or leave it blank to have a new one made."


class NotAWindow(Invalid):
    title = "This window never opens"
    message = "It closes before it opens."
    remedy = "Correct one of the two times."


class TooLongALabel(Invalid):
    title = "This label is too long"
    message = "A label has at most 200 characters, and the name of a group 100."
    remedy = "Write a shorter one."


class FileGone(NotThere):
    title = "This file is not here"
    message = "The file that belongs here is not in the site's storage."
    remedy = "Tell the people who run the study."


class StorageSilent(StudiumError):
    status = 503
    title = "A file cannot be reached"
    message = "The store that keeps the files of this study does not answer. Nothing is lost."
    remedy = "Wait a moment, then reload the page."


class ScriptFailed(StudiumError):
    """A lab's function raised, did not end, or said what nobody can use."""

    status = 503
    title = "The next page could not be made"
    message = "Something went wrong on our side. All that you have answered is saved."
    remedy = "Try again in a moment. The people who run the study can see what happened."


class StillDeciding(StudiumError):
    """The next page of this run is being made by another request."""

    status = 503
    title = "One moment"
    message = "The next page is being made."
    remedy = "It appears by itself."


class TooLargeTogether(StudiumError):
    """A page with files that came whole, in a body larger than its items take."""

    status = 413
    title = "These files are too large"
    remedy = "Go back: your answers are still there. Choose smaller files, and send the page again."

    def __init__(self, most_mb: int) -> None:
        super().__init__(f"This page takes {most_mb} MB with all its files. Nothing was kept.")


class OfferIsOver(Invalid):
    title = "This offer is over"
    message = "It was made some time ago, or what you had begun has ended meanwhile."
    remedy = "Go back, and go on with what you have begun now."


class NotStimuli(Invalid):
    title = "These stimuli cannot be kept"
    remedy = "Correct what is named, and bring all of them in again; nothing was kept."


class NotABundle(Invalid):
    title = "This file cannot be taken in"
    remedy = "Export the protocol again, and bring the whole file."


class NotThisCode(Invalid):
    title = "This protocol cannot be frozen yet"
    remedy = "Correct the function or how it is called, and freeze the protocol again."


class NobodyThere(Busy):
    title = "Nobody is there"
    message = "A group begins with at least one member, and this one has none."
    remedy = "Wait until somebody has come."


class NotesChanged(Busy):
    title = "The notes have changed"
    message = "Somebody else has written notes since you opened this page. Yours were not saved."
    remedy = "Copy what you wrote, reload the page, and add it."


class NotAZone(Invalid):
    title = "This time zone is not known"
    remedy = "Choose one of those that are offered."
