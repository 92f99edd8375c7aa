"""Protocols are read whole or refused at a place that is named."""

import copy

import pytest

from experiments.definition.protocol import FORMAT, read_protocol
from experiments.definition.reading import canonical
from experiments.definition.steps import Block, Hook, Several
from experiments.definition.steps import Test as Compared
from experiments.errors import NotAProtocol

AGREE = {"options": [{"code": 1, "label": "No"}, {"code": 5, "label": "Yes"},
                     {"code": -9, "label": "Cannot say", "missing": True}]}  # fmt: skip
WORDS = {
    "format": FORMAT,
    "name": "melodies",
    "title": "Melodies",
    "scales": {"agree": AGREE},
    "items": {
        "age": {"text": "How old are you?", "kind": "number",
                "scale": {"minimum": 18, "maximum": 120, "unit": "years"}},
        "liked": {"text": "Did you like it?", "kind": "choice", "scale": "agree"},
        "why": {"text": "Why?", "kind": "long-text", "need": "optional"},
    },
    "pages": {"about": {"title": "About you", "items": ["age"]},
              "rating": {"items": ["liked", "why"]}},
    "flow": [
        {"name": "agree", "kind": "consent", "text": "We keep your answers."},
        {"name": "about-you", "page": "about"},
        {"name": "melody", "times": None, "until_exhausted": True, "steps": [
            {"name": "listen", "kind": "trial", "stimulus": "draw",
             "draw": {"call": "lab.music.next_melody", "with": {"list": "A"}}, "timeline": []},
            {"name": "rate", "page": "rating", "stimulus": "keep",
             "if": {"all": [{"item": "age", "is": "≥", "value": 18},
                            {"none": [{"item": "liked", "is": "=", "value": 1}]}]}},
        ]},
        {"name": "end", "kind": "end", "text": "Thank you."},
    ],
}  # fmt: skip


def changed(path, value):
    """Return the protocol with another value at a place, such as ``flow.0.text``."""
    words = copy.deepcopy(WORDS)
    *way, last = [int(word) if word.isdigit() else word for word in path.split(".")]
    here = words
    for word in way:
        here = here[word]
    if value is ...:
        del here[last]
    else:
        here[last] = value
    return words


def test_a_protocol_is_read_whole():
    protocol = read_protocol(WORDS)
    assert [part.name for part in protocol.flow] == ["agree", "about-you", "melody", "end"]
    assert [item.name for item in protocol.items_of("rating")] == ["liked", "why"]
    assert protocol.items["liked"].scale.options[2].is_missing
    loop = protocol.flow[2]
    assert isinstance(loop, Block)
    assert loop.steps[0].draw == Hook("lab.music.next_melody", (("list", "A"),))
    assert loop.steps[1].condition == Several(
        "all", (Compared("age", "≥", 18), Several("none", (Compared("liked", "=", 1),)))
    )


def test_its_hash_depends_on_what_it_says_and_not_on_the_order_of_keys():
    digest = read_protocol(WORDS).digest
    assert read_protocol(dict(reversed(WORDS.items()))).digest == digest
    assert read_protocol(changed("pages.about.title", "You")).digest != digest
    assert "é" in canonical({"text": "é"})


@pytest.mark.parametrize(
    ("path", "value", "where", "says"),
    [
        ("format", "other/1", "format", "studium-protocol/1"),
        ("name", "1 bad", "name", "is no name"),
        ("title", 7, "title", "a text"),
        ("title", "x" * 300, "title", "At most 255"),
        ("title", "a\0", "title", "no record can hold"),
        ("colour", "red", "colour", "not known here"),
        ("flow", {}, "flow", "a list"),
        ("flow", [], "flow", "at least one step"),
        ("flow.0", 5, "flow[0]", "an object"),
        ("flow.0.kind", "dance", "flow[0].kind", "none of page"),
        ("flow.0.text", ..., "flow[0].text", "agreed to"),
        ("flow.1.page", "nowhere", "flow[1].page", "no page 'nowhere'"),
        ("flow.1.page", ..., "flow[1].page", "needs a page"),
        ("flow.1.name", "agree", "flow[1].name", "called 'agree' already"),
        ("flow.2.steps", [], "flow[2].steps", "at least one step"),
        ("flow.2.until_exhausted", False, "flow[2].times", "never ends"),
        ("flow.2.times", 0, "flow[2].times", "from 1 to"),
        ("flow.2.times", True, "flow[2].times", "whole number"),
        ("flow.2.steps.0.draw.call", "os", "flow[2].steps[0].draw.call", "package.module"),
        ("flow.2.steps.0.draw.call", "a.b; c", "flow[2].steps[0].draw.call", "package.module"),
        ("flow.2.steps.0.draw", ..., "flow[2].steps[0].draw", "draws the stimulus"),
        ("flow.2.steps.1.if.all.0.value", "old", "flow[2].steps[1].if.all[0].value", "a number"),
        ("flow.2.steps.1.if.all.0.is", "~", "flow[2].steps[1].if.all[0].is", "none of ="),
        ("items.liked.scale", "nothing", "items.liked.scale", "no scale 'nothing'"),
        ("items.liked.scale", ..., "items.liked.scale", "with options"),
        ("items.liked.kind", "slider", "items.liked.scale", "a minimum"),
        ("items.age.scale.minimum", 200, "items.age.scale.maximum", "not above"),
        ("items.age.scale.minimum", float("nan"), "items.age.scale.minimum", "a number"),
        ("scales.agree.options.1.code", 1, "scales.agree.options", "the same code"),
        ("scales.agree.options.1.code", 1.5, "scales.agree.options[1].code", "as the code"),
        ("pages.about.items", ["age", "age"], "pages.about.items", "once"),
        ("pages.about.items", ["ages"], "pages.about.items", "no item 'ages'"),
        ("pages.about.items", "age", "pages.about.items", "list of names"),
    ],
)
def test_a_fault_is_named_with_its_place(path, value, where, says):
    with pytest.raises(NotAProtocol) as caught:
        read_protocol(changed(path, value))
    assert caught.value.where == where
    assert says in caught.value.message
    assert caught.value.message.startswith(where)


@pytest.mark.parametrize("words", [None, [], "x", 5])
def test_what_is_no_object_is_refused(words):
    with pytest.raises(NotAProtocol, match="an object"):
        read_protocol(words)


def test_depth_without_end_is_refused():
    deep = {"name": "x", "page": "about"}
    for number in range(12):
        deep = {"name": f"b{number}", "times": 1, "steps": [deep]}
    with pytest.raises(NotAProtocol, match="deep"):
        read_protocol(WORDS | {"flow": [deep]})
