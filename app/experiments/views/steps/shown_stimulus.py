"""The stimulus that a page is about: what of it is shown, and where its file is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from experiments.scripting.told import Stimulus
from experiments.services import stimuli
from experiments.views.steps.kind import Shown

NAMED = "stimulus:"  # in a timeline, stands before the name of a stimulus


@dataclass(frozen=True)
class Presented:
    """A stimulus as a page shows it; ``label`` is for those who do not see or hear it."""

    kind: str
    address: str
    label: str
    text: str


def presented(shown: Shown) -> Presented | None:
    """Return what a page shows of its stimulus; None where it shows none."""
    found = _of(shown).get(shown.turn.visit.stimulus) if shown.step.presents else None
    if found is None:
        return None
    kind = found.media_type.partition("/")[0]
    label = str(found.tags.get("alt", "")) or f"The {kind} to answer about"
    text = _text(found)
    return Presented("text" if text else kind, address(shown, found), label, text)


def _text(found: Stimulus) -> str:
    if found.text or found.media_type != "text/plain":
        return found.text
    return stimuli.text_of(found.digest)


def _of(shown: Shown) -> Any:
    listed = shown.turn.sitting.revision.read.stimuli
    return stimuli.of_list(listed.digest) if listed else {}


def address(shown: Shown, stimulus: Stimulus) -> str:
    match = shown.request.resolver_match
    key = match.kwargs["key"] if match else ""
    return reverse("experiments:stimulus", args=[key, stimulus.digest]) if stimulus.digest else ""


def addressed(shown: Shown, value: Any) -> Any:
    """Return a timeline with the address of each stimulus that it names."""
    if isinstance(value, list | tuple):
        return [addressed(shown, each) for each in value]
    if isinstance(value, dict):
        return {name: addressed(shown, each) for name, each in value.items()}
    if isinstance(value, str) and value.startswith(NAMED):
        found = _of(shown).get(value.removeprefix(NAMED))
        return address(shown, found) or found.text if found else value
    return value


def named(shown: Shown, value: Any) -> Iterator[Stimulus]:
    """Yield the stimuli that a timeline names and that have a file."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from named(shown, each)
    elif isinstance(value, dict):
        yield from named(shown, list(value.values()))
    elif isinstance(value, str) and value.startswith(NAMED):
        found = _of(shown).get(value.removeprefix(NAMED))
        if found and found.digest:
            yield found
