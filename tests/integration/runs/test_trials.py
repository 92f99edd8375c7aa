"""Every trial is stored exactly once, however often and in which order it comes."""

import json

from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import accounts, runs
from tests.factories.runs import row

from runs.models import Answer, Measure, Trial, Variant, Visit
from runs.models.answers import measure_id
from runs.rows import rows_of
from runs.services import trials

ME = "browser-of-one"


def store(visit, *sent, holder=ME):
    return trials.store(visit=visit, holder=holder, rows=rows_of(list(sent)))


def test_a_row_becomes_a_trial_and_its_response_an_answer(visit):
    receipt = store(visit, row(0, response="r", rt=412.5, onset=0, time_elapsed=500))
    assert (receipt.stored, receipt.disputed) == ([0], [])
    trial = Trial.objects.get()
    assert (trial.index, trial.rt_ms, trial.onset_ms, trial.end_ms) == (0, 412.5, 0.0, 500.0)
    assert json.loads(trial.raw)["response"] == "r"
    answer = Answer.objects.select_related("measure").get()
    assert (answer.trial, answer.text, answer.measure.name) == (trial, "r", "stroop")


def test_sent_again_it_is_there_once(visit):
    first = store(visit, row(0), row(1))
    again = store(visit, row(0), row(1), row(2))
    assert first.stored == [0, 1]
    assert again.stored == [0, 1, 2]
    assert (Trial.objects.count(), Answer.objects.count(), Variant.objects.count()) == (3, 3, 0)


def test_another_content_under_the_same_index_is_kept_beside_the_first_and_marked(visit):
    store(visit, row(0, response="r"))
    receipt = store(visit, row(0, response="g"), row(1))
    store(visit, row(0, response="g"))
    assert (receipt.stored, receipt.disputed) == ([0, 1], [0])
    assert Trial.objects.get(index=0).response == "r"
    assert Trial.objects.get(index=0).is_disputed
    assert not Trial.objects.get(index=1).is_disputed
    assert json.loads(Variant.objects.get().raw)["response"] == "g"
    assert Visit.objects.get().is_disputed
    assert list(Answer.objects.values_list("text", flat=True)) == ["r", "r"]


def test_a_survey_in_a_trial_answers_each_item(visit):
    store(visit, row(0, response={"Q0": 3, "Q1": "because"}))
    found = {(a.measure.name, a.number, a.text) for a in Answer.objects.select_related("measure")}
    assert found == {("Q0", 3.0, "3"), ("Q1", None, "because")}


def test_a_name_that_the_design_knows_is_not_unforeseen(visit):
    run = visit.run
    known = measure_id(run.project_id, run.design, "liked")
    Measure.objects.create(
        pk=known, project=run.project, design=run.design, name="liked", label="Did you like it?"
    )
    store(visit, row(0, response={"liked": 5, "surprise": 1}))
    assert Measure.objects.get(pk=known).label == "Did you like it?"
    assert not Measure.objects.get(pk=known).is_unforeseen
    assert Measure.objects.get(name="surprise").is_unforeseen


def test_two_projects_with_one_design_have_their_own_measures(visit, project):
    store(visit, row(0))
    other = runs.run(accounts.project(project.lab, "Other")).run
    store(runs.visit(other), row(0))
    assert Measure.objects.count() == 2


def test_what_no_database_holds_is_stored_all_the_same(visit):
    store(visit, row(0, response={"a\0": "b\0", "lone": "\ud800"}, stimulus_id="x\0"))
    assert "\\u0000" in Trial.objects.get().raw
    assert Answer.objects.count() == 2


def test_a_batch_is_stored_in_six_queries_whatever_its_size(visit):
    for start, count in ((0, 1), (100, 40)):
        rows = [row(start + number, response={"a": 1, "b": 2}) for number in range(count)]
        with CaptureQueriesContext(connection) as asked:
            store(visit, *rows)
        spoken = [q["sql"] for q in asked if "SAVEPOINT" not in q["sql"]]
        assert len(spoken) <= 5, spoken  # and one to find the visit
