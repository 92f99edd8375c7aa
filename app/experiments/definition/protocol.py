"""A whole protocol: pages, items, scales and the flow, with the hash that stands for all of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.definition.banks import Bank, have_items, joined, read_pinned
from experiments.definition.groups import ACT, OUTCOMES, ROLE, Grouping, read_grouping
from experiments.definition.items import Item, read_item, read_scale
from experiments.definition.pages import Page, read_page
from experiments.definition.reading import HEXADECIMAL, Place, digest_of, place_of
from experiments.definition.steps import (
    Block,
    Hook,
    Part,
    Step,
    hooks_in,
    read_hook,
    read_part,
)
from experiments.definition.timelines import Module, read_module
from experiments.errors import NotAProtocol

FORMAT = "studium-protocol/1"


@dataclass(frozen=True)
class Collection:
    """The stimuli of a protocol; once it is frozen, ``digest`` names the very list of them."""

    name: str
    digest: str = ""


@dataclass(frozen=True)
class Protocol:
    """What a run follows from its first page to its last."""

    name: str
    title: str
    flow: tuple[Part, ...]
    pages: Mapping[str, Page] = field(default_factory=dict)
    items: Mapping[str, Item] = field(default_factory=dict)
    language: str = "en"
    group: Grouping | None = None
    modules: Mapping[str, Module] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    stimuli: Collection | None = None
    scripts: Mapping[str, str] = field(default_factory=dict)
    report: Hook | None = None
    afterwards: Hook | None = None
    banks: Mapping[str, Bank] = field(default_factory=dict)
    words: Mapping[str, Any] = field(default_factory=dict)

    def items_of(self, page: str) -> list[Item]:
        return [self.items[name] for name in self.pages[page].items] if page else []

    @property
    def asked(self) -> list[Item]:
        """Return what can be answered: all that is its own, and what its steps show of banks."""
        shared = {name for bank in self.banks.values() for name in bank.items}
        shown = {name for _, step in steps_of(self.flow) if step.page
                 for name in self.pages[step.page].items}  # fmt: skip
        return [item for name, item in self.items.items() if name not in shared - shown]

    @property
    def asks_on_the_way(self) -> bool:
        """Whether a lab's function has a say in what comes next, or in what is shown."""
        return any(use in {"condition", "draw", "feedback"} for _, use, _ in hooks_of(self))

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what the protocol says, whatever the order of its keys."""
        return digest_of(self.words)


def read_protocol(words: Any) -> Protocol:
    """Return the protocol that a JSON document describes.

    Raises
    ------
    NotAProtocol
        It names the places in the document and what is wrong there.
    """
    try:
        return _read(place_of(words))
    except NotAProtocol as fault:
        raise fault.along_with(_further_faults(words)) from None


def _further_faults(words: Any) -> list[NotAProtocol]:
    """Return the faults of each part of a protocol, whatever is wrong with the other parts."""
    found: list[NotAProtocol] = []

    def tried(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except NotAProtocol as fault:
            found.append(fault)

    place = tried(lambda: place_of(words))
    if place is None:
        return []
    banks = tried(lambda: place.table("banks", read_pinned))
    scales = tried(lambda: place.table("scales", read_scale))
    if banks is not None and scales is not None:
        known = {name: one for bank in banks.values() for name, one in bank.scales.items()} | scales
        tried(lambda: place.table("items", lambda name, inner: read_item(name, inner, known)))
    tried(lambda: place.table("pages", read_page))
    tried(lambda: place.each("flow", read_part))
    return found


def _read(place: Place) -> Protocol:
    if place.take("format") != FORMAT:
        raise place.fault("format", f"Write {FORMAT!r}; other formats are not known.")
    banks = place.table("banks", read_pinned)
    scales = joined("scales", place.table("scales", read_scale), banks, place)
    items = place.table("items", lambda name, inner: read_item(name, inner, scales))
    protocol = Protocol(
        name=place.word("name"),
        title=place.text("title", longest=255),
        language=place.text("language", "en", longest=35),
        items=joined("items", items, banks, place),
        pages=joined("pages", place.table("pages", read_page), banks, place),
        flow=place.each("flow", read_part),
        group=read_grouping(place.part("group")),
        modules=place.table("modules", read_module),
        libraries=_read_versions(place),
        stimuli=_read_collection(place.part("stimuli")),
        scripts=_read_pins(place),
        report=read_hook(place.part("report")),
        afterwards=read_hook(place.part("afterwards")),
        banks=banks,
        words=place.words,
    )
    place.done()
    _holds_together(protocol, place)
    return protocol


def _read_collection(place: Place | None) -> Collection | None:
    if place is None:
        return None
    digest = place.text("digest", "", longest=64)
    collection = Collection(place.word("collection"), digest)
    if digest and not HEXADECIMAL.fullmatch(digest):
        raise place.fault("digest", "Leave it out; freezing writes it.")
    place.done()
    return collection


def _read_pins(place: Place) -> dict[str, str]:
    """Return the SHA-256 of each package's code; freezing writes them."""
    pins = place.take("scripts", {})
    if not isinstance(pins, dict) or not all(
        name.isidentifier() and isinstance(pin, str) and HEXADECIMAL.fullmatch(pin)
        for name, pin in pins.items()
    ):
        raise place.fault("scripts", "Leave it out; freezing writes what code is called.")
    return pins


def _read_versions(place: Place) -> dict[str, str]:
    """Return the versions of browser libraries; freezing writes them."""
    versions = place.take("libraries", {})
    if not isinstance(versions, dict) or not all(
        isinstance(version, str) for version in versions.values()
    ):
        raise place.fault("libraries", "Leave it out; freezing writes the versions.")
    return versions


def hooks_of(protocol: Protocol) -> Iterator[tuple[str, str, Hook]]:
    """Yield every function that is called: where it is written, what it is for, and itself."""
    for where, part in _parts(protocol.flow, "flow"):
        for use, hook in hooks_in(part):
            yield f"{where}.{'if' if use == 'condition' else use}", use, hook
    for use in ("report", "afterwards"):
        hook = getattr(protocol, use)
        if hook:
            yield use, use, hook


def _parts(parts: tuple[Part, ...], path: str) -> Iterator[tuple[str, Part]]:
    for number, part in enumerate(parts):
        yield f"{path}[{number}]", part
        if isinstance(part, Block):
            yield from _parts(part.steps, f"{path}[{number}].steps")


def parts_of(parts: tuple[Part, ...]) -> Iterator[Part]:
    """Yield every block and every step, a block before what is in it."""
    for part in parts:
        yield part
        if isinstance(part, Block):
            yield from parts_of(part.steps)


def steps_of(parts: tuple[Part, ...]) -> Iterator[tuple[str, Step]]:
    """Yield every step with the place where it is written."""
    yield from _steps(parts, "flow")


def _steps(parts: tuple[Part, ...], path: str) -> Iterator[tuple[str, Step]]:
    for number, part in enumerate(parts):
        where = f"{path}[{number}]"
        if isinstance(part, Block):
            yield from _steps(part.steps, f"{where}.steps")
        else:
            yield where, part


def answers_of(step: Step, grouping: Grouping | None) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield what a step for groups answers by itself: each with its name, label and levels."""
    if step.kind != "group" or grouping is None:
        return
    yield step.name, f"How {step.name!r} went", OUTCOMES
    if step.together.acts:
        labels = {str(act.code): act.label for act in step.together.acts}
        yield f"{step.name}{ACT}", f"Chosen in {step.name!r}", labels
    if grouping.roles:
        roles = {role: role for role in grouping.roles}
        yield f"{step.name}{ROLE}", f"Role in {step.name!r}", roles


def _holds_together(protocol: Protocol, place: Place) -> None:
    have_items(protocol.pages, protocol.items, place)
    _flow_holds_together(protocol, place)


def _flow_holds_together(protocol: Protocol, place: Place) -> None:
    steps = list(steps_of(protocol.flow))
    if not steps:
        raise place.fault("flow", "A flow has at least one step.")
    seen: set[str] = set()
    for where, step in steps:
        if step.page and step.page not in protocol.pages:
            raise place.fault(f"{where}.page", f"There is no page {step.page!r}.")
        if step.timeline and step.timeline.module and step.timeline.module not in protocol.modules:
            raise place.fault(f"{where}.module", f"There is no module {step.timeline.module!r}.")
        if step.name in seen:
            raise place.fault(f"{where}.name", f"Another step is called {step.name!r} already.")
        if step.identity.age_as in protocol.items:
            raise place.fault(f"{where}.age_as", "An item has this name; choose another one.")
        seen.add(step.name)
        if step.kind == "group":
            _has_a_group(protocol, place, where, step)


def _has_a_group(protocol: Protocol, place: Place, where: str, step: Step) -> None:
    if protocol.group is None:
        raise place.fault("group", f"{where} is for groups: say how many belong to one.")
    for name, *_ in answers_of(step, protocol.group):
        if name in protocol.items:
            raise place.fault(f"{where}.name", f"An item is called {name!r} already.")
