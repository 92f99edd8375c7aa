"""Searches for designs: begun, spread over islands, ended, cancelled, repeated."""

import pytest
from tests.factories import accounts as make
from tests.factories import searches as some

from accounts.models import AuditEntry
from common.errors import NotThere
from jobs.errors import Cancelled
from jobs.models import Job, Status
from jobs.progress import Wish
from planning import tasks
from planning.errors import NotAPlan, NotSure, QuotaUsed, SearchOver
from planning.models import Island, Search, TaskDesign
from planning.services import endings, islands, searches, tending

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(alder):
    return some.plan(make.project(alder))


def _found(search):
    return [(each.order, each.waits) for each in search.designs.order_by("position")]


def test_a_search_is_begun_with_a_job_for_each_island_and_written_down(plan, alice):
    search = some.search(plan, alice, islands=3)
    told = [
        (each.number, each.job.name, each.job.arguments["island"]) for each in search.islands.all()
    ]
    assert told == [(number, "planning.search", number) for number in range(3)]
    assert search.job == search.islands.get(number=0).job
    entry = AuditEntry.objects.get(action="search.begun")
    assert (entry.user, entry.project) == (alice, plan.project)


def test_no_island_is_begun_that_has_nothing_to_do(plan, alice):
    search = some.search(plan, alice, restarts=2, islands=8)
    assert search.islands.count() == 2


@pytest.mark.parametrize("method", Search.Method.values)
def test_every_method_finds_designs_that_are_the_same_with_the_same_seed(plan, alice, method):
    restarts = 1 if method == "front" else 2
    one = some.done(plan, alice, method=method, restarts=restarts, moves=60)
    other = some.done(plan, alice, method=method, restarts=restarts, moves=60)
    assert one.outcome == Search.Outcome.SUCCEEDED
    assert _found(one) == _found(other)
    assert len(_found(one)) >= (2 if method in {"front", "set"} else 1)


def test_another_seed_finds_other_designs(plan, alice):
    assert _found(some.done(plan, alice)) != _found(some.done(plan, alice, seed=4))


@pytest.mark.parametrize("method", ["annealing", "set", "front"])
def test_it_does_not_matter_over_how_many_islands_a_search_is_spread(plan, alice, method):
    alone = some.done(plan, alice, method=method, moves=50, restarts=2)
    spread = some.done(plan, alice, method=method, moves=50, restarts=2, islands=2)
    assert spread.islands.count() == 2
    assert _found(alone) == _found(spread)


def test_the_last_island_merges_whatever_their_order(plan, alice):
    search = some.search(plan, alice, islands=2)
    some.work(search, 1)
    search.refresh_from_db()
    assert (search.finished_at, search.designs.count()) == (None, 0)
    some.work(search, 0)
    search.refresh_from_db()
    assert search.outcome == Search.Outcome.SUCCEEDED
    assert [each.position for each in search.designs.order_by("position")] == [0, 1, 2, 3]
    worths = [each.worth for each in search.designs.order_by("position")]
    assert worths == sorted(worths, reverse=True)


def test_a_search_that_is_done_again_by_a_retried_job_makes_nothing_twice(plan, alice):
    search = some.done(plan, alice)
    before = list(search.designs.values_list("pk", flat=True))
    assert some.work(search) == [{"ended": "before it began"}]
    assert not endings.settle(search.pk)
    assert list(search.designs.values_list("pk", flat=True)) == before


def test_an_attempt_goes_on_after_the_last_piece_that_was_stored(plan, alice):
    whole = some.done(plan, alice)
    search = some.search(plan, alice)
    Island.objects.filter(search=search).update(**_half(search))
    some.work(search)
    assert _found(search) == _found(whole)


def _half(search):
    """Return what an island stores after two of its four pieces."""
    row = Island.objects.select_related("search").get(search=search)
    made = islands._Work(row, some.progress(row.job))
    made._prepare()
    for number in (0, 1):
        made._do(number)
    return {"pieces_done": 2, "best": [each.plain() for each in made.pool], "worth": made.best,
            "scales": row.scales}  # fmt: skip


def test_patience_ends_a_search_without_a_gain(plan, alice):
    search = some.done(plan, alice, method="random", moves=1, restarts=50, patience=3)
    row = search.islands.get()
    assert search.was_ended_early
    assert row.pieces_done < 50
    assert search.outcome == Search.Outcome.SUCCEEDED


def test_ending_now_keeps_the_best_so_far(plan, alice, monkeypatch):
    monkeypatch.setattr(islands, "ASK_S", 0.0)
    search = some.search(plan, alice, restarts=100)
    searches.end_now(search=search, by=alice)
    some.work(search)
    search.refresh_from_db()
    assert (search.outcome, search.was_ended_early) == (Search.Outcome.SUCCEEDED, True)


def test_a_cancelled_job_cancels_the_whole_search_and_keeps_what_was_found(plan, alice):
    search = some.search(plan, alice, islands=2)
    with pytest.raises(Cancelled):
        some.work(search, 0, wish=Wish.CANCEL)
    assert (
        some.work(search, 1) == [{"ended": "cancelled"}] or Search.objects.get(pk=search.pk).outcome
    )
    search.refresh_from_db()
    assert search.outcome == Search.Outcome.CANCELLED


def test_cancelling_a_search_that_waits_ends_it_at_once(plan, alice):
    search = some.search(plan, alice, islands=3)
    searches.cancel(search=search, by=alice)
    search.refresh_from_db()
    assert search.outcome == Search.Outcome.CANCELLED
    assert {each.job.status for each in search.islands.all()} == {Status.CANCELLED}
    with pytest.raises(SearchOver):
        searches.cancel(search=search, by=alice)
    with pytest.raises(SearchOver):
        searches.end_now(search=search, by=alice)


def test_partial_results_of_a_job_that_failed_are_kept(plan, alice):
    search = some.search(plan, alice)
    Island.objects.filter(search=search).update(**_half(search))
    Job.objects.filter(pk=search.job_id).update(
        status=Status.FAILED, error="It was killed.", finished_at="2026-01-01T00:00Z"
    )
    assert tending.ask_to_settle() == 1
    assert tending.ask_to_settle() == 1
    job = Job.objects.get(name="planning.settle")
    assert tasks.settle(some.progress(job), **job.arguments) == {"settled": True}
    assert tending.ask_to_settle() == 0
    search.refresh_from_db()
    assert (search.outcome, search.refusal) == (Search.Outcome.FAILED, "It was killed.")
    assert search.designs.count() == 2


def test_searches_at_work_are_not_settled(plan, alice):
    some.search(plan, alice)
    assert tending.ask_to_settle() == 0


def test_what_cannot_be_planned_is_refused_before_anything_begins(plan, alice):
    plan.specification = some.IMPOSSIBLE
    with pytest.raises(NotAPlan):
        some.search(plan, alice)
    assert not Search.objects.exists()
    assert not Job.objects.exists()


def test_a_plan_that_cannot_be_planned_any_more_fails_in_its_own_words(plan, alice):
    search = some.search(plan, alice)
    Search.objects.filter(pk=search.pk).update(specification=some.IMPOSSIBLE)
    with pytest.raises(NotAPlan):
        some.work(search)
    search.refresh_from_db()
    assert search.outcome == Search.Outcome.FAILED
    assert search.refusal


def test_nobody_else_begins_ends_or_cancels_a_search(plan, alice, bob):
    search = some.search(plan, alice)
    for call in (
        lambda: some.search(plan, bob),
        lambda: searches.end_now(search=search, by=bob),
        lambda: searches.cancel(search=search, by=bob),
    ):
        with pytest.raises(NotThere):
            call()


def test_a_search_that_succeeded_is_repeated_only_when_that_is_sure(plan, alice):
    search = some.done(plan, alice)
    plan.specification = "changed since"
    plan.save()
    with pytest.raises(NotSure):
        searches.repeat(search=search, by=alice, is_sure=False)
    again = searches.repeat(search=search, by=alice, is_sure=True)
    some.work(again)
    assert again.repeats == search
    assert _found(again) == _found(search)


def test_a_person_has_only_so_many_searches_at_once(plan, alice, settings):
    settings.PLANNING_SEARCHES_AT_ONCE = 2
    some.search(plan, alice)
    first = some.search(plan, alice)
    with pytest.raises(QuotaUsed, match="at most 2") as refused:
        some.search(plan, alice)
    assert refused.value.retry_after
    searches.cancel(search=first, by=alice)
    some.search(plan, alice)


def test_a_lab_has_only_so_many_searches_at_once(plan, alice, carol, settings):
    settings.PLANNING_LAB_SEARCHES_AT_ONCE = 1
    some.search(plan, alice)
    with pytest.raises(QuotaUsed, match="Your lab"):
        some.search(plan, carol)


def test_a_person_begins_only_so_many_searches_a_day(plan, alice, settings):
    settings.PLANNING_SEARCHES_A_DAY = 1
    search = some.search(plan, alice)
    searches.cancel(search=search, by=alice)
    with pytest.raises(QuotaUsed, match="24 hours"):
        some.search(plan, alice)


def test_the_best_so_far_is_stored_seldom_while_it_is_searched(plan, alice):
    search = some.done(plan, alice, restarts=30, moves=20)
    assert search.islands.get().writes <= 2


def test_designs_are_numbered_once_in_a_search(plan, alice):
    search = some.done(plan, alice)
    assert TaskDesign.objects.filter(search=search).count() == 4
