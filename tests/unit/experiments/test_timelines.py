"""A task's timeline is read before anybody runs it."""

import re
from pathlib import Path

import pytest
from tests.factories import tasks
from tests.factories.tasks import key

from experiments.definition.plugins import FUNCTIONS, PLUGINS, global_of
from experiments.definition.protocol import read_protocol, steps_of
from experiments.errors import NotAProtocol

STATIC = Path(__file__).parents[3] / "app/experiments/static/js/runner"


def timeline_of(nodes, **step):
    ((_, found), *_) = steps_of(read_protocol(tasks.words(nodes, **step)).flow)
    return found.timeline


def test_the_plugins_of_nested_timelines_are_found():
    inner = [{"type": "survey-text", "questions": []}, {"stimulus": "a"}]
    nodes = [key("a"), {"type": "html-button-response", "timeline": inner}]
    found = timeline_of(nodes).plugins
    assert found == ("html-button-response", "html-keyboard-response", "survey-text")


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ({"a": 1}, "a list"),
        ([1], r"timeline\[0\]: Write an object"),
        ([{"stimulus": "a"}], r"timeline\[0\].type: Say which plugin"),
        ([key("a"), {"stimulus": "b"}], r"timeline\[1\].type: Say which plugin"),
        ([{"type": {"$var": "how"}, "timeline_variables": [{"how": "animation"}]}], "`plugins`"),
        ([key("a", type="html-keyboard")], r"timeline\[0\].type: There is no plugin 'html-key"),
        ([{"timeline": [key("a"), {"type": 1}]}], r"timeline\[0\].timeline\[1\].type"),
        ([{"timeline": {}, "type": "survey-text"}], r"timeline\[0\].timeline: Write a list"),
        ([key({"$fn": "evil"})], r"timeline\[0\].stimulus: There is no function 'evil'. Known are"),
        ([key({"$var": "word"})], r"There is no timeline variable 'word'"),
        ([{"timeline": [key("a")], "timeline_variables": {}}], "timeline_variables"),
        ([{"timeline": [], "data": [[[[{"$fn": 1}]]]]}], "There is no function 1"),
    ],
)
def test_what_is_no_timeline_is_named_by_its_place(nodes, says):
    with pytest.raises(NotAProtocol, match=says):
        timeline_of(nodes)


def test_a_timeline_without_end_is_refused():
    nodes = [key("a")]
    for _ in range(30):
        nodes = [{"timeline": nodes}]
    with pytest.raises(NotAProtocol, match="deep"):
        timeline_of(nodes)


def test_variables_are_known_inside_the_timeline_that_has_them():
    rows = [{"word": "RED"}]
    inside = {"timeline": [{"timeline": [key({"$var": "word"})]}], "timeline_variables": rows}
    assert timeline_of([inside]).plugins == ("html-keyboard-response",)
    with pytest.raises(NotAProtocol, match=r"timeline\[1\].stimulus"):
        timeline_of([inside, key({"$var": "word"})])


def test_a_variable_may_name_the_plugin_that_the_step_lists():
    rows = [{"how": "html-button-response"}, {"how": "html-keyboard-response"}]
    node = {"type": {"$var": "how"}, "timeline": [{"stimulus": "a"}], "timeline_variables": rows}
    assert timeline_of([node], plugins=[row["how"] for row in rows]).plugins == (
        "html-button-response",
        "html-keyboard-response",
    )


def test_a_module_is_pinned_by_its_hash():
    text = "export default () => []"
    modules = {"stroop": {"text": text}}
    found = read_protocol(tasks.words(None, module="stroop", modules=modules))
    digest = found.modules["stroop"].digest
    modules = {"stroop": {"text": text, "sha256": digest}}
    read_protocol(tasks.words(None, module="stroop", modules=modules))
    with pytest.raises(NotAProtocol, match="no module 'other'"):
        read_protocol(tasks.words(None, module="other", modules=modules))
    modules = {"stroop": {"text": text + ";", "sha256": digest}}
    with pytest.raises(NotAProtocol, match=r"modules.stroop.sha256"):
        read_protocol(tasks.words(None, module="stroop", modules=modules))


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"plugins": ["nothing"]}, "There is no plugin 'nothing'"),
        ({"options": {"on_finish": "x"}}, "options.on_finish: This is not known here"),
        ({"module": "m"}, "not both"),
    ],
)
def test_a_task_says_only_what_a_task_knows(step, says):
    with pytest.raises(NotAProtocol, match=says):
        timeline_of([key("a")], **step)


def test_a_task_without_a_timeline_is_refused():
    for nothing in (None, []):
        with pytest.raises(NotAProtocol, match="A task needs a timeline"):
            timeline_of(nothing)


def test_the_functions_that_are_known_are_those_of_the_runner():
    text = (STATIC / "functions.js").read_text()
    exported = text.partition("export const functions")[2]
    assert tuple(sorted(re.findall(r"^  (\w+)\(", exported, re.MULTILINE))) == FUNCTIONS


def test_a_plugin_is_called_as_its_browser_build_is():
    assert global_of("html-keyboard-response") == "jsPsychHtmlKeyboardResponse"
    folder = Path(__file__).parents[3] / "node_modules/@jspsych"
    for name in PLUGINS if folder.is_dir() else ():
        built = (folder / f"plugin-{name}/dist/index.browser.min.js").read_text()
        assert re.match(rf"var {global_of(name)}\s*=", built), name
