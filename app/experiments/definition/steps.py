"""Steps, blocks and what decides about them: the flow of an experiment."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from experiments.definition.groups import NOTHING_PARTICULAR, Together, read_together
from experiments.definition.people import (
    NO_CONSENT,
    NO_IDENTITY,
    ConsentWords,
    IdentityWords,
    read_consent,
    read_identity,
)
from experiments.definition.reading import Place
from experiments.definition.timelines import Timeline, read_timeline

KINDS = {
    "page": "a page of items",
    "trial": "a jsPsych timeline, and perhaps items after it",
    "image": "the current stimulus as an image, and items",
    "feedback": "what a script says",
    "consent": "a text to agree to",
    "registration": "name, birth date, demographics",
    "sign-in": "a participant's own account",
    "e-mail": "an address to write to",
    "group": "a page that all members of a group begin together",
    "end": "the last page",
}
STIMULUS = ("none", "keep", "draw")
SHOWN = ("page", "draw")  # a page that draws a stimulus also shows it, unless it says otherwise
COMPARISONS = ("=", "≠", "<", "≤", ">", "≥", "in", "answered")
RESUME = ("trial", "block", "step", "end")
DEEPEST = 8


@dataclass(frozen=True)
class Hook:
    """A lab's own function: its dotted name and its typed arguments, as JSON."""

    call: str
    arguments: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Test:
    """The latest answer to an item, compared with a value."""

    item: str
    comparison: str
    value: Any = None


@dataclass(frozen=True)
class Several:
    """All, any or none of several conditions."""

    how: str
    parts: tuple["Condition", ...]


Condition: TypeAlias = Test | Several | Hook


@dataclass(frozen=True)
class Step:
    """One place of the flow: what it shows, when, and what it does with the answers."""

    name: str
    kind: str
    page: str = ""
    title: str = ""
    text: str = ""
    stimulus: str = "none"
    presents: bool = False
    draw: Hook | None = None
    record: Hook | None = None
    condition: Condition | None = None
    timeline: Timeline | None = None
    resume: str = "trial"
    continue_label: str = "Continue"
    outcome: str = ""
    consent: ConsentWords = NO_CONSENT
    identity: IdentityWords = NO_IDENTITY
    together: Together = NOTHING_PARTICULAR


@dataclass(frozen=True)
class Block:
    """Steps that are gone through several times; blocks may lie in blocks."""

    name: str
    steps: tuple["Part", ...]
    times: int | None = 1
    until_exhausted: bool = False
    leave_label: str = ""
    condition: Condition | None = None


Part: TypeAlias = Step | Block


def read_part(place: Place, depth: int = 0) -> Part:
    if depth > DEEPEST:
        raise place.fault("steps", f"Blocks lie at most {DEEPEST} deep.")
    return _read_block(place, depth) if place.has("steps") else _read_step(place)


def _read_block(place: Place, depth: int) -> Block:
    block = Block(
        name=place.word("name"),
        steps=place.each("steps", lambda inner: read_part(inner, depth + 1)),
        times=place.whole("times", least=1, most=10_000),
        until_exhausted=place.truth("until_exhausted"),
        leave_label=place.text("leave_label", "", longest=60),
        condition=read_condition(place.part("if")),
    )
    place.done()
    if not block.steps:
        raise place.fault("steps", "A block has at least one step.")
    if block.times is None and not (block.until_exhausted or block.leave_label):
        raise place.fault(
            "times", "Say how often, or until_exhausted, or give a leave_label: else it never ends."
        )
    return block


def _read_step(place: Place) -> Step:
    kind = place.one_of("kind", KINDS, "page")
    stimulus = place.one_of("stimulus", STIMULUS, "none")
    step = Step(
        name=place.word("name"),
        kind=kind,
        page=place.text("page", "", longest=100),
        title=place.text("title", "", longest=255),
        text=place.text("text", ""),
        stimulus=stimulus,
        presents=place.truth("presents", default=kind == "image" or (kind, stimulus) == SHOWN),
        draw=read_hook(place.part("draw")),
        record=read_hook(place.part("record")),
        condition=read_condition(place.part("if")),
        timeline=read_timeline(place) if kind == "trial" else None,
        resume=place.one_of("resume", RESUME, "trial"),
        continue_label=place.text("continue_label", "Continue", longest=60),
        outcome=place.text("outcome", "", longest=60),
        consent=read_consent(place, kind),
        identity=read_identity(place, kind),
        together=read_together(place.part("together")),
    )
    place.done()
    _fits(step, place)
    return step


def _fits(step: Step, place: Place) -> None:
    if step.kind in {"page", "image"} and not step.page:
        raise place.fault("page", f"A step of the kind {step.kind} needs a page.")
    if step.kind == "consent" and not step.text:
        raise place.fault("text", "Consent needs the text that is agreed to.")
    _draws_what_it_needs(step, place)
    if step.kind == "trial" and step.timeline is None and step.draw is None:
        raise place.fault("timeline", "A task needs a timeline, or a function that makes one.")
    if step.kind != "group" and step.together != NOTHING_PARTICULAR:
        raise place.fault("together", "Only a step of the kind group is begun together.")
    if step.together.acts and step.page:
        raise place.fault("page", "A group acts, or answers a page of items: write two steps.")


def _draws_what_it_needs(step: Step, place: Place) -> None:
    if step.stimulus == "draw" and step.draw is None:
        raise place.fault("draw", "Say which function draws the stimulus.")
    if step.kind == "feedback" and step.draw is None:
        raise place.fault("draw", "Say which function writes the feedback.")
    if step.kind == "image" and step.stimulus == "none":
        raise place.fault("stimulus", "Say whether the image is drawn or kept from before.")


def read_hook(place: Place | None) -> Hook | None:
    if place is None:
        return None
    call = place.text("call", longest=200)
    if not all(word.isidentifier() for word in call.split(".")) or "." not in call:
        raise place.fault("call", "Write package.module.function.")
    given = place.part("with")
    hook = Hook(call, tuple(sorted(given.words.items())) if given else ())
    place.done()
    return hook


def hooks_in(part: Part) -> Iterator[tuple[str, Hook]]:
    """Yield the functions that a step or a block calls, and what each is for."""
    for hook in _deciding(part.condition):
        yield "condition", hook
    if isinstance(part, Step):
        if part.draw:
            yield "feedback" if part.kind == "feedback" else "draw", part.draw
        if part.record:
            yield "record", part.record


def _deciding(condition: Condition | None) -> Iterator[Hook]:
    if isinstance(condition, Hook):
        yield condition
    if isinstance(condition, Several):
        for each in condition.parts:
            yield from _deciding(each)


def read_condition(place: Place | None, depth: int = 0) -> Condition | None:
    if place is None:
        return None
    if depth > DEEPEST:
        raise place.fault("all", f"Conditions lie at most {DEEPEST} deep.")
    if place.has("call"):
        return read_hook(place)
    for how in ("all", "any", "none"):
        if place.has(how):
            return _several(place, how, depth)
    return _test(place)


def _several(place: Place, how: str, depth: int) -> Several:
    parts = place.each(how, lambda inner: read_condition(inner, depth + 1))
    place.done()
    return Several(how, tuple(part for part in parts if part is not None))


def _test(place: Place) -> Test:
    test = Test(
        place.word("item"), place.one_of("is", COMPARISONS, "answered"), place.take("value")
    )
    place.done()
    if test.comparison == "in" and not isinstance(test.value, list):
        raise place.fault("value", "'in' needs a list of values.")
    if test.comparison in {"<", "≤", ">", "≥"} and type(test.value) not in {int, float}:
        raise place.fault("value", f"{test.comparison!r} needs a number.")
    return test
