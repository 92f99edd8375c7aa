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


def store(visit, holder):
    return trials.store(visit=visit, holder=holder, rows=rows_of([row(0)]))


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
        store(visit, "second")
    assert Trial.objects.count() == 1


def test_a_lease_lapses_after_a_quiet_time(visit):
    store(visit, "first")
    Run.objects.update(held_until=now() - timedelta(seconds=1))
    store(visit, "second")
    with pytest.raises(HeldElsewhere):
        store(visit, "first")


def test_a_run_is_taken_over_and_tells_of_it(visit):
    store(visit, "first-browser")
    leases.take_over(run=visit.run, holder="second-browser", at=now())
    store(visit, "second-browser")
    with pytest.raises(HeldElsewhere):
        store(visit, "first-browser")
    event = Event.objects.get()
    assert (event.kind, event.data) == ("taken over", {"from": "first-br", "to": "second-b"})


def test_a_run_that_is_over_takes_nothing_more_and_keeps_its_first_outcome(visit):
    service.end(run=visit.run, status=Run.Status.COMPLETED)
    service.end(run=visit.run, status=Run.Status.COMPLETED)
    with pytest.raises(RunIsOver):
        service.end(run=visit.run, status=Run.Status.TIMED_OUT)
    with pytest.raises(RunIsOver):
        store(visit, "first")
    with pytest.raises(RunIsOver):
        leases.take_over(run=visit.run, holder="first", at=now())


def test_a_run_is_seen_by_those_who_see_its_project(run):
    lab = run.project.lab
    member = accounts.person("vera", lab=lab, role="viewer")
    stranger = accounts.person("sam", lab=accounts.lab("Birch"), role="admin")
    for rows in (Run.objects, Participant.objects):
        assert rows.visible_to(member).count() == 1
        assert rows.visible_to(stranger).count() == 0
        assert rows.editable_by(member).count() == 0
