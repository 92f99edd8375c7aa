"""Protocols with tasks."""

from typing import Any

from tests.factories.experiments import AGREE

from experiments.definition.protocol import FORMAT

COLOURS = [
    {"word": "RED", "ink": "crimson", "key": "r"},
    {"word": "GREEN", "ink": "crimson", "key": "r"},
    {"word": "GREEN", "ink": "green", "key": "g"},
    {"word": "RED", "ink": "green", "key": "g"},
]


def key(stimulus: str, **more: Any) -> dict[str, Any]:
    return {"type": "html-keyboard-response", "stimulus": stimulus, "choices": ["r", "g"]} | more


def keys(count: int, **more: Any) -> list[dict[str, Any]]:
    return [key(f"<p>Trial {number}</p>", data={"n": number}, **more) for number in range(count)]


def words(timeline: Any, *, after: str = "after", **step: Any) -> dict[str, Any]:
    """Return a protocol of one task, with an item after it unless ``after`` is empty."""
    given = {"timeline": timeline} if timeline is not None else {}
    return {
        "format": FORMAT,
        "name": "task",
        "title": "A task",
        "items": {
            "liked": {"text": "Did you like it?", "kind": "choice",
                      "scale": {"options": AGREE}},
        },
        "pages": {"after": {"title": "Afterwards", "items": ["liked"]}},
        "modules": step.pop("modules", {}),
        "flow": [
            {"name": "keys", "kind": "trial", "title": "The task", "page": after} | given | step,
            {"name": "end", "kind": "end", "title": "Thank you"},
        ],
    }  # fmt: skip
