"""A page's form counts once: the first to come."""

import json

from tests.factories import runs

from runs.models import Answer, Variant, Visit
from runs.rows import said
from runs.services import forms
from runs.services.forms import Given

ME = "browser-of-one"


def submit(visit, holder=ME, **values):
    answers = [Given(said(name, value), label=f"“{value}”") for name, value in values.items()]
    return forms.submit(visit=visit, holder=holder, answers=answers)


def test_answers_are_stored_with_the_words_that_were_read(visit):
    assert submit(visit, age=33, mood="good")
    found = {(a.measure.name, a.number, a.text, a.label) for a in
             Answer.objects.select_related("measure")}  # fmt: skip
    assert found == {("age", 33.0, "33", "“33”"), ("mood", None, "good", "“good”")}
    assert Visit.objects.get().submitted_at


def test_a_double_click_is_one_submission(visit):
    assert submit(visit, age=33)
    assert submit(visit, age=33)
    assert (Answer.objects.count(), Variant.objects.count()) == (1, 0)


def test_another_content_is_kept_beside_the_first_and_marked(visit):
    assert submit(visit, age=33)
    assert not submit(visit, age=34)
    assert not submit(visit, age=34)
    assert Answer.objects.get().number == 33
    assert json.loads(Variant.objects.get().raw) == {"age": [34, ""]}
    assert Visit.objects.get().is_disputed


def test_each_page_has_its_own_answers_to_one_item(visit):
    second = runs.visit(visit.run, 1)
    submit(visit, mood="good")
    submit(second, mood="bad")
    told = Answer.objects.order_by("visit__position").values_list("visit__position", "text")
    assert list(told) == [(0, "good"), (1, "bad")]
