"""From a simulated map to a sample size, and an honest refusal, as a person sees them."""

import re

import pytest
from tests.browser.test_looks import looked_at
from tests.factories import maps

from planning.models import PowerAnalysis

STEPS = ("", "peaks/", "viewer/", "fit/", "settings/", "again/")


@pytest.fixture
def page(window, world):
    return window(world.alice)


def begin(page, name):
    """Try a simulated map; return its analysis once its page waits for the job."""
    page.goto("/planning/power/upload/")
    page.locator("#simulated_simulated").select_option(name)
    page.locator("#simulated_project").select_option(label="Memory and sleep, Alder")
    page.get_by_role("button", name="Try it with a simulated map").click()
    page.get_by_text("The map is being analysed").wait_for()
    return PowerAnalysis.objects.get(pilot__source_address=name)


def test_a_simulated_map_gives_a_sample_size_with_an_interval(page):
    analysis = begin(page, "activation")
    maps.done(analysis)  # what a worker does; the page notices by itself
    page.locator("#participants").wait_for()
    assert re.fullmatch(r"\d+ \(\d+ to \d+\)", page.locator("#participants").inner_text())
    page.get_by_label("Wanted power").fill("0.9")
    page.get_by_role("button", name="Answer").click()
    page.get_by_role("heading", name="For a power of 90 %").wait_for()
    page.get_by_role("link", name="Viewer").click()
    told = page.get_by_role("status").filter(has_text="Peak 1 of")
    told.wait_for()
    page.get_by_role("button", name="Next peak").press("Enter")
    page.get_by_text(re.compile("Peak 2 of")).wait_for()
    page.get_by_role("slider", name="From above").press("ArrowRight")
    page.get_by_text(re.compile(r"mm, (Z about|outside)")).wait_for()
    page.locator("canvas[data-plane=z]").click()
    assert page.evaluate("[...document.querySelectorAll('canvas')].every((one) => one.width > 100)")


def test_a_map_of_noise_is_refused_honestly(page):
    maps.done(begin(page, "null"))
    page.get_by_text("No sample size can be told from this map").wait_for()
    page.get_by_role("heading", name="What you can do").wait_for()
    assert not page.locator("#participants").count()


def test_a_file_is_uploaded(page, tmp_path):
    file = tmp_path / "faces.nii.gz"
    file.write_bytes(maps.file())
    page.goto("/planning/power/upload/")
    page.get_by_label("Map", exact=True).set_input_files(file)
    page.locator("#id_project").select_option(label="Memory and sleep, Alder")
    page.get_by_label("Participants of the pilot").fill("20")
    page.get_by_label("Screening threshold").fill("2.3")
    page.get_by_label("Resamples").fill("5")
    page.get_by_role("button", name="Analyse the map").click()
    page.get_by_text("The map is being analysed").wait_for()
    maps.done(PowerAnalysis.objects.get(pilot__name="faces"))
    page.locator("#participants").wait_for()


@pytest.mark.parametrize("name", STEPS)
def test_each_step_is_for_everybody(name, window, world, alice, pictures):
    project = alice.memberships.get().lab.projects.first()
    analysis = maps.answered(maps.pilot(project, alice), alice)
    page = window(world.alice)
    page.goto(f"/planning/power/{analysis.pk}/{name}")
    page.wait_for_load_state("networkidle")
    wrong = looked_at(page, f"power-{name.strip('/') or 'answer'}", pictures)
    assert not wrong, "\n".join(wrong)


def test_the_first_page_is_for_everybody(page, pictures):
    page.goto("/planning/power/upload/")
    wrong = looked_at(page, "power-upload", pictures)
    assert not wrong, "\n".join(wrong)
