"""Islands of a search on machines that know nothing of the site: the same designs are found."""

import json

import pytest
from tests.factories import accounts as make
from tests.factories import searches as some

from jobs import registry
from jobs.models import Job, Status
from planning import tasks
from planning.errors import NotAPlan
from planning.models import Search
from planning.services import elsewhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(alder):
    return some.plan(make.project(alder))


@pytest.fixture
def done_elsewhere(django_db_blocker):
    """Do a search's islands as AWS Batch would: packed, without a database, taken in."""

    def done(search):
        for row in search.islands.select_related("job"):
            told, by = row.job.arguments, registry.get(row.job.name).elsewhere
            packed = json.loads(json.dumps(by.pack(**told)))
            with django_db_blocker.block():
                result = registry.get(by.task).function(some.progress(row.job), **packed)
            Job.objects.filter(pk=row.job_id).update(status=Status.RUNNING, token=row.job_id)
            by.unpack(json.loads(json.dumps(result)), **told)
        search.refresh_from_db()
        return search

    return done


def _found(search):
    return [(each.order, each.waits) for each in search.designs.order_by("position")]


@pytest.mark.parametrize("method", ["annealing", "genetic", "set"])
def test_the_same_designs_are_found_there_as_here(plan, alice, done_elsewhere, method):
    told = {"method": method, "restarts": 2, "moves": 60, "islands": 2}
    here = some.done(plan, alice, **told)
    there = done_elsewhere(some.search(plan, alice, **told))
    assert there.outcome == Search.Outcome.SUCCEEDED
    assert _found(there) == _found(here)
    assert len(_found(there)) > 0
    assert there.began_at
    assert there.history


def test_a_search_ends_once_though_its_result_is_taken_in_twice(plan, alice, done_elsewhere):
    search = done_elsewhere(some.search(plan, alice))
    before = _found(search)
    told = search.islands.get().job.arguments
    again = {"kept": [], "done": 9, "history": [], "early": False}
    assert elsewhere.unpack(again, **told) == {"ended": "before it began"}
    assert elsewhere.pack(**told)["numbers"] == []
    assert _found(search) == before


def test_patience_ends_it_there_too(plan, alice, done_elsewhere):
    told = {"method": "random", "moves": 1, "restarts": 50, "patience": 3}
    search = done_elsewhere(some.search(plan, alice, **told))
    assert search.was_ended_early
    assert search.outcome == Search.Outcome.SUCCEEDED


def test_a_plan_that_cannot_be_searched_is_refused_in_words(plan, alice):
    packed = elsewhere.pack(**some.search(plan, alice).islands.get().job.arguments)
    job = Job.objects.first()
    with pytest.raises(NotAPlan):
        tasks.island(some.progress(job), **packed | {"specification": some.IMPOSSIBLE})
