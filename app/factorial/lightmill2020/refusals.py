"""What is refused, in the words and statuses that clients of 2020 know."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from common.errors import StudiumError
from factorial import errors
from runs.errors import Unreadable

BAD_REQUEST, NOT_ALLOWED, GONE, SERVERS = 400, 405, 410, 500
IMPORT, MALFORMED = "CannotImportExperiment", "MalformedRequest"
Words: TypeAlias = Callable[[StudiumError, Mapping[str, Any]], str]


class Refused(Exception):
    """An answer of the protocol that is no success; ``request`` names what was asked for."""

    def __init__(
        self, status: int, type_: str, message: str, request: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "type": type_}
        if request is not None:
            self.body["request"] = dict(request)


def unknown(request: Mapping[str, Any]) -> Refused:
    return Refused(BAD_REQUEST, "UnknownElement", "Target not found.", request)


def ambiguous(request: Mapping[str, Any], labs: list[str]) -> Refused:
    """Refuse to choose between labs that have a design of the same id."""
    ways = ", ".join(f"/lightmill/2020/{lab}/api" for lab in sorted(labs))
    says = f"Several labs have it. Ask at the address of one: {ways}."
    return Refused(BAD_REQUEST, "AmbiguousElement", says, request)


def malformed(message: str) -> Refused:
    return Refused(BAD_REQUEST, MALFORMED, message)


def not_imported(message: str) -> Refused:
    return Refused(BAD_REQUEST, IMPORT, message)


def completed(message: str = "Run is completed.") -> Refused:
    return Refused(GONE, "RunCompleted", message)


def translated(error: StudiumError, named: Mapping[str, Any]) -> Refused:
    """Return how clients know a refusal; ``named`` is what the address names."""
    if isinstance(error, errors.NoSuchTrial):
        return unknown(named)
    for kind, status, type_, words in KNOWN:
        if isinstance(error, kind):
            return Refused(status, type_, words(error, named))
    status = error.status if error.status < SERVERS else BAD_REQUEST
    return Refused(status, type(error).__name__, f"{error.message} {error.remedy}")


def _in_full(error: StudiumError, _: Mapping[str, Any]) -> str:
    return f"{error.message} {error.remedy}"


def _too_early(named: Mapping[str, Any]) -> str:
    where = (
        f"block number: {named.get('block')}, run id: {named.get('run')}, "
        f"experiment id: {named.get('experiment')}, completion date: None"
    )
    return (
        f"Cannot complete trial <Trial {named.get('trial')} ({where})>: previous trial is not "
        "completed yet. Trials must be completed sequentially."
    )


def _is_held(_: StudiumError, named: Mapping[str, Any]) -> str:
    return f"Run {named.get('run')} of {named.get('experiment')} is already locked."


def _always(words: str) -> Words:
    return lambda _error, _named: words


PROGRESS = "ExperimentProgressError"
DONE = _always("Trial already completed.")
KNOWN: tuple[tuple[type[StudiumError], int, str, Words], ...] = (
    (errors.DesignExists, BAD_REQUEST, IMPORT, _always("Experiment already exists.")),
    (errors.NotADesign, BAD_REQUEST, IMPORT, _in_full),
    (errors.NoRunLeft, GONE, "NoAvailableRuns", _in_full),
    (errors.RunIsHeld, NOT_ALLOWED, "RunAlreadyLocked", _is_held),
    (errors.NotHeld, NOT_ALLOWED, "RunNotLocked", _always("Run must be locked before writing.")),
    (errors.WrongToken, NOT_ALLOWED, "WrongToken", _in_full),
    (errors.WrongMeasure, BAD_REQUEST, "WrongMeasureKey", _in_full),
    (errors.TrialDiffers, NOT_ALLOWED, PROGRESS, DONE),
    (errors.RunIsComplete, NOT_ALLOWED, PROGRESS, DONE),
    (errors.OutOfOrder, NOT_ALLOWED, PROGRESS, lambda _error, named: _too_early(named)),
    (errors.Unstorable, BAD_REQUEST, MALFORMED, _in_full),
    (Unreadable, BAD_REQUEST, MALFORMED, _in_full),
)
