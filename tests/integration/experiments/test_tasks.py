"""Tasks as the site keeps them: frozen with their code and versions, shown with what is stored."""

import json
import re

import pytest
from django.core.management import call_command
from tests.factories import experiments, tasks
from tests.factories.runs import row
from tests.integration.experiments.taking_part import Participant
from tests.integration.experiments.test_trials import Runner, asked

from experiments.errors import CannotRun
from experiments.models import Revision
from experiments.services import libraries, protocols
from runs.models import Answer, Measure, Run, Trial

SETUP = re.compile(r'<script id="task-setup" type="application/json">(.*?)</script>', re.DOTALL)


@pytest.fixture
def begun(project, ann):
    def begin(words):
        participant = Participant(
            experiments.token(experiments.published(project, ann, words), ann)
        )
        participant.begin()
        return participant

    return begin


def setup_of(participant):
    return json.loads(SETUP.search(participant.text)[1])


def finished(number=0, rows=1):
    return {"number": number, "kind": "task finished", "at_ms": 1.0, "data": {"rows": rows}}


def test_a_frozen_task_says_with_which_versions_it_runs(project, ann):
    revision = experiments.published(project, ann, tasks.words(tasks.keys(1)))
    assert revision.words["libraries"] == {
        "jspsych": libraries.served()["jspsych"],
        "@jspsych/plugin-html-keyboard-response": "2.2.0",
    }
    other = tasks.words(tasks.keys(1)) | {"libraries": {"jspsych": "8.0.0"}}
    protocol = protocols.write(project=project, by=ann, words=other)
    with pytest.raises(CannotRun, match=r"frozen with jspsych 8.0.0; this site serves 8\."):
        protocols.freeze(protocol=protocol, by=ann)
    again = protocols.write(project=project, by=ann, words=revision.words)
    assert protocols.freeze(protocol=again, by=ann).digest == revision.digest


def test_a_protocol_without_a_task_says_nothing_of_versions(revision):
    assert "libraries" not in revision.words


def test_a_module_in_a_file_is_kept_in_the_protocol(project, ann, tmp_path):
    words = tasks.words(None, module="mine", modules={"mine": {"file": "mine.js"}})
    (tmp_path / "mine.js").write_text("export default () => [];")
    (tmp_path / "task.json").write_text(json.dumps(words))
    where = f"{project.lab.slug}/{project.slug}"
    call_command("protocol", "import", str(tmp_path / "task.json"), "--project", where, "--by=ann")
    assert Revision.objects.get().words["modules"] == {"mine": {"text": "export default () => [];"}}


def test_a_module_is_sent_to_who_has_the_key_of_a_run_of_it(begun):
    text = "export default () => [];"
    someone = begun(tasks.words(None, module="mine", modules={"mine": {"text": text}}))
    address = setup_of(someone)["module"]
    answer = someone.browser.get(address)
    assert answer.content.decode() == text
    assert answer["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer["Cache-Control"]
    assert someone.browser.get(address.replace(address[-10], "0")).status_code == 404
    other = begun(tasks.words(tasks.keys(1), name="other"))
    assert other.browser.get(address.replace(someone.key, other.key)).status_code == 404


def test_the_name_of_a_task_is_foreseen_as_that_of_its_responses(begun):
    runner = Runner(begun(tasks.words(tasks.keys(1))))
    runner.send(row(0, response={"surprise": 1}), row(1, response="r"))
    answers = Answer.objects.select_related("measure")
    known = {one.measure.name: one.measure.is_unforeseen for one in answers}
    assert known == {"surprise": True, "keys": False}
    assert Measure.objects.get(name="keys").label == "The task"


def test_nobody_goes_past_a_task_before_all_of_it_is_stored(begun):
    someone = begun(tasks.words(tasks.keys(2)))
    runner = Runner(someone)
    assert someone.send(item_liked="5").status_code == 409
    assert "is not through" in someone.text
    runner.send(row(0), events=[finished(rows=2)])
    assert someone.send(item_liked="5").status_code == 409
    assert not Answer.objects.filter(trial=None).exists()
    runner.send(row(1))
    assert someone.send().status_code == 422
    assert setup_of(someone)["is_through"]
    assert someone.send(item_liked="5").status_code == 302
    assert Run.objects.get().status == "completed"
    assert (Trial.objects.count(), Answer.objects.filter(trial=None).count()) == (2, 1)


def test_a_page_that_is_shown_again_knows_what_is_stored(begun):
    someone = begun(tasks.words(tasks.keys(3)))
    runner = Runner(someone)
    assert setup_of(someone)["rows"] == []
    assert setup_of(someone)["address"] == runner.address
    began = {"number": 0, "kind": "task began", "data": {}}
    block = {"number": 1, "kind": "block began", "data": {"block": 0, "trial": 0}}
    runner.send(row(0), row(1), events=[began, block])
    someone.look()
    setup = setup_of(someone)
    assert [one["index"] for one in setup["rows"]] == [0, 1]
    assert (setup["loads"], setup["next_event"], setup["block"]) == (1, 2, 0)
    assert not setup["is_through"]


def test_rows_prove_a_beginning_whose_own_event_another_page_has_taken_the_number_of(begun):
    """Without them a task would go on as if its practice had never been: its loops run anew."""
    someone = begun(tasks.words(tasks.keys(3)))
    earlier = {"number": 0, "kind": "page hidden", "data": {}}
    Runner(someone).send(row(0), row(1), events=[earlier])
    someone.look()
    setup = setup_of(someone)
    assert [one["index"] for one in setup["rows"]] == [0, 1]
    assert setup["loads"] == 1


@pytest.mark.parametrize("data", [{}, {"rows": "many"}, {"rows": -3}, {"rows": None}])
def test_a_count_that_is_none_holds_nobody_up(begun, data):
    someone = begun(tasks.words(tasks.keys(1)))
    runner = Runner(someone)
    runner.send(row(0), events=[finished() | {"data": data}])
    assert someone.send(item_liked="5").status_code == 302


def test_a_page_with_a_task_asks_few_questions_however_many_rows_are_stored(begun):
    someone = begun(tasks.words(tasks.keys(1)))
    runner = Runner(someone)
    runner.send(*[row(number) for number in range(150)],
                events=[{"number": 0, "kind": "task began", "data": {}}])  # fmt: skip
    assert len(asked(lambda: someone.browser.get(someone.address))) <= 15
