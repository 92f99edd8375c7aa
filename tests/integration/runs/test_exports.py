"""Tables of what was recorded: whole, of one's own project, and as it was said."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.factories import accounts, runs
from tests.factories.runs import row

from accounts.roles import Role
from runs.models import Run, Trial
from runs.rows import rows_of, said
from runs.services import exclusion, forms, trials
from runs.services.forms import Given


def filled(project, text="=1+1", **values):
    begun = runs.run(project, **values).run
    page = runs.visit(begun, 0, "rate", passes=[2])
    answers = [Given(said("liked", 5), "Yes"), Given(said("heard", ["home", "radio"])),
               Given(said("why", text))]  # fmt: skip
    forms.submit(visit=page, holder="one", answers=answers)
    task = runs.visit(begun, 1)
    sent = [row(0, response={"a": 1}, fine="é"), row(1, response="=2")]
    trials.store(visit=task, holder="one", rows=rows_of(sent))
    return begun


@pytest.fixture
def full(project):
    return filled(project)


def export(*words, project="alder/memory"):
    out = io.StringIO()
    call_command("runs", "export", "--project", project, *words, stdout=out)
    return out.getvalue()


def table(*words, **more):
    return list(csv.DictReader(io.StringIO(export(*words, **more))))


def lines(*words):
    return [json.loads(line) for line in export("--format", "ndjson", *words).splitlines()]


def test_answers_of_pages_and_of_trials_stand_in_one_table(full):
    told = [(one["step"], one["name"], one["value"], one["label"]) for one in table()]
    assert told == [
        ("rate", "liked", "5", "Yes"),
        ("rate", "heard", '["home", "radio"]', ""),
        ("rate", "why", "'=1+1", ""),
        ("stroop", "a", "1", ""),
        ("stroop", "stroop", "'=2", ""),
    ]
    first = table()[0]
    assert (first["run"], first["participant"]) == (str(full.pk), full.participant.pseudonym)
    assert (first["passes"], first["is_unforeseen"]) == ("[2]", "True")


def test_lines_of_json_are_word_for_word(full):
    assert [one["value"] for one in lines()] == [5, ["home", "radio"], "=1+1", 1, "=2"]
    task = lines("--what", "trials")
    assert [one["raw"]["response"] for one in task] == [{"a": 1}, "=2"]
    assert (task[0]["raw"]["fine"], task[0]["onset_ms"], task[0]["rt_ms"]) == ("é", 0, 412.5)


@pytest.mark.parametrize("what", ["runs", "visits", "events", "files", "codebook"])
def test_every_table_can_be_written_both_ways(full, what):
    full.events.create(kind="focus lost", received_at=full.created_at)
    full.visits.first().uploads.create(item="a", name="a", size=1, created_at=full.created_at)
    as_csv, as_json = table("--what", what), lines("--what", what)
    assert len(as_csv) == len(as_json) > 0
    assert list(as_csv[0]) == list(as_json[0])


def test_who_was_recruited_where_stays_here(project):
    begun = filled(project)
    Run.objects.filter(pk=begun.pk).update(
        external={"PROLIFIC_PID": "somebody there"}, device={"x": "y"}
    )
    assert "somebody there" not in export("--what", "runs")


def test_what_is_left_out_and_pilots_are_written_when_they_are_asked_for(project, full):
    ann = accounts.person("ann", lab=project.lab, role=Role.EXPERIMENTER)
    pilot = filled(project, is_pilot=True)
    out = filled(project)
    exclusion.exclude(runs=[out], by=ann, reason="Noise")

    def written(*words):
        return {one["run"] for one in table("--what", "runs", *words)}

    assert written() == {str(full.pk)}
    assert written("--with-excluded") == {str(full.pk), str(out.pk)}
    assert written("--with-pilots") == {str(full.pk), str(pilot.pk)}
    assert written("--run", str(pilot.pk)) == {str(pilot.pk)}


def test_an_experiment_is_named_by_its_title_or_hash(project, full):
    for name, number in (("Stroop", 1), ("d" * 10, 1), ("Stro", 0), ("x", 0)):
        assert len(table("--what", "runs", "--experiment", name)) == number


def test_another_projects_rows_stay_there(project, full):
    other = accounts.project(project.lab, "Other")
    theirs = filled(other)
    assert {one["run"] for one in table()} == {str(full.pk)}
    assert {one["run"] for one in table(project="alder/other")} == {str(theirs.pk)}
    assert table("--run", str(full.pk), project="alder/other") == []


def test_many_runs_cost_as_many_questions_as_few(project, full):
    def asked():
        with CaptureQueriesContext(connection) as captured:
            export()
        return len(captured)

    few = asked()
    for _ in range(5):
        filled(project)
    assert asked() == few <= 3


def test_a_file_is_there_whole_or_not_at_all(full, tmp_path):
    file, words = tmp_path / "trials.ndjson", ("--what", "trials", "--format", "ndjson")
    export(*words, "--to", str(file))
    before = file.read_text()
    assert before == export(*words)
    Trial.objects.filter(index=1).update(raw="{")  # a disk that lost something
    with pytest.raises(ValueError, match="Expecting"):
        export(*words, "--to", str(file))
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--project", "alder/nothing"], "no project"),
        (["--project", "alder/memory", "--run", "x"], "no id of a run"),
        (["--project", "alder/memory", "--what", "secrets"], "invalid choice"),
        (["--project", "alder/memory", "--to", "/nowhere/at/all.csv"], "cannot be written"),
    ],
)
def test_the_command_says_what_is_wrong(full, words, says):
    with pytest.raises(CommandError, match=says):
        call_command("runs", "export", *words)


def test_chosen_runs_are_exported_in_the_administration(project, full, as_):
    ann = accounts.person("ann", lab=project.lab, role=Role.EXPERIMENTER)
    page = reverse("admin:runs_run_changelist")
    for action, number in (("export_answers", 5), ("export_trials", 2)):
        data = {"action": action, "_selected_action": [str(full.pk)]}
        answer = as_(ann).post(page, data)
        told = b"".join(answer.streaming_content).decode()
        assert len(list(csv.DictReader(io.StringIO(told)))) == number
