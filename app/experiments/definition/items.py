"""Items: what is asked, and the scale on which it is answered."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256

from experiments.definition.reading import Place

KINDS = ("choice", "choices", "number", "text", "long-text", "slider", "file", "recording")
FILES = {"file": ("image", "audio", "video", "pdf", "text", "zip"), "recording": ("audio",)}
DISPLAYS = ("list", "row", "menu", "matrix")
ORDERS = ("fixed", "random")
NEEDS = ("required", "asked-once", "optional")
LONGEST_ANSWER = 20_000
LONGEST_CODE = 40
MOST_MB, LARGEST_MB = 20, 200
LONGEST_S, LONGEST_EVER_S = 300, 3600


@dataclass(frozen=True)
class Option:
    """One choice: the code that is stored, and the words that are read."""

    code: int | str
    label: str
    is_missing: bool = False
    is_exclusive: bool = False
    is_other: bool = False

    @property
    def stays(self) -> bool:
        """Say whether the option keeps its place when the others are mixed."""
        return self.is_missing or self.is_exclusive or self.is_other


@dataclass(frozen=True)
class Scale:
    """Choices with their codes, or the bounds of a number. A slider's anchors stand at values."""

    options: tuple[Option, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    unit: str = ""
    anchors: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Item:
    """One question. ``need`` says whether a blank is refused, asked about once, or fine."""

    name: str
    text: str
    kind: str
    scale: Scale = Scale()
    help: str = ""
    display: str = "list"
    need: str = "required"
    may_decline: bool = False
    longest: int = LONGEST_ANSWER
    order: str = "fixed"
    shows_value: bool = True
    accepts: tuple[str, ...] = ()
    most_mb: int = MOST_MB
    longest_s: int = LONGEST_S

    @property
    def other(self) -> Option | None:
        """Return the option with which a text of one's own comes."""
        return next((option for option in self.scale.options if option.is_other), None)

    @property
    def other_name(self) -> str:
        """Return the name of the answer that holds this text; no item can have it."""
        return f"{self.name}.other"


def hash_of(item: Item) -> str:
    """Return what stands for an item in all that it says: the same words and codes, the same hash.

    Revisions and protocols whose items have one hash asked the very same.
    """
    told = json.dumps(asdict(item), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(told.encode()).hexdigest()


def read_item(name: str, place: Place, scales: dict[str, Scale]) -> Item:
    kind = place.one_of("kind", KINDS, "text")
    item = Item(
        name=name,
        text=place.text("text"),
        kind=kind,
        scale=_scale_of(place, scales),
        help=place.text("help", ""),
        display=place.one_of("display", DISPLAYS, "list"),
        need=place.one_of("need", NEEDS, "required"),
        may_decline=place.truth("may_decline"),
        longest=place.whole("longest", least=1, most=LONGEST_ANSWER) or LONGEST_ANSWER,
        order=place.one_of("order", ORDERS, "fixed"),
        shows_value=place.truth("shows_value", default=True),
        accepts=place.names("accepts") or FILES.get(kind, ()),
        most_mb=place.whole("most_mb", least=1, most=LARGEST_MB) or MOST_MB,
        longest_s=place.whole("longest_s", least=1, most=LONGEST_EVER_S) or LONGEST_S,
    )
    place.done()
    _fits(item, place)
    return item


def _scale_of(place: Place, scales: dict[str, Scale]) -> Scale:
    name = place.take("scale", "")
    if isinstance(name, dict):
        return read_scale("scale", Place(name, place.at("scale")))
    if name and name not in scales:
        raise place.fault("scale", f"There is no scale {str(name)[:40]!r}.")
    return scales[name] if name else Scale()


def _fits(item: Item, place: Place) -> None:
    if item.kind in {"choice", "choices"} and not item.scale.options:
        raise place.fault("scale", f"A {item.kind} item needs a scale with options.")
    bounds = (item.scale.minimum, item.scale.maximum)
    if item.kind == "slider" and None in bounds:
        raise place.fault("scale", "A slider needs a scale with a minimum and a maximum.")
    if item.order == "random" and not item.scale.options:
        raise place.fault("order", "There are no options that could stand in a random order.")
    for each in item.accepts:
        if each not in FILES.get(item.kind, ()):
            known = ", ".join(FILES.get(item.kind, ())) or "nothing, for it takes no file"
            raise place.fault("accepts", f"{each[:40]!r} is none of: {known}.")
    if item.display == "matrix":
        _fits_a_matrix(item, place)


def _fits_a_matrix(item: Item, place: Place) -> None:
    if item.kind not in {"choice", "choices"}:
        raise place.fault("display", "A matrix is made of choices.")
    if item.order == "random" or item.other:
        raise place.fault("display", "The columns of a matrix stand as they are, without 'other'.")


def read_scale(_name: str, place: Place) -> Scale:
    scale = Scale(
        options=place.each("options", read_option),
        minimum=place.number("minimum"),
        maximum=place.number("maximum"),
        step=place.number("step"),
        unit=place.text("unit", "", longest=40),
        anchors=place.each("anchors", _read_anchor),
    )
    place.done()
    _is_sound(scale, place)
    return scale


def _is_sound(scale: Scale, place: Place) -> None:
    codes = [str(option.code) for option in scale.options]
    if len(set(codes)) < len(codes):
        raise place.fault("options", "Two options have the same code.")
    if sum(option.is_other for option in scale.options) > 1:
        raise place.fault("options", "One option at most asks for a text.")
    if scale.minimum is not None and scale.maximum is not None and scale.minimum >= scale.maximum:
        raise place.fault("maximum", "The maximum is not above the minimum.")
    if scale.step is not None and scale.step <= 0:
        raise place.fault("step", "A step is above 0.")
    for at, _ in scale.anchors:
        if not _lies_in(at, scale):
            raise place.fault("anchors", f"The anchor at {at:g} lies outside of the scale.")


def _lies_in(at: float, scale: Scale) -> bool:
    above = scale.minimum is None or at >= scale.minimum
    return above and (scale.maximum is None or at <= scale.maximum)


def read_option(place: Place) -> Option:
    code = place.take("code")
    if isinstance(code, bool) or not isinstance(code, int | str) or len(str(code)) > LONGEST_CODE:
        raise place.fault("code", "Write a whole number or a short text as the code.")
    option = Option(
        code,
        place.text("label"),
        is_missing=place.truth("missing"),
        is_exclusive=place.truth("exclusive"),
        is_other=place.truth("other"),
    )
    place.done()
    return option


def _read_anchor(place: Place) -> tuple[float, str]:
    at = place.number("at")
    if at is None:
        raise place.fault("at", "Write the value at which the anchor stands.")
    anchor = (at, place.text("label"))
    place.done()
    return anchor
