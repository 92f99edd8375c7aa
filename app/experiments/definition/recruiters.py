"""What a recruiter and we agreed upon: what it adds to a link, and what it is given back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any
from urllib.parse import quote, urlsplit

from experiments.definition.reading import Place, place_of

OUTCOMES = ("completed", "screened out", "declined", "withdrawn", "timed out")
COMPLETED = ("completed",)
LONGEST_CODE = 100
NOT_AVAILABLE = "ASSIGNMENT_ID_NOT_AVAILABLE"  # MTurk: a worker looks before accepting
PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "prolific": {"person": "PROLIFIC_PID", "submission": "SESSION_ID", "study": "STUDY_ID"},
    "sona": {"person": "survey_code", "submission": "survey_code", "study": ""},
    "mturk": {"person": "workerId", "submission": "assignmentId", "study": "hitId"},
    "generic": {"person": "participant", "submission": "", "study": ""},
}
RETURN_TO = {"prolific": "https://app.prolific.com/submissions/complete?cc={code}"}
HOSTS: Mapping[str, tuple[str, ...]] = {
    "prolific": ("app.prolific.com",),
    "mturk": ("www.mturk.com", "workersandbox.mturk.com"),
}
IN_ADDRESS = {"code", "outcome", "person", "submission", "study"}


@dataclass(frozen=True)
class Terms:
    """What a recruiter's settings say; no field of it is a secret."""

    kind: str
    person: str
    submission: str
    study: str
    only_study: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    return_to: str = ""
    at_once: bool = False
    again: bool = False
    confirm: tuple[str, ...] = ()
    experiment: str = ""

    def code(self, outcome: str) -> str:
        return self.codes.get(outcome, "")

    def confirms(self, outcome: str) -> bool:
        return outcome in self.confirm


@dataclass(frozen=True)
class Came:
    """What a recruiter's link said of somebody."""

    person: str
    submission: str
    study: str
    rest: Mapping[str, str]


def read_terms(kind: str, words: Any) -> Terms:
    """Return what a recruiter's settings say.

    Raises
    ------
    NotAProtocol
        It names the place in the settings and what is wrong there.
    """
    place = place_of(words)
    names = place.part("parameters") or place_of({}, "parameters")
    usual = PARAMETERS[kind]
    codes = _codes(place)
    terms = Terms(
        kind=kind,
        **{name: names.text(name, usual[name], longest=100) for name in usual},
        only_study=place.text("study", "", longest=255),
        codes=codes,
        return_to=place.text("return_to", RETURN_TO.get(kind, ""), longest=1000),
        at_once=place.truth("at_once"),
        again=place.truth("again"),
        confirm=place.names("confirm") or (tuple(codes) if kind == "prolific" else COMPLETED),
        experiment=place.text("experiment", "", longest=40),
    )
    names.done()
    place.done()
    _fits(terms, place)
    return terms


def _codes(place: Place) -> dict[str, str]:
    found = place.take("codes", {})
    if not isinstance(found, dict):
        raise place.fault("codes", "Write an object: an outcome, and the code for it.")
    for outcome, code in found.items():
        if not isinstance(code, str) or not 0 < len(code) <= LONGEST_CODE or not code.isprintable():
            raise place.fault(f"codes.{outcome}", f"Write a code of 1 to {LONGEST_CODE} letters.")
    return found


def _fits(terms: Terms, place: Place) -> None:
    if not terms.person:
        raise place.fault("parameters.person", "Say which parameter tells who comes.")
    if terms.kind == "sona" and not terms.experiment.isdigit():
        raise place.fault("experiment", "Write the number that SONA gave to the study, as a text.")
    if terms.return_to:
        _fits_address(terms.return_to, place)


def _fits_address(address: str, place: Place) -> None:
    try:
        asked = {name for _, name, *_ in Formatter().parse(address) if name is not None}
        parts = urlsplit(address)
    except ValueError:
        raise place.fault("return_to", "This is no address.") from None
    if asked - IN_ADDRESS:
        known = ", ".join(f"{{{name}}}" for name in sorted(IN_ADDRESS))
        raise place.fault("return_to", f"Between braces can stand: {known}.")
    if parts.scheme != "https" or not parts.hostname or "{" in parts.netloc:
        raise place.fault("return_to", "Write an address that begins with https:// and its host.")


def came(terms: Terms, parameters: Mapping[str, str]) -> Came:
    """Return what a link's parameters say, and whatever else they held."""
    named = {name: parameters.get(name, "") for name in (terms.person, terms.submission)}
    taken = {terms.person, terms.submission, terms.study}
    return Came(
        person=named[terms.person],
        submission=named[terms.submission] if terms.submission else named[terms.person],
        study=parameters.get(terms.study, "") if terms.study else "",
        rest={name: value for name, value in parameters.items() if name not in taken},
    )


def filled(address: str, values: Mapping[str, str]) -> str:
    """Return an address with values in it, none of which can become another part of it."""
    return address.format(**{name: quote(values.get(name, ""), safe="") for name in IN_ADDRESS})


def leads_to_allowed(address: str, hosts: Iterable[str]) -> bool:
    """Say whether an address leads by HTTPS to one of the hosts; ``.host`` stands for all below."""
    try:
        parts = urlsplit(address)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError:
        return False
    if parts.scheme != "https" or "@" in parts.netloc or port not in {None, 443}:
        return False
    return any(
        host == one or (one.startswith(".") and host.endswith(one))
        for one in (each.lower() for each in hosts)
    )
