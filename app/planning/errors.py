"""What this area refuses."""

from common.errors import Busy, Invalid, NotThere, StudiumError, TooMany


class NotAMap(Invalid):
    """The file is no statistical map, or nothing can be learnt from it."""

    title = "This map cannot be used"
    remedy = "Choose another file, or correct what is named."


class NoRoom(StudiumError):
    """The disk of the site takes no more; what was stored before is untouched."""

    status = 507
    title = "There is no room for this file"
    message = "The disk of the site is full; nothing of the file was kept."
    remedy = "Tell the people who run the site, and try again when there is room."


class AddressSilent(StudiumError):
    status = 502
    title = "The map could not be fetched"
    message = "The server that has it does not answer."
    remedy = "Try again later, or download the map yourself and upload it."


class NotAPlan(Invalid):
    """No design can be planned by what was said; the message of `fmriplan` names it."""

    title = "This cannot be planned"
    remedy = "Correct what is named, and try again."


class MapGone(NotThere):
    title = "This map is not there any more"
    message = "Its file has been deleted; what was computed from it is kept."
    remedy = "Upload the map again to compute something new."


class LinkGone(StudiumError):
    status = 410
    title = "This link leads nowhere any more"
    message = "Whoever shared it has taken it back, or its time is over."
    remedy = "Ask them for a new one."


class QuotaUsed(TooMany):
    title = "That is more than one person may have at once"
    message = "All that may be done at the same time is being done already."
    remedy = "Wait until something ends, then try again."


class SearchOver(Busy):
    title = "This search has ended"
    message = "It ended before that could be done."
    remedy = "Reload the page to see what it found."


class NotSure(Busy):
    title = "This search has succeeded already"
    message = "With the same seed it finds the same designs again."
    remedy = "Confirm on its page that it shall be repeated, or take another seed."


class PlanChanged(Busy):
    title = "Somebody else has changed this plan"
    message = "It is not as it was when you opened it. Nothing of yours was stored."
    remedy = "Open it in another window, see what was changed, and make your change there."


class NotALink(Invalid):
    """No link can be made like that."""

    title = "This link cannot be made"
    remedy = "Choose another length, or a shorter note."
