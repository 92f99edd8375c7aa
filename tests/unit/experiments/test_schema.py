"""The JSON Schema takes what the readers take, and refuses what it can know to be wrong."""

import copy
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.factories import experiments

from experiments.definition.protocol import read_protocol
from experiments.definition.schema import schema
from experiments.definition.steps import KINDS

ROOT = Path(__file__).resolve().parents[3]
WRITTEN = ROOT / "docs/experiments/protocol.schema.json"
EXAMPLES = sorted((ROOT / "app/experiments/examples").glob("*.json"))
FENCED = re.compile(r"```json\n(.*?)```", re.DOTALL)
WHOLE = {
    "format": "studium-protocol/1", "name": "whole", "title": "All of it", "language": "de",
    "scales": {"often": {"options": [{"code": 1, "label": "Ever"}, {"code": "x", "label": "Else",
                                                                    "other": True}]}},
    "items": {
        "plays": {"text": "?", "kind": "choice", "scale": "often", "order": "random"},
        "loud": {"text": "?", "kind": "slider", "scale": {
            "minimum": 0, "maximum": 1, "anchors": [{"at": 0.5, "label": "so"}]}},
        "voice": {"text": "?", "kind": "recording", "most_mb": 5, "longest_s": 9},
    },
    "pages": {"only": {"items": ["plays", "loud", "voice"], "order": "random"}},
    "flow": [
        {"name": "agreed", "kind": "consent", "text": "So?", "version": "2",
         "choices": [{"name": "data", "text": "Share?", "need": "required"}]},
        {"name": "who", "kind": "registration", "age_as": "age",
         "identity": [{"name": "birth-date"}]},
        {"name": "again", "times": None, "until_exhausted": True, "steps": [
            {"name": "one", "page": "only", "record": {"call": "lab.f", "with": {"a": [1]}},
             "if": {"any": [{"item": "plays", "is": "in", "value": [1]}, {"call": "lab.g"}]}},
        ]},
        {"name": "end", "kind": "end"},
    ],
}  # fmt: skip


def faults(words, of=None):
    return [error.message for error in Draft202012Validator(of or schema()).iter_errors(words)]


def changed(path, value):
    words = copy.deepcopy(WHOLE)
    *way, last = [int(word) if word.isdigit() else word for word in path.split(".")]
    here = words
    for word in way:
        here = here[word]
    here[last] = value
    return words


def test_it_is_a_schema():
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_are_taken(file):
    assert faults(json.loads(file.read_text())) == []


def test_what_the_readers_take_is_taken():
    for words in (WHOLE, experiments.WORDS):
        assert read_protocol(words)
        assert faults(words) == []


def test_the_protocols_in_the_documentation_are_taken():
    text = (ROOT / "docs/experiments/protocols.md").read_text()
    [words] = [each for each in map(json.loads, FENCED.findall(text)) if "flow" in each][:1]
    assert read_protocol(words)
    assert faults(words) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", "other/1"), ("colour", "red"), ("flow", []), ("flow", {}), ("name", "1 bad"),
        ("items.plays.kind", "dance"), ("items.plays.colour", 1), ("items.plays.text", 5),
        ("items.1x", {"text": "?"}), ("scales.often.options.0.code", 1.5),
        ("scales.often.options.0.label", None), ("items.voice.most_mb", 10_000),
        ("flow.0.kind", "dance"), ("flow.0.identity", []), ("flow.3.choices", []),
        ("flow.1.identity.0.name", "shoe size"), ("flow.2.times", 0), ("flow.2.steps", []),
        ("flow.2.steps.0.if", {"is": "="}), ("flow.2.steps.0.if.any.0.is", "~"),
        ("flow.2.steps.0.record", {"with": {}}), ("banks", {"people": {"number": 1}}),
    ],
)  # fmt: skip
def test_what_is_wrong_by_itself_is_refused(path, value):
    assert faults(changed(path, value))


def test_every_kind_of_step_has_its_own_fields():
    rules = schema()["$defs"]["step"]["allOf"]
    assert [rule["if"]["properties"]["kind"]["const"] for rule in rules] == list(KINDS)


def fields(of):
    found = set(of["properties"])
    for name, one in of["$defs"].items():
        found |= {f"{name}.{each}" for each in one.get("properties", {})}
    return found


def test_the_schema_in_the_documentation_says_nothing_that_is_not_so():
    """Written anew by `manage.py protocol schema > docs/experiments/protocol.schema.json`."""
    written = json.loads(WRITTEN.read_text())
    assert fields(written) <= fields(schema())
    assert faults(WHOLE, written) == []
