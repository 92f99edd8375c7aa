"""A researcher plans an event-related task, optimises it live, and downloads it as BIDS."""

import csv
import re
import time

from planning.models import Plan, TaskDesign

SLOW_MS = 20_000


def plan_a_task(page):
    page.goto("/planning/")
    page.get_by_role("link", name="Plan a task").click()
    page.get_by_label("Project", exact=True).select_option(label="Memory and sleep, Alder")
    page.get_by_label("Name", exact=True).fill("Faces in a scanner")
    page.locator('input[name="trials"]').fill("40")
    page.get_by_text("40 trials in").wait_for(timeout=SLOW_MS)
    page.get_by_label("Time of a scan (TR), s").fill("2.05")
    page.locator("#facts").get_by_text("no whole number of ticks").wait_for(timeout=SLOW_MS)
    page.get_by_label("Time of a scan (TR), s").fill("2")
    page.get_by_text("40 trials in").wait_for(timeout=SLOW_MS)
    page.get_by_role("button", name="Make the plan").click()
    page.get_by_role("button", name="Keep this design").wait_for(timeout=SLOW_MS)


def test_a_task_is_optimised_live_and_downloaded_as_bids(window, world, tmp_path):
    page = window(world.alice)
    plan_a_task(page)
    page.locator('input[name="trials"]').fill("60")
    page.locator("#answer").get_by_text("60 trials in").wait_for(timeout=SLOW_MS)
    assert "trials=60" in page.url
    page.get_by_role("button", name="Keep this design").click()
    page.get_by_role("link", name="task-FacesInAScanner_events.tsv").wait_for(timeout=SLOW_MS)
    with page.expect_download() as waited:
        page.get_by_role("link", name="task-FacesInAScanner_events.tsv").click()
    waited.value.save_as(tmp_path / "events.tsv")
    with (tmp_path / "events.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    made = TaskDesign.objects.get(plan__name="Faces in a scanner")
    names = [("faces", "houses")[each] for each in made.order]
    assert [row["trial_type"] for row in rows] == names
    assert all(re.fullmatch(r"\d+(\.\d{1,3})?", row["onset"]) for row in rows)


def test_an_answer_that_comes_late_does_not_overwrite_a_newer_one(window, world):
    page = window(world.alice)
    address = f"/planning/designs/{world.facts['plan']}/lab/"

    def late(route):
        if "trials=30" in route.request.url:
            time.sleep(1.5)
        route.continue_()

    page.goto(address)
    page.route("**/lab/?*", late)
    trials = page.locator('input[name="trials"]')
    trials.fill("30")
    page.wait_for_timeout(500)  # longer than it waits for typing to end: the first one is asked
    trials.fill("50")
    page.locator("#answer").get_by_text("50 trials in").wait_for(timeout=SLOW_MS)
    page.wait_for_timeout(2000)  # the late one would be there by now
    assert page.locator("#answer").get_by_text("50 trials in").count() == 1


def test_a_slider_moves_its_number_and_the_answer(window, world):
    page = window(world.alice)
    page.goto(f"/planning/designs/{world.facts['plan']}/lab/")
    slider = page.locator('.slider:has(input[name="trials"]) input[type="range"]')
    slider.evaluate(
        "(one) => { one.value = 44; one.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    assert page.locator('input[name="trials"]').input_value() == "44"
    page.locator("#answer").get_by_text("44 trials in").wait_for(timeout=SLOW_MS)


def test_a_plan_that_somebody_changed_meanwhile_is_not_overwritten(window, world):
    page = window(world.alice)
    page.goto(f"/planning/designs/{world.facts['plan']}/change/")
    Plan.objects.filter(pk=world.facts["plan"]).update(revision=5)
    page.locator('input[name="trials"]').fill("30")
    page.get_by_role("button", name="Store the change").click()
    page.get_by_text("Somebody else has changed this plan").wait_for(timeout=SLOW_MS)
    assert page.locator('input[name="trials"]').input_value() == "30"
