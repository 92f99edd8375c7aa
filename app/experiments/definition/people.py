"""What is asked about the person: consent with its ticks, and who somebody is."""

from dataclasses import dataclass
from typing import TypeVar

from experiments.definition.reading import Place

NEEDS = ("required", "optional")
# What an identity may hold, and what the page calls it unless the protocol says otherwise.
IDENTITY = {
    "given-name": "Given name",
    "middle-name": "Middle name",
    "family-name": "Family name",
    "birth-date": "Date of birth",
    "e-mail": "E-mail address",
    "telephone": "Telephone number",
    "postal-address": "Postal address",
}


@dataclass(frozen=True)
class Tick:
    """One thing that can be agreed to apart from the whole."""

    name: str
    text: str
    is_required: bool


@dataclass(frozen=True)
class ConsentWords:
    """What a consent has besides its text. Nothing is ticked before the participant does it."""

    version: str = ""
    ticks: tuple[Tick, ...] = ()
    signature: str = ""
    agree_label: str = "I agree and take part"
    decline_label: str = "I do not agree"


@dataclass(frozen=True)
class Ask:
    """One part of an identity that is asked for."""

    name: str
    label: str
    is_required: bool
    help: str = ""


@dataclass(frozen=True)
class IdentityWords:
    """What is asked of an identity; ``age_as`` is the answer that a birth date gives."""

    asks: tuple[Ask, ...] = ()
    age_as: str = ""

    def ask(self, name: str) -> Ask | None:
        return next((each for each in self.asks if each.name == name), None)


NO_CONSENT, NO_IDENTITY = ConsentWords(), IdentityWords()  # of steps of other kinds
Named = TypeVar("Named", Tick, Ask)


def read_consent(place: Place, kind: str) -> ConsentWords:
    if kind != "consent":
        return NO_CONSENT
    return ConsentWords(
        version=place.text("version", "", longest=60),
        ticks=_once(place, "choices", place.each("choices", _tick)),
        signature=place.text("signature", "", longest=200),
        agree_label=place.text("agree_label", ConsentWords.agree_label, longest=60),
        decline_label=place.text("decline_label", ConsentWords.decline_label, longest=60),
    )


def _once(place: Place, name: str, found: tuple[Named, ...]) -> tuple[Named, ...]:
    names = [each.name for each in found]
    if len(set(names)) < len(names):
        raise place.fault(name, "A name stands here twice.")
    return found


def _tick(place: Place) -> Tick:
    tick = Tick(
        name=place.word("name"),
        text=place.text("text"),
        is_required=place.one_of("need", NEEDS, "optional") == "required",
    )
    place.done()
    return tick


def read_identity(place: Place, kind: str) -> IdentityWords:
    if kind in {"e-mail", "sign-in"}:
        need = place.one_of("need", NEEDS, "optional" if kind == "e-mail" else "required")
        label = place.text("label", IDENTITY["e-mail"], longest=200)
        return IdentityWords((Ask("e-mail", label, need == "required"),))
    if kind != "registration":
        return NO_IDENTITY
    asks = _once(place, "identity", place.each("identity", _ask))
    words = IdentityWords(asks)
    if words.ask("birth-date"):
        return IdentityWords(asks, place.word("age_as", "age"))
    return words


def _ask(place: Place) -> Ask:
    name = place.one_of("name", tuple(IDENTITY), "")
    ask = Ask(
        name=name,
        label=place.text("label", IDENTITY[name], longest=200),
        is_required=place.one_of("need", NEEDS, "required") == "required",
        help=place.text("help", "", longest=1000),
    )
    place.done()
    return ask
