"""Beginning, holding, taking over, ending."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from tests.factories import accounts, runs
from tests.factories.runs import row

from runs.errors import HeldElsewhere, NoSuchVisit, RunIsOver
from runs.models import Event, Participant, Run, Trial
from runs.rows import rows_of
from runs.services import leases, trials
from runs.services import runs as service


def store(visit, holder, index=0):
    return trials.store(visit=visit, holder=holder, rows=rows_of([row(index)]))


def test_a_run_has_a_pseudonym_and_a_key_that_is_not_kept(project):
    begun = runs.run(project)
    assert begun.run.participant.pseudonym.isalnum()
    assert not Run.objects.filter(key_digest=begun.key).exists()
    assert service.by_key(begun.key) == begun.run
    assert service.by_key("x" + begun.key) is None


def test_a_visit_is_found_by_the_key_of_its_own_run_alone(project):
    mine, other = runs.run(project), runs.run(project)
    visit = runs.visit(mine.run)
    assert service.visit_of(mine.key, str(visit.pk)) == visit
    for key, which in ((other.key, str(visit.pk)), (mine.key, "nonsense"), ("", str(visit.pk))):
        with pytest.raises(NoSuchVisit):
            service.visit_of(key, which)


def test_a_place_of_a_run_is_shown_once(run):
    assert runs.visit(run, 3) == runs.visit(run, 3, step="another")


def test_one_browser_writes_and_another_is_told(visit):
    store(visit, "first")
    with pytest.raises(HeldElsewhere):
        store(visit, "second", 1)
    assert Trial.objects.count() == 1


def test_a_lease_lapses_after_a_quiet_time(visit):
    store(visit, "first")
    Run.objects.update(held_until=now() - timedelta(seconds=1))
    store(visit, "second", 1)
    with pytest.raises(HeldElsewhere):
        store(visit, "first", 2)


def test_a_run_is_taken_over_and_tells_of_it(visit):
    store(visit, "first-browser")
    leases.take_over(run=visit.run, holder="second-browser", at=now())
    store(visit, "second-browser", 1)
    with pytest.raises(HeldElsewhere):
        store(visit, "first-browser", 2)
    event = Event.objects.get()
    assert (event.kind, event.data) == ("taken over", {"from": "first-br", "to": "second-b"})


def test_a_run_that_is_over_takes_nothing_more_and_keeps_its_first_outcome(visit):
    service.end(run=visit.run, status=Run.Status.COMPLETED)
    service.end(run=visit.run, status=Run.Status.COMPLETED)
    with pytest.raises(RunIsOver):
        service.end(run=visit.run, status=Run.Status.TIMED_OUT)
    with pytest.raises(RunIsOver):
        store(visit, "first")
    assert not Trial.objects.exists()
    with pytest.raises(RunIsOver):
        leases.take_over(run=visit.run, holder="first", at=now())


def test_rows_whose_reply_was_lost_are_a_no_op_even_when_the_run_is_over_or_elsewhere(visit):
    store(visit, "first")
    leases.take_over(run=visit.run, holder="second", at=now())
    assert store(visit, "first").stored == [0]
    with pytest.raises(HeldElsewhere):
        trials.store(visit=visit, holder="first", rows=rows_of([row(0), row(1)]))
    service.end(run=visit.run, status=Run.Status.COMPLETED)
    assert store(visit, "first").stored == [0]
    with pytest.raises(RunIsOver):
        trials.store(visit=visit, holder="first", rows=rows_of([row(0, rt=1)]))
    assert Trial.objects.count() == 1


def test_a_run_is_seen_by_those_who_see_its_project(run):
    lab = run.project.lab
    member = accounts.person("vera", lab=lab, role="viewer")
    stranger = accounts.person("sam", lab=accounts.lab("Birch"), role="admin")
    for rows in (Run.objects, Participant.objects):
        assert rows.visible_to(member).count() == 1
        assert rows.visible_to(stranger).count() == 0
        assert rows.editable_by(member).count() == 0
