"""Searches in real workers: killed and begun again, ended, cancelled, and shared among jobs."""

import os
import signal

import pytest
from tests.factories import accounts as make
from tests.factories import searches as some
from tests.integration.jobs.conftest import databases, site  # noqa: F401  fixtures

from accounts.models import Lab
from jobs.models import Job, Status
from planning.models import Island, Search
from planning.services import searches

# Pieces of some hundredths of a second, and many times as long as a search waits to store them.
LONG = {"method": "random", "moves": 600, "restarts": 400}


@pytest.fixture(autouse=True)
def _files_of_this_test(settings, tmp_path):
    settings.JOB_FILES = tmp_path / "jobs"


@pytest.fixture
def begun(site):  # noqa: F811
    """Return a way to begin searches, and whoever may."""
    person = make.person("alice", lab=make.lab("Alder"), role="experimenter")
    plan = some.plan(make.project(Lab.objects.get()))
    return lambda **told: some.search(plan, person, **told), person


def _ended(site, search, seconds=240):  # noqa: F811
    site.until(lambda: Search.objects.get(pk=search.pk).finished_at, seconds)
    return Search.objects.get(pk=search.pk)


def _found(search):
    return [(each.order, each.waits) for each in search.designs.order_by("position")]


def _stored(search):
    return Island.objects.filter(search=search, pieces_done__gt=0).exists()


def test_a_search_that_is_killed_goes_on_and_finds_the_same(site, begun):  # noqa: F811
    begin, _person = begun
    killed = begin(**LONG)
    site.worker(slots=2)
    site.until(lambda: _stored(killed), 60)
    whole = begin(**LONG)
    os.kill(Job.objects.get(pk=killed.job_id).pid, signal.SIGKILL)
    killed, whole = _ended(site, killed), _ended(site, whole)
    assert killed.outcome == whole.outcome == Search.Outcome.SUCCEEDED
    assert Job.objects.get(pk=killed.job_id).attempts == 2
    assert _found(killed) == _found(whole)
    assert Island.objects.get(search=killed).pieces_done == LONG["restarts"]


def test_a_search_that_is_cancelled_ends_all_of_its_jobs_and_keeps_its_best(site, begun):  # noqa: F811
    begin, person = begun
    search = begin(**LONG, islands=2)
    site.worker(slots=2)
    site.until(lambda: _stored(search), 60)
    searches.cancel(search=search, by=person)
    ended = _ended(site, search)
    assert ended.outcome == Search.Outcome.CANCELLED
    assert ended.designs.exists()
    for island in ended.islands.select_related("job"):
        assert site.wait(island.job).status == Status.CANCELLED


def test_a_search_ends_within_seconds_when_it_is_asked_to(site, begun):  # noqa: F811
    begin, person = begun
    search = begin(**LONG, islands=2)
    site.worker(slots=2)
    site.until(lambda: _stored(search), 60)
    searches.end_now(search=search, by=person)
    ended = _ended(site, search, seconds=30)
    assert (ended.outcome, ended.was_ended_early) == (Search.Outcome.SUCCEEDED, True)
    assert len(_found(ended)) == 5


def test_islands_that_end_at_the_same_moment_are_merged_once(site, begun):  # noqa: F811
    begin, _person = begun
    search = begin(method="random", moves=20, restarts=4, islands=4)
    site.worker(slots=4)
    ended = _ended(site, search)
    assert ended.outcome == Search.Outcome.SUCCEEDED
    assert [each.position for each in ended.designs.order_by("position")] == [0, 1, 2, 3]
    assert ended.letters.count() == 0
