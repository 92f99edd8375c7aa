"""When a page or a task really began before its participant."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from runs.models import Visit
from runs.rows import Batch, Happening
from runs.services import forms, trials

ME = "browser-of-one"


@pytest.fixture
def served(visit):
    """A page that was served ten minutes ago."""
    Visit.objects.filter(pk=visit.pk).update(served_at=now() - timedelta(minutes=10))
    visit.refresh_from_db()
    return visit


def test_a_page_began_when_its_browser_says(served):
    told = now() - timedelta(seconds=30)
    assert forms.submit(visit=served, holder=ME, answers=[], started_at=told)
    served.refresh_from_db()
    assert served.started_at == told


@pytest.mark.parametrize("told", [None, timedelta(hours=3), -timedelta(hours=3)])
def test_a_page_began_between_serving_and_sending_whatever_its_browser_says(served, told):
    started = None if told is None else now() - told
    forms.submit(visit=served, holder=ME, answers=[], started_at=started)
    served.refresh_from_db()
    assert served.started_at == (served.submitted_at if told == -timedelta(hours=3)
                                 else served.served_at)  # fmt: skip


def test_a_form_that_is_sent_again_does_not_move_the_beginning(served):
    told = now() - timedelta(seconds=30)
    for more in (0, 20):
        later = told + timedelta(seconds=more)
        forms.submit(visit=served, holder=ME, answers=[], started_at=later)
    served.refresh_from_db()
    assert served.started_at == told


def batch(*events, rows=()):
    happenings = [Happening(number, kind, at, {}) for number, (kind, at) in enumerate(events)]
    return Batch(ME, list(rows), happenings, None)


def test_a_task_begins_with_its_first_trial_and_not_as_it_loads(served):
    at = now()
    events = batch(("task began", 200.0), ("block began", 5_000.0), ("page hidden", 12_000.0))
    trials._take(served, {}, events, at)
    served.refresh_from_db()
    assert served.started_at == at - timedelta(seconds=7)
    trials._take(served, {}, batch(("block began", 900.0)), at + timedelta(minutes=1))
    served.refresh_from_db()
    assert served.started_at == at - timedelta(seconds=7)


def test_a_task_that_only_loads_has_not_begun(served):
    trials._take(served, {}, batch(("task began", 200.0)), now())
    served.refresh_from_db()
    assert served.started_at is None


def test_a_task_did_not_begin_before_it_was_served(served):
    events = batch(("block began", 0.0), ("online", 1e12))
    trials._take(served, {}, events, now())
    served.refresh_from_db()
    assert served.started_at == served.served_at
