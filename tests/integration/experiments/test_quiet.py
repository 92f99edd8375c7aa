"""Runs of which nothing is heard any more."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from tests.factories import experiments
from tests.integration.experiments.taking_part import Participant

from experiments.services import quiet
from ops.scheduled import EndQuietRuns
from runs.models import Answer, Event, Run


@pytest.fixture
def going(revision, ann):
    def begin(quiet_for, **values):
        someone = Participant(experiments.token(revision, ann, **values))
        someone.begin()
        someone.send(agree="1")
        run = Run.objects.order_by("created_at").last()
        at = now() - quiet_for
        Run.objects.filter(pk=run.pk).update(began_at=at, created_at=at, seen_at=at)
        return someone

    return begin


def statuses():
    return list(Run.objects.order_by("-seen_at").values_list("status", flat=True))


def test_a_run_times_out_after_the_hours_of_its_link_or_after_a_month(going):
    for hours, given in ((1, 2), (3, 2), (24 * 29, 0), (24 * 31, None)):
        going(timedelta(hours=hours), quiet_h=given)
    assert EndQuietRuns().work() == "2 runs have timed out"
    assert statuses() == ["active", "timed out", "active", "timed out"]
    assert Event.objects.filter(kind="timed out").count() == 2
    assert quiet.end_quiet() == 0


def test_who_comes_back_too_late_is_told_and_nothing_more_is_taken(going):
    someone = going(timedelta(hours=3), quiet_h=2)
    page = someone.text
    quiet.end_quiet()
    assert someone.send(page=page, item_age="33").status_code == 409
    someone.look()
    assert someone.title == "The time for this study is over"
    assert Answer.objects.count() == 0


def test_who_was_heard_of_between_the_look_and_the_end_goes_on(going):
    someone = going(timedelta(hours=3), quiet_h=2)
    [(run, since)] = list(quiet._due(now()))
    someone.send(item_age="33")
    assert not quiet._end(run, since, now())
    assert someone.title == "The melody"


def test_a_run_that_is_over_stays_as_it_ended(going):
    someone = going(timedelta(hours=3), quiet_h=2)
    Run.objects.update(status="completed", ended_at=now())
    assert quiet.end_quiet() == 0
    someone.look()
    assert statuses() == ["completed"]
