"""What this area refuses."""

from common.errors import Invalid, NotThere


class NotAProtocol(Invalid):
    """What was written is no protocol; ``where`` is the place in it."""

    title = "This protocol cannot be read"
    remedy = "Correct it at the place that is named, and read it in again."

    def __init__(self, where: str, what: str) -> None:
        self.where = where
        super().__init__(f"{where or 'The protocol'}: {what}")


class LinkLeadsNowhere(NotThere):
    title = "This link leads nowhere"
    message = "No study has this link, or it is not open any more."
    remedy = "Ask whoever sent you the link for another one."
