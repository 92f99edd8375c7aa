"""How planning describes its calls."""

from typing import Any

from lab.api import description as say
from lab.api.description import Described

TAG, BASE = "planning", "/api/v1/planning"
NUMBER: Described = {"type": "number"}
CSV: Described = {"200": {"description": "The table.", "content": {
    "text/csv": {"schema": say.TEXT}}}}  # fmt: skip
FILE: Described = {"requestBody": {"required": True, "content": {
    "*/*": {"schema": {**say.TEXT, "format": "binary"}}}}}  # fmt: skip
JSON: Described = {"requestBody": {"required": True, **say.content(say.FREE)}}
PROJECT = say.parameter("project", "lab/project, or a lab.", say.TEXT)
LISTED = [
    *say.PAGE,
    {"$ref": "#/components/parameters/count"},
    say.parameter("order", "-created_at.", say.TEXT),
    PROJECT,
]


def told(good: dict[str, str], *bad: str) -> Described:
    """Return answers that are plain objects, as docs/api/planning.md says."""
    shown = {code: {"description": about, **say.content(say.FREE)} for code, about in good.items()}
    return say.answers(shown, "400", "401", "429", *bad)


def call(
    verb: str, name: str, about: str, good: dict[str, str], *bad: str, given: Any = ()
) -> Described:
    return {verb: say.call(name, TAG, about, told(good, *bad), list(given))}


def key(name: str) -> Described:
    return say.parameter(name, "Its id.", {**say.TEXT, "format": "uuid"}, "path")


def content_of(name: str, about: str, given: list[Any]) -> Described:
    """Return the description of a file that is read."""
    file: Described = {"200": {"description": "The file.", "content": {
        "*/*": {"schema": {**say.TEXT, "format": "binary"}}}}}  # fmt: skip
    return {"get": say.call(name, TAG, about, say.answers(file, "400", "401", "404", "422", "429"),
                            given)}  # fmt: skip
