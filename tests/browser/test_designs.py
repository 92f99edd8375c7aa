"""A researcher makes a design and brings one in, as they would: by keyboard and file."""

from tests.factories.touchstone import POINTING

from factorial.models import Design


def test_a_design_is_made_looked_at_and_accepted(window, world):
    page = window(world.alice)
    page.goto("/designs/new/")
    page.get_by_label("Project", exact=True).select_option(label="Memory and sleep, Alder")
    page.get_by_label("Id", exact=True).fill("tapping")
    page.get_by_label("Participants", exact=True).fill("4")
    page.get_by_label("Factor", exact=True).first.fill("FINGER")
    page.get_by_label("Values, with commas between").first.fill("thumb, index")
    page.get_by_role("button", name="Show the design").click()
    page.get_by_role("heading", name="What it would be").wait_for()
    assert not Design.objects.filter(code="tapping").exists()
    page.get_by_text("As a table").first.click()
    page.get_by_role("button", name="Accept the design").click()
    page.get_by_role("heading", name="tapping", level=1).wait_for()
    assert Design.objects.get(code="tapping").planned_runs.count() == 4


def test_a_file_is_looked_at_and_accepted(window, world, tmp_path):
    file = tmp_path / "pointing.xml"
    file.write_text(POINTING)
    page = window(world.alice)
    page.goto("/designs/import/")
    page.get_by_label("Project", exact=True).select_option(label="Memory and sleep, Alder")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Show what it plans").click()
    page.get_by_role("button", name="Accept the design").click()
    page.get_by_role("heading", name="Pointing", level=1).wait_for()
    assert Design.objects.get(code="pointing").planned_runs.count() == 1
