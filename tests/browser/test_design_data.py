"""Backing a design up and deleting what was recorded of it, as a manager does it: by typing."""

import zipfile

import pytest
from tests.browser.test_looks import looked_at
from tests.factories import accounts
from tests.factories import designs as make

from accounts.roles import Role
from factorial.services import designs, posting
from runs.models import Run


@pytest.fixture
def mia(transactional_db):
    return accounts.person("mia", lab=accounts.lab("Alder"), role=Role.MANAGER)


@pytest.fixture
def design(mia):
    made = make.design(accounts.project(mia.memberships.get().lab), mia, runs=3)
    for code, is_pilot in (("S0", False), ("S1", True)):
        designs.change(design=made, by=mia, is_pilot=is_pilot)
        held, planned = make.held(made, code)
        events = [{"pointer": {"x": at}} for at in range(40)]
        trial = make.trial(0, 0, events=events, duration=371)
        posting.receive(planned=planned, token=held.token, trials=[trial])
    return made


def test_the_page_is_for_everybody(window, mia, design, pictures):
    page = window(mia)
    page.goto(f"/designs/{design.pk}/data/")
    page.get_by_role("heading", name="Delete all that was recorded").wait_for()
    wrong = looked_at(page, "design-data", pictures)
    assert not wrong, "\n".join(wrong)


def test_a_manager_backs_up_then_deletes_pilots_then_all(window, mia, design, tmp_path):
    page = window(mia)
    page.goto(f"/designs/{design.pk}/")
    page.get_by_role("link", name="Backup and deleting").click()
    page.get_by_text("It was never backed up").first.wait_for()
    page.get_by_role("link", name="Back it up first.").first.click()
    button = page.get_by_role("button", name="Download the backup")
    assert button.is_disabled()
    page.locator("#back-up-typed").press_sequentially(design.code)
    with page.expect_download() as downloading:
        button.press("Enter")
    downloading.value.save_as(tmp_path / "backup.zip")
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        assert len(archive.read("runs.jsonl").splitlines()) == 2
    page.reload()
    page.get_by_text("nothing came since").first.wait_for()
    page.locator("#purge-typed").press_sequentially(design.code)
    page.get_by_role("button", name="Delete 1 pilot run").press("Enter")
    page.get_by_text("1 pilot run of Pointing deleted.").wait_for()
    page.locator("#clear-typed").press_sequentially(design.code)
    page.locator("#clear-reason").fill("The camera was off.")
    page.get_by_role("button", name="Delete 1 run").press("Enter")
    page.get_by_text("1 run of Pointing deleted.").wait_for()
    assert not Run.objects.exists()
