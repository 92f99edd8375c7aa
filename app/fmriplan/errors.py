"""Refusals: each says what is wrong and what helps."""


class PlanningError(ValueError):
    """Something that was given cannot be planned with; the message is for whoever gave it."""


class UnreadableMap(PlanningError):
    """A file is no statistical map that can be read."""


class UnusableMap(PlanningError):
    """A map can be read, but an analysis of it would say nothing."""


class TooFewPeaks(UnusableMap):
    """There are not enough peaks above the screening threshold.

    Parameters
    ----------
    found, wanted
        Numbers of peaks.
    enough_at
        The highest screening threshold, in Z, that would give enough; None where none does.
    """

    def __init__(self, found: int, wanted: int, enough_at: float | None) -> None:
        remedy = (
            f"Set the screening threshold to Z = {enough_at:.2f} or lower."
            if enough_at is not None
            else "No screening threshold of this map gives so many: it is too small or too smooth."
        )
        super().__init__(
            f"The map has {found} peaks above the screening threshold, and a model needs {wanted}. "
            f"{remedy}"
        )
        self.found, self.wanted, self.enough_at = found, wanted, enough_at


class NotAnOption(PlanningError):
    """A setting is out of its range, or unknown."""
