"""A small protocol with consent, pages, a loop and a condition."""

from typing import Any

from experiments.definition.protocol import FORMAT
from experiments.services import links, protocols

AGREE = [{"code": 1, "label": "No"}, {"code": 5, "label": "Yes"},
         {"code": -9, "label": "Cannot say", "missing": True}]  # fmt: skip
WORDS: dict[str, Any] = {
    "format": FORMAT,
    "name": "melodies",
    "title": "Melodies",
    "scales": {"agree": {"options": AGREE}},
    "items": {
        "age": {"text": "How old are you?", "kind": "number",
                "scale": {"minimum": 18, "maximum": 120, "unit": "years"}},
        "liked": {"text": "Did you like it?", "kind": "choice", "scale": "agree"},
        "heard": {"text": "Where did you hear it?", "kind": "choices", "need": "optional",
                  "scale": {"options": [{"code": "radio", "label": "On the radio"},
                                        {"code": "home", "label": "At home"},
                                        {"code": "no", "label": "Nowhere", "exclusive": True}]}},
        "why": {"text": "Why?", "kind": "long-text", "need": "asked-once", "may_decline": True},
    },
    "pages": {"about": {"title": "About you", "items": ["age"]},
              "rating": {"title": "The melody", "items": ["liked", "heard"]},
              "reasons": {"title": "Why", "items": ["why"]}},
    "flow": [
        {"name": "consent", "kind": "consent", "title": "Consent", "text": "We keep your answers."},
        {"name": "about-you", "page": "about"},
        {"name": "melody", "times": 2, "leave_label": "Enough of it", "steps": [
            {"name": "rate", "page": "rating"},
        ]},
        {"name": "because", "page": "reasons", "if": {"item": "liked", "is": "=", "value": 1}},
        {"name": "end", "kind": "end", "title": "Thank you", "text": "That was all."},
    ],
}  # fmt: skip


def published(project: Any, by: Any, words: Any = None) -> Any:
    protocol = protocols.write(project=project, by=by, words=words or WORDS)
    revision = protocols.freeze(protocol=protocol, by=by)
    protocols.publish(revision=revision, by=by)
    return revision


def token(revision: Any, by: Any, **values: Any) -> str:
    return links.make(protocol=revision.protocol, by=by, **values).token
