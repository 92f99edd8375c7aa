"""Files and recordings in a real browser, over a connection that breaks."""

from itertools import count
from pathlib import Path

import pytest
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.test_looks import looked_at
from tests.factories import accounts, experiments

from accounts.roles import Role
from runs.models import Answer, Upload

ITEMS = {
    "paper": {"text": "Your scores", "kind": "file", "accepts": ["text"]},
    "voice": {"text": "Sing it", "kind": "recording", "longest_s": 60},
}
SONG = "la " * 700_000  # five parts


@pytest.fixture
def address(transactional_db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    words = experiments.WORDS | {
        "items": ITEMS,
        "pages": {"only": {"title": "Only", "items": list(ITEMS)}},
        "flow": [{"name": "only", "page": "only"}, {"name": "end", "kind": "end"}],
    }
    revision = experiments.published(accounts.project(lab), ann, words)
    return f"/take/{experiments.token(revision, ann)}/"


@pytest.fixture
def singer(browser, live_server, address):
    """A window with a microphone that hears a tone."""
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    own = browser.browser_type.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *fake])
    context = own.new_context(base_url=live_server.url, permissions=["microphone"])
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    yield page
    own.close()


def breaking(page, every):
    """Lose each so many-th request before it is answered, and each next one's reply after it."""
    numbers = count(1)

    def handle(route):
        number = next(numbers)
        if number % every == 0:
            route.abort("connectionreset")
        elif number % every == 1:
            route.fetch()  # it arrives, and the reply is lost
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/uploads/**", handle)


def test_a_file_and_a_recording_arrive_whole_over_a_connection_that_breaks(singer):
    breaking(singer, every=3)
    scores = {"name": "scores.txt", "mimeType": "text/plain", "buffer": SONG.encode()}
    singer.get_by_label("Your scores").set_input_files(scores)
    singer.get_by_role("button", name="Record").click()
    singer.get_by_role("button", name="Stop").wait_for()
    singer.get_by_role("button", name="Continue").click()
    assert singer.get_by_text("Not saved yet, please wait.").is_visible()
    singer.wait_for_timeout(1500)  # something to hear
    singer.get_by_role("button", name="Stop").click()
    singer.get_by_text("Saved: scores.txt").wait_for(timeout=30_000)
    singer.get_by_text("Saved: recording-").wait_for(timeout=30_000)
    assert singer.locator("audio").is_visible()
    singer.get_by_role("button", name="Continue").click()
    singer.get_by_role("heading", name="Thank you").wait_for()
    assert Answer.objects.count() == 2
    found = {upload.item: upload for upload in Upload.objects.all()}
    assert Path(found["paper"].file.path).read_text() == SONG
    assert found["voice"].content_type == "audio/webm"
    assert Path(found["voice"].file.path).stat().st_size == found["voice"].size > 1000


def test_a_file_that_is_refused_is_said_so_and_another_is_chosen(
    window, address, pictures, complaints
):
    page = window()
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    assert looked_at(page, "participant-uploads", pictures) == []
    wrong = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"\0\1\2"}
    page.get_by_label("Your scores").set_input_files(wrong)
    page.get_by_text("not what is asked for: a text").wait_for()
    assert [one[:4] for one in complaints] == ["422:"]
    complaints.clear()
    right = {"name": "b.txt", "mimeType": "text/plain", "buffer": b"la"}
    page.get_by_label("Your scores").set_input_files(right)
    page.get_by_text("Saved: b.txt").wait_for()
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Please answer this.").wait_for()
    assert page.get_by_text("Saved: b.txt").is_visible()
