"""What a timeline gives to jsPsych's plugins is held against what they take."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from tests.factories import tasks
from tests.factories.tasks import key

from experiments.definition import parameters, plugins
from experiments.definition.plugins import PLUGINS, STYLING
from experiments.definition.protocol import read_protocol
from experiments.errors import NotAProtocol

TABLE = Path(parameters.__file__).with_name("plugin_parameters.json")
SCRIPT = Path(__file__).with_name("plugin_parameters.mjs")
MISSPELT = (
    r"flow\[0\].timeline\[0\].stimulis: In the step 'keys', "
    "html-keyboard-response has no parameter 'stimulis'. Did you mean 'stimulus'"
)
QUESTIONS = [{"prompt": "How?", "name": "how", "rows": 2}]


def check(nodes, **step):
    parameters.check(read_protocol(tasks.words(nodes, **step)))


def test_the_table_is_that_of_the_packages_that_are_served():
    """After another version: node plugin_parameters.mjs node_modules PLUGIN… > the table."""
    node, folder = shutil.which("node"), Path(settings.BROWSER_LIBRARIES)
    if node is None or not (folder / "@jspsych").is_dir():
        pytest.skip("The browser libraries are not installed: npm ci --ignore-scripts")
    done = subprocess.run([node, SCRIPT, folder, *PLUGINS], check=True, capture_output=True)
    assert done.stdout.decode() == TABLE.read_text(encoding="utf-8")


def test_the_plugins_that_write_elements_of_style_are_known():
    folder = Path(settings.BROWSER_LIBRARIES) / "@jspsych"
    if not folder.is_dir():
        pytest.skip("The browser libraries are not installed: npm ci --ignore-scripts")
    code = {name: folder / f"plugin-{name}/dist/index.js" for name in PLUGINS}
    assert {name for name, file in code.items() if "<style" in file.read_text()} == STYLING


def test_each_plugin_that_is_served_has_its_parameters():
    assert list(parameters.table()) == list(PLUGINS)


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ([key("a", stimulis="b")], MISSPELT),
        ([key("a", zzz=1)], "'zzz'. It knows: choices, "),
        ([key("a", timeline_variables=[])], "no parameter 'timeline_variables'"),
        ([{"type": "html-button-response", "stimulus": "a"}], "needs the parameter 'choices'"),
        ([key("a", trial_duration="500")], "'trial_duration' of html-keyboard-response is a numb"),
        ([key("a", trial_duration=True)], "is a number, not true"),
        ([key(3)], "'stimulus' of html-keyboard-response is a text, not 3"),
        ([key("a", choices=5)], "a key, or a list of keys"),
        ([key("a", response_ends_trial="no")], "is true or false"),
        ([key("a", on_finish="mark")], r"is a function: {\"\$fn\": …}"),
        ([key("a", data=["x"])], "'data' of html-keyboard-response is an object"),
        ([{"type": "html-button-response", "stimulus": "a", "choices": "yes"}], "is a list"),
        ([{"type": "iat-html", "stimulus": "a", "stim_key_association": "up"}],
         "is one of left, right"),
        ([{"type": "survey-text", "questions": [{"prompd": "b"}]}],
         r"questions\[0\].prompd: .*Did you mean 'prompt'"),
        ([{"type": "survey-text", "questions": [{"rows": 2}]}], "each of 'questions' of survey-t"),
        ([{"type": "survey-text", "questions": ["How?"]}], 'is an object, not "How'),
        ([{"timeline": [key("a")], "repetition": 2}], "Did you mean 'repetitions'"),
        ([{"timeline": [key("a")], "randomize_order": 1}], "of a timeline is true or false"),
        ([{"timeline": [key("a")], "choice": ["r"]}], "neither a timeline nor html-keyboard-resp"),
        ([{"timeline": [{"timeline": [key("a", prmpt="b")]}]}],
         r"timeline\[0\].timeline\[0\].timeline\[0\].prmpt"),
    ],
)  # fmt: skip
def test_what_a_plugin_does_not_take_is_named_with_its_place(nodes, says):
    with pytest.raises(NotAProtocol, match=says):
        check(nodes)


@pytest.mark.parametrize(
    "nodes",
    [
        [key("a", prompt=None, data={"n": 1}, post_trial_gap=200, on_finish={"$fn": "mark"})],
        [{"type": "html-keyboard-response", "timeline": [{"stimulus": "a"}, {"stimulus": "b"}]}],
        [{"timeline": [{"type": "html-keyboard-response"}], "stimulus": "a", "choices": "NO_KEYS"}],
        [{"timeline": [key({"$var": "w"})], "timeline_variables": [{"w": "a"}], "sample": {}}],
        [{"type": "survey-text", "questions": QUESTIONS}],
        [key("a", trial_duration={"$fn": "random", "from": 1, "to": 2})],
    ],
)  # fmt: skip
def test_what_a_plugin_takes_passes(nodes):
    check(nodes)


def test_a_plugin_that_a_variable_names_is_not_held_to_anything():
    rows = [{"how": "animation", "what": {}}]
    inner = {"type": {"$var": "how"}, "whatever": 1}
    check([{"timeline": [inner], "timeline_variables": rows}], plugins=["animation"])


def test_all_faults_are_told_at_once():
    with pytest.raises(NotAProtocol) as told:
        check([key("a", one=1), key("b", two=2)])
    assert len(told.value.faults) == 2


OURS = Path(settings.APP) / "experiments/static/experiments/exchange.js"
ASK = {"type": "group-exchange", "prompt": "<p>Which?</p>", "choices": ["a", "b"], "wait_s": 30}


def test_our_own_plugin_is_held_to_its_parameters_as_theirs_are():
    check([ASK])
    with pytest.raises(NotAProtocol, match=r"has no parameter 'waits'\. Did you mean 'wait_s'"):
        check([ASK | {"waits": 30}])


def test_our_own_plugin_takes_in_the_browser_what_is_written_down_here():
    declared = OURS.read_text().partition("parameters: {")[2].partition("\n      },")[0]
    assert set(re.findall(r"(?m)^\s+(\w+): \{ type", declared)) == set(
        parameters.takes("group-exchange")
    )
    assert f'version: "{plugins.OURS["group-exchange"]}"' in OURS.read_text()
