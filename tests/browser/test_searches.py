"""A search in a real browser: begun, watched, cancelled; a front explored; a result shared."""

import pytest
from tests.browser.test_looks import looked_at
from tests.factories import searches as some

from jobs import processes, services
from jobs.models import Job
from planning.models import Search

FRONT = {"method": "front", "restarts": 1, "moves": 60}


@pytest.fixture
def plan(world):
    return some.plan(world.project)


@pytest.fixture
def worker():
    """Do as a worker does with the search that waits: take it, begin, and say how far it is."""

    def at_work(search):
        process = processes.me()
        Job.objects.exclude(name="planning.search").delete()
        job = services.claim(worker="here", process=process)
        services.begin(job_id=job.pk, token=job.token, process=process)
        names = {"job_id": job.pk, "token": job.token}
        services.beat(**names, phase="Annealing", message="part 3 of 10", done=2.5, total=10.0)
        search.islands.update(worth=0.8312)
        return lambda: services.withdraw(**names)

    return at_work


def test_a_search_is_begun_watched_and_cancelled(window, world, plan, worker):
    page = window(world.alice)
    page.goto(f"/planning/designs/{plan.pk}/searches/")
    page.get_by_role("link", name="New search").click()
    page.get_by_text("On this machine it takes about").wait_for()
    page.get_by_label("Seed").fill("11")
    page.get_by_role("button", name="Begin the search").click()
    page.get_by_role("heading", name="Annealing, seed 11", level=1).wait_for()
    page.get_by_text("Waiting for a free worker").wait_for()
    ends = worker(Search.objects.get(plan=plan))
    page.get_by_text("Annealing, part 3 of 10").wait_for()
    assert (
        page.get_by_role("progressbar", name="How much of the search is done").get_attribute(
            "value"
        )
        == "25"
    )
    page.get_by_text("0.8312").first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Is being ended").wait_for()
    ends()
    page.get_by_text("It was cancelled.").wait_for()
    page.get_by_role("button", name="Repeat with seed 11").wait_for()


def test_a_search_is_for_everybody_while_it_runs(window, world, plan, worker, pictures):
    search = some.search(plan, world.alice, islands=2)
    worker(search)
    page = window(world.alice)
    page.goto(f"/planning/searches/{search.pk}/")
    wrong = looked_at(page, "search-running", pictures)
    assert not wrong, "\n".join(wrong)


def test_a_search_that_has_ended_is_for_everybody(window, world, plan, pictures):
    search = some.done(plan, world.alice, restarts=8)
    page = window(world.alice)
    page.goto(f"/planning/searches/{search.pk}/")
    wrong = looked_at(page, "search-ended", pictures)
    page.get_by_role("button", name="Compare two designs").click()
    page.get_by_text("They differ in").wait_for()
    wrong += looked_at(page, "search-compared", pictures)
    assert not wrong, "\n".join(wrong)


def test_a_front_is_explored_by_keyboard(window, world, plan, pictures):
    search = some.done(plan, world.alice, **FRONT)
    page = window(world.alice)
    page.goto(f"/planning/searches/{search.pk}/")
    page.locator("svg a").nth(1).focus()
    page.keyboard.press("Enter")
    page.locator("#chosen").get_by_role("button").wait_for()
    wrong = looked_at(page, "search-front", pictures)
    assert not wrong, "\n".join(wrong)
    page.locator("#chosen").get_by_role("button").click()
    page.get_by_text("is kept.").wait_for()
    assert search.designs.filter(is_kept=True).count() == 1


def test_a_plan_is_shared_with_a_stranger_until_it_is_taken_back(window, world, plan, pictures):
    some.done(plan, world.alice).designs.update(is_kept=True)
    page = window(world.alice)
    page.goto(f"/planning/designs/{plan.pk}/")
    page.get_by_role("link", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    address = page.locator("#link").inner_text()
    stranger = window(None)
    stranger.goto(address[address.index("/planning/") :])
    stranger.get_by_role("heading", name="Faces", level=1).wait_for()
    assert stranger.context.cookies() == []
    wrong = looked_at(stranger, "shared-plan", pictures)
    assert not wrong, "\n".join(wrong)
    page.get_by_role("button", name="Take back").click()
    page.get_by_text("The link leads nowhere from now on.").wait_for()
    stranger.reload()
    stranger.get_by_text("This link leads nowhere any more").wait_for()
