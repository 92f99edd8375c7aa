"""A task in a real browser: from the link to the stored rows, with all that interrupts it."""

import pytest
from tests.browser.tasks_done import begin, heading, kinds, press, rows, told, trials, until
from tests.factories import stimuli, tasks
from tests.factories.tasks import COLOURS, key

from experiments.scripting.pool import POOL
from experiments.services import stimuli as service
from experiments.services import stimulus_files
from runs.models import Answer, Event, Run, Trial


def test_every_trial_is_stored_and_the_items_come_after(window, link):
    page = begin(window(), link(tasks.words(tasks.keys(6))))
    press(page, 6)
    page.get_by_label("Yes").check()
    assert Trial.objects.count() == 6
    page.get_by_role("button", name="Continue").click()
    page.wait_for_load_state()
    assert heading(page) == "Thank you"
    assert rows() == [0, 1, 2, 3, 4, 5]
    assert [trial.response for trial in trials()] == ["g", "r"] * 3
    for trial in trials():
        assert trial.plugin == "html-keyboard-response"
        assert trial.plugin_version == "2.2.0"
        assert 0 <= trial.onset_ms <= trial.end_ms
        assert trial.end_ms - trial.onset_ms >= trial.rt_ms - 20
    assert Answer.objects.filter(measure__name="keys", trial__isnull=False).count() == 6
    assert Answer.objects.get(measure__name="liked").label == "Yes"
    assert Run.objects.get().status == "completed"
    assert Event.objects.filter(kind="task finished").count() == 1


def test_a_task_without_items_goes_on_by_itself(window, link):
    page = begin(window(), link(tasks.words(tasks.keys(2), after="")))
    press(page, 2)
    page.get_by_role("heading", name="Thank you").wait_for()
    assert rows() == [0, 1]


def test_trials_reach_the_site_while_the_task_runs(window, link):
    page = begin(window(), link(tasks.words(tasks.keys(3))))
    press(page, 2)
    page.get_by_text("Trial 2", exact=True).wait_for()
    told(page, 2)
    assert Run.objects.get().status == "active"


def test_a_response_answers_the_item_of_its_name(window, link):
    survey = {"type": "survey-text", "questions": [{"prompt": "Why?", "name": "why"}]}
    nodes = [key("Trial 0", data={"item": "liked"}), survey]
    words = tasks.words(nodes)
    words["flow"][0].pop("page")
    page = begin(window(), link(words))
    press(page, 1)
    page.locator(".jspsych-content input[type=text]").fill("because")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    found = {
        (one.measure.name, one.text, one.measure.is_unforeseen)
        for one in Answer.objects.select_related("measure")
    }
    assert found == {("liked", "g", False), ("why", "because", True)}


def test_nested_timelines_variables_conditions_and_loops(window, link):
    """Two colours are practised until both are right, then feedback is shown to the good."""
    practice = {
        "timeline": [
            key({"$var": "word"}, data={"key": {"$var": "key"}, "part": "practice"},
                on_finish={"$fn": "mark", "response": "key"}),
            {"timeline": [key({"$fn": "choose", "of": {"field": "correct"}, "value": True,
                               "then": "Right!", "else": "Wrong."},
                              data={"part": "told"}, trial_duration=500, choices="NO_KEYS")]},
        ],
        "timeline_variables": COLOURS[:2],
        "loop_function": {"$fn": "compare", "is": "<", "value": 1, "most": 3,
                          "of": {"field": "correct", "over": "share", "last": 2,
                                 "where": {"part": "practice"}}},
    }  # fmt: skip
    hidden = {
        "timeline": [key("Never shown")],
        "conditional_function": {"$fn": "compare", "of": {"over": "count"}, "is": ">", "value": 99},
    }
    score = {"$fn": "text", "text": "{right} % right of {all}",
             "with": {"right": {"field": "correct", "over": "share", "where": {"part": "practice"}},
                      "all": {"over": "count", "where": {"part": "practice"}}}}  # fmt: skip
    page = begin(window(), link(tasks.words([practice, hidden, key(score)], after="")))
    for response in ("g", "g", "r", "r"):  # both words stand in red
        page.locator(".jspsych-content", has_text="RED").or_(
            page.locator(".jspsych-content", has_text="GREEN")
        ).wait_for()
        page.keyboard.press(response)
        page.get_by_text("Right!" if response == "r" else "Wrong.").wait_for()
        page.get_by_text("Right!" if response == "r" else "Wrong.").wait_for(state="hidden")
    page.get_by_text("50 % right of 4").wait_for()
    page.keyboard.press("r")
    page.get_by_role("heading", name="Thank you").wait_for()
    assert rows("correct") == [False, None, False, None, True, None, True, None, None]


def test_a_variable_names_the_plugin(window, link):
    ways = ["html-keyboard-response", "html-button-response"]
    node = {
        "timeline": [{"type": {"$var": "how"}, "stimulus": "Trial 0", "choices": ["r", "g"]}],
        "timeline_variables": [{"how": way} for way in ways],
    }
    page = begin(window(), link(tasks.words([node], plugins=ways, after="")))
    press(page, 1)
    page.get_by_role("button", name="g").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert rows("trial_type") == ways


def test_a_module_makes_the_timeline(window, link):
    text = """
      export const options = { minimum_valid_rt: 5 };
      export default async function ({ jsPsych, plugins, functions }) {
        const show = (n) => ({ type: plugins["html-keyboard-response"], choices: ["r", "g"],
          stimulus: () => `<p>Trial ${n}</p>`, data: { n },
          on_finish: (row) => { row.own = n * 2; } });
        return [show(0), { timeline: [show(1)], conditional_function: () => true }, show(2)];
      }
    """
    words = tasks.words(None, after="", module="mine", plugins=["html-keyboard-response"],
                        modules={"mine": {"text": text}})  # fmt: skip
    page = begin(window(), link(words))
    press(page, 1)
    page.get_by_text("Trial 1", exact=True).wait_for()
    told(page, 1)
    page.reload()
    page.get_by_role("button", name="Go on").click()
    press(page, 2, first=1)
    page.get_by_role("heading", name="Thank you").wait_for()
    assert rows("own") == [0, 2, 4]


def test_a_task_that_has_a_fault_says_so_and_tells_the_lab(window, link, complaints):
    text = "export default () => { throw new Error('no such colour'); }"
    words = tasks.words(None, module="mine", plugins=["html-keyboard-response"],
                        modules={"mine": {"text": text}})  # fmt: skip
    page = begin(window(), link(words))
    page.get_by_text("This part does not work here").wait_for()
    page.get_by_role("button", name="Try again").wait_for()
    until(page, lambda: kinds("task failed"))
    assert "no such colour" in Event.objects.get(kind="task failed").data["message"]


@pytest.mark.parametrize(
    ("rule", "shown_again", "stored"),
    [
        ("trial", "Trial 3", [0, 1, 2, 3, 4, 5]),
        ("block", "Trial 2", [0, 1, 2, 2, 3, 4, 5]),
        ("step", "Trial 0", [0, 1, 2, 0, 1, 2, 3, 4, 5]),
    ],
)
def test_after_a_reload_a_task_goes_on_by_its_rule(window, link, rule, shown_again, stored):
    blocks = [{"timeline": tasks.keys(6)[start : start + 2]} for start in (0, 2, 4)]
    page = begin(window(), link(tasks.words(blocks, after="", resume=rule)))
    press(page, 3)
    page.get_by_text("Trial 3", exact=True).wait_for()
    page.reload()
    page.get_by_text("You were interrupted").wait_for()
    page.get_by_role("button", name="Go on").click()
    page.get_by_text(shown_again, exact=True).wait_for()
    first = int(shown_again.split()[1])
    press(page, 6 - first, first=first)
    page.get_by_role("heading", name="Thank you").wait_for()
    assert rows() == stored
    assert len({trial.index for trial in trials()}) == len(stored)
    assert not Trial.objects.filter(is_disputed=True).exists()


def test_a_task_that_is_not_gone_on_with_leads_to_its_items(window, link):
    page = begin(window(), link(tasks.words(tasks.keys(6), resume="end")))
    press(page, 3)
    page.get_by_text("Trial 3", exact=True).wait_for()
    told(page, 3)
    page.reload()
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_load_state()
    assert heading(page) == "Thank you"
    assert rows() == [0, 1, 2]


def test_chances_are_the_same_after_a_reload(window, link):
    """Each block is in an order by chance; what was shown is not shown again."""
    text = """
      export default ({ jsPsych, plugins }) => {
        let shown = 0;
        const block = (deck) => ({
          timeline: [{ type: plugins["html-keyboard-response"], choices: ["r"],
            stimulus: () => `<p class="shown-${shown++}">Card
              ${jsPsych.evaluateTimelineVariable("card")}</p>`,
            data: { card: jsPsych.timelineVariable("card") },
            post_trial_gap: () => 1 + 20 * Math.random() }],
          timeline_variables: deck, randomize_order: true });
        const deck = Array.from({ length: 8 }, (_, card) => ({ card }));
        return [block(deck), block(deck)];
      }
    """
    words = tasks.words(None, after="", module="mine", plugins=["html-keyboard-response"],
                        modules={"mine": {"text": text}})  # fmt: skip
    page = begin(window(), link(words))
    for done in range(16):
        page.locator(f"#task-stage .shown-{done}", has_text="Card").wait_for()
        page.keyboard.press("r")
        if done in {3, 9}:
            page.locator(f"#task-stage .shown-{done + 1}").wait_for()
            page.reload()
            page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    cards = rows("card")
    assert sorted(cards[:8]) == sorted(cards[8:]) == list(range(8))
    assert cards[:8] != cards[8:]
    assert kinds("task began") == 3


MELODIES = """
from typing import Any


def next_one(here: Any) -> Any:
    if len(here.shown) == 2:
        return None
    name = ("moon", "lark")[len(here.shown)]
    plugin = "image" if name == "moon" else "audio"
    return {"stimulus": name, "timeline": [
        {"type": f"{plugin}-keyboard-response", "stimulus": f"stimulus:{name}", "choices": ["r"]}]}


def no_timeline(here: Any) -> Any:
    return {"timeline": [{"type": "no-such-plugin"}]}
"""


@pytest.fixture
def toylab(tmp_path, settings):
    """Give the site a package of a lab, and places of its own."""
    package = tmp_path / "scripts" / "toylab"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "draws.py").write_text(MELODIES)
    settings.SCRIPTS, settings.SCRIPT_PACKAGES = tmp_path / "scripts", ["toylab"]
    settings.MEDIA_ROOT, settings.SCRIPT_CACHE = tmp_path / "media", tmp_path / "cache"
    yield
    POOL.end()


def bring(project, ann):
    read = stimulus_files.read(stimuli.archive(), "birds.zip")
    service.bring(project=project, collection="birds", by=ann, stimuli=read)


def drawing(name):
    words = tasks.words(None, stimulus="draw", draw={"call": f"toylab.draws.{name}"})
    task, end = words["flow"]
    block = {"name": "all", "until_exhausted": True, "steps": [task]}
    return words | {"stimuli": {"collection": "birds"}, "flow": [block, end]}


def test_stimuli_that_a_function_draws_are_loaded_shown_and_named(window, link, toylab):
    page = begin(window(), link(drawing("next_one"), bring))
    page.locator("#task-stage canvas").wait_for()
    page.keyboard.press("r")
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Continue").click()
    page.locator("#task[data-state=running]").wait_for()
    page.wait_for_timeout(300)  # there is nothing to see of a sound
    page.keyboard.press("r")
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert [trial.stimulus for trial in trials()] == ["moon", "lark"]
    assert rows("stimulus") == ["stimulus:moon", "stimulus:lark"]  # no address with a run's key
    assert Answer.objects.get(measure__name="liked", stimulus="lark").value == 5


def test_a_timeline_that_no_task_can_run_keeps_the_run_and_tells_the_lab(window, link, toylab):
    page = begin(window(), link(drawing("no_timeline"), bring))
    assert "Try again" in page.content()
    failed = Event.objects.get(kind="script failed")
    assert "There is no plugin 'no-such-plugin'" in failed.data["error"]
    assert Run.objects.get().status == "active"
