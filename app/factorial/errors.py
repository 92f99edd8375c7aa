"""What this area refuses."""

from common.errors import Busy, Invalid, NotThere, StudiumError


class NotADesign(Invalid):
    """It cannot be read as a design; ``line`` and ``column`` count from 1 where they are known."""

    title = "This design cannot be read"
    remedy = "Correct it at the place that is named, and bring it in again."

    def __init__(
        self, message: str = "", *, line: int | None = None, column: int | None = None
    ) -> None:
        self.line, self.column = line, column
        super().__init__(message)


class DesignExists(Busy):
    title = "There is a design of this name"
    message = "The lab has a design with the same id."
    remedy = "Give it another id, or extend the design that is there by its new runs."


class DesignDiffers(Invalid):
    title = "This is another design"
    remedy = "A design is extended by runs only; bring this one in under an id of its own."


class NoRunLeft(StudiumError):
    status = 410
    title = "No run is left"
    message = "Every run of the design has been begun, or is being offered to somebody."
    remedy = "Come back in half a minute, or ask whoever runs the study for more runs."


class DesignIsClosed(NoRunLeft):
    message = "The design takes nobody in at the moment."
    remedy = "Ask whoever runs the study when it is open again."


class RunIsHeld(Busy):
    title = "Somebody else is at this run"
    message = "Another browser holds this run."
    remedy = "Wait until it has been quiet for a while, or let the lab hand the run over."


class NotHeld(Busy):
    title = "Nobody holds this run"
    message = "The run has to be held before anything is stored in it."
    remedy = "Take the run again, and send it once more."


class WrongToken(Busy):
    title = "The run goes on elsewhere"
    message = "What was sent carries the token of somebody who does not hold the run any more."
    remedy = "Go on where the run was taken over, or take it over here again."


class RunIsComplete(Busy):
    title = "This run is complete"
    message = "All trials of the run are stored."
    remedy = "Nothing is to be done: what was sent is safe."


class OutOfOrder(Busy):
    title = "A trial is missing before this one"
    message = "Trials are stored one after another, and the one before is not there yet."
    remedy = "Send the trial that comes next first."


class TrialDiffers(Busy):
    title = "This trial is stored already"
    message = "Another content of the same trial was stored before."
    remedy = "Nothing is to be done: the first content counts."


class NoSuchTrial(NotThere):
    title = "The run has no such trial"
    message = "The run plans no trial of this block and number."
    remedy = "Send the numbers of the plan; both count from 0."


class WrongMeasure(Invalid):
    title = "The design does not have this measure"
    remedy = "Declare it in the design, or let the design take measures that it does not declare."


class Unstorable(Invalid):
    title = "This trial cannot be stored as it is"
    remedy = "Send an object of values for the trial, and a list of objects for its events."


class MustBeTyped(Invalid):
    title = "Type the id of the design"
    message = "What cannot be undone is done only when the id of the design is typed."
    remedy = "Type it exactly as it is written, and send it again."


class MoreMeanwhile(Busy):
    title = "It is not what you saw any more"
    message = "Runs began, or went, since you looked. Nothing was deleted."
    remedy = "Look again at what would go."


class NotAPilot(Invalid):
    title = "This is no pilot"
    message = "Only pilot runs are purged."
    remedy = "Leave runs out of analyses instead: that can be undone."


class InTheWay(Busy):
    title = "Something else is there"
    remedy = "Name another folder, or move what is there away."


class BeingWritten(Busy):
    title = "This export is being written"
    message = "Another process writes the same export into the same folder."
    remedy = "Wait until it has ended."


class NotAnOption(Invalid):
    status = 400
    title = "This address cannot be read"
    remedy = "Correct the address, and ask again."


class NoSuchDesign(NotThere):
    title = "There is no such design"
    message = "Neither the address nor the link leads to a design."
    remedy = "Check the lab and the id of the design, or ask for another link."


class NoSuchRun(NotThere):
    title = "There is no such run"
    message = "The design has no run of this name, or the key opens none any more."
    remedy = "Begin again; what was saved before is kept."


class NotThrough(Busy):
    title = "This run is not through"
    remedy = "Send the trials that are missing, then end it."


class RunHasGoneOn(Busy):
    title = "The run has gone on since"
    message = (
        "Trials were done behind what was skipped, so it cannot be done in its place any more."
    )
    remedy = "Let the whole run be done anew, or leave it as it is."


class DoneAnew(Busy):
    title = "Somebody does the run anew"
    message = "Another attempt has taken the place of this one."
    remedy = "Let that one be done anew first; then this one can be taken back."


class AlreadyUndone(Busy):
    title = "This stands no more"
    message = "Somebody has taken it back already."
    remedy = "Reload the page to see what stands."


class NothingToSkip(Busy):
    title = "There is nothing to skip"
    message = "The run is not under way, or has gone on in the meantime."
    remedy = "Reload the page to see where it is."


class RunUnderWay(Busy):
    title = "This run has been begun"
    message = "Only runs that nobody has begun are put aside."
    remedy = "Let it be done anew first, if it is to be kept from counting."


class NotPutAside(Busy):
    title = "This run is not put aside"
    message = "It is free already."
    remedy = "Nothing is to be done."
