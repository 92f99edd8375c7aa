"""Files and recordings: in parts or whole, once, checked by what they are, for the permitted."""

import json
import os
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.timezone import now
from tests.factories import accounts, experiments
from tests.integration.experiments.taking_part import ACTION, HOLDER, Participant

from accounts.roles import Role
from experiments.errors import NotAProtocol
from ops.services import pruning
from runs.models import Answer, Upload, Variant, Visit
from runs.services import uploads, withdrawals

WAV = b"RIFF\x24\0\0\0WAVEfmt " + bytes(range(256)) * 40
LENGTH = len(WAV)
PDF = b"%PDF-1.7\n" + b"x" * 5000
ITEMS = {
    "voice": {"text": "Sing it", "kind": "recording", "most_mb": 1},
    "paper": {"text": "Your scores", "kind": "file", "accepts": ["pdf"], "need": "optional"},
    "age": {"text": "How old are you?", "kind": "number"},
}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return Path(settings.MEDIA_ROOT)


def words(**items):
    items = ITEMS | items
    return experiments.WORDS | {
        "items": items,
        "pages": {"only": {"title": "Only", "items": list(items)}},
        "flow": [{"name": "only", "page": "only"}, {"name": "more", "page": "only"},
                 {"name": "end", "kind": "end"}],
    }  # fmt: skip


class Sender(Participant):
    """A browser with JavaScript: it sends files in parts, before the page."""

    @property
    def here(self):
        return ACTION.search(self.text)[1]

    @property
    def holder(self):
        return HOLDER.search(self.text)[1]

    def begins(self, item="voice", size=LENGTH, name="a.wav", **more):
        told = {"holder": self.holder, "item": item, "name": name, "size": size} | more
        address = f"{self.here}uploads/"
        answer = self.browser.post(address, json.dumps(told), content_type="application/json",
                                   headers={"accept": "application/json"})  # fmt: skip
        return answer.status_code, answer.json()

    def adds(self, upload, at, part, **more):
        query = f"at={at}&holder={more.get('holder', self.holder)}"
        answer = self.browser.post(
            f"{self.here}uploads/{upload}/?{query}", part, headers={"accept": "application/json"},
            content_type="application/octet-stream",
        )  # fmt: skip
        return answer.status_code, answer.json()

    def sends_file(self, content=WAV, item="voice", part=4000):
        _, told = self.begins(item, len(content))
        while not told["complete"]:
            at = told["received"]
            code, told = self.adds(told["upload"], at, content[at : at + part])
            assert code == 200, told
        return told["upload"]


@pytest.fixture
def someone(project, ann):
    sender = Sender(experiments.token(experiments.published(project, ann, words()), ann))
    sender.begin()
    return sender


def told():
    rows = Answer.objects.select_related("measure").order_by("pk")
    return [(a.measure.name, a.value, a.label, a.missing) for a in rows]


def bytes_of(upload):
    return Path(upload.file.path).read_bytes()


def test_a_recording_comes_in_parts_and_is_the_answer(someone, folder):
    key = someone.sends_file()
    someone.send(item_voice=key, item_age="33")
    assert told() == [("voice", key, "a.wav", ""), ("paper", None, "", "skipped"),
                      ("age", 33, "33", "")]  # fmt: skip
    upload = Upload.objects.get()
    assert (upload.content_type, upload.received, bytes_of(upload)) == ("audio/wav", len(WAV), WAV)
    assert Answer.objects.get(measure__name="voice").measure.kind == "file"


def test_a_part_whose_reply_was_lost_is_sent_again_and_is_there_once(someone):
    _, begun = someone.begins()
    key = begun["upload"]
    someone.adds(key, 0, WAV[:5000])
    assert someone.adds(key, 0, WAV[:5000])[1]["received"] == 5000
    assert someone.begins()[1] == {"upload": key, "received": 5000, "complete": False}
    assert someone.adds(key, 9000, WAV[9000:])[1]["received"] == 5000
    someone.adds(key, 5000, WAV[5000:])
    assert someone.adds(key, 5000, WAV[5000:]) == (
        200, {"upload": key, "received": len(WAV), "complete": True})  # fmt: skip
    assert bytes_of(Upload.objects.get()) == WAV


def test_another_recording_takes_the_place_of_the_first_and_its_bytes_go(
    someone, folder, django_capture_on_commit_callbacks
):
    first = someone.sends_file()
    with django_capture_on_commit_callbacks(execute=True):
        second = someone.sends_file(WAV + b"more")
    assert first != second
    assert [str(upload.pk) for upload in Upload.objects.all()] == [second]
    assert [file.name for file in (folder / "participants").iterdir()] == [second]
    assert someone.send(item_voice=first, item_age="33").status_code == 422
    assert "did not arrive" in someone.text


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"size": 10**6 + 1}, 422, "at most 1 MB"),
        ({"size": 0}, 422, "empty"),
        ({"size": -1}, 422, "empty"),
        ({"size": "7"}, 422, "size"),
        ({"item": "age"}, 422, "does not ask"),
        ({"item": "nothing"}, 422, "does not ask"),
        ({"item": ["voice"]}, 422, "does not ask"),
        ({"holder": "é/"}, 422, "browser"),
        ({"holder": None}, 422, "browser"),
        ({"holder": "0123"}, 409, "another"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_it_is_sent(someone, change, code, says):
    someone.begins(size=5)  # now this browser holds the run
    Upload.objects.all().delete()
    status, told_ = someone.begins(**change)
    assert (status, Upload.objects.count()) == (code, 0)
    assert says.lower() in json.dumps(told_).lower()


@pytest.mark.parametrize("query", ["at=-1", "at=x", "at=", "at=99999999999999999999", "at=٣"])
def test_a_part_that_cannot_be_read_is_refused(someone, query):
    _, begun = someone.begins()
    address = f"{someone.here}uploads/{begun['upload']}/?{query}&holder={someone.holder}"
    assert someone.browser.post(address, WAV, content_type="x/y").status_code == 422


def test_more_than_was_said_and_larger_parts_are_refused(someone):
    _, begun = someone.begins()
    assert someone.adds(begun["upload"], 0, WAV + b"more")[0] == 422
    assert someone.adds(begun["upload"], 0, bytes(2 * 2**20 + 1))[0] == 422
    assert someone.adds(begun["upload"], 0, bytes(3 * 2**20))[0] in {400, 413}
    assert Upload.objects.get().received == 0


def test_a_file_is_what_is_in_it_and_another_kind_is_not_kept(
    someone, folder, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        _, begun = someone.begins("paper", len(WAV), "scores.pdf")
        code, said = someone.adds(begun["upload"], 0, WAV)
    assert (code, Upload.objects.count()) == (422, 0)
    assert "not what is asked for: a PDF" in json.dumps(said)
    assert list((folder / "participants").iterdir()) == []


def test_a_file_of_another_run_or_page_is_no_answer(someone, project, ann):
    other = Sender(someone.token)
    other.begin()
    theirs = other.sends_file()
    assert someone.send(item_voice=theirs, item_age="33").status_code == 422
    assert someone.adds(theirs, 0, WAV)[0] in {404, 422}
    mine = someone.sends_file()
    page = someone.text
    someone.send(item_voice=mine, item_age="33")
    assert someone.send(item_voice=mine, item_age="33").status_code == 422  # the next page
    assert someone.send(page=page, item_voice=mine, item_age="33").status_code == 302
    assert not Variant.objects.exists()


def test_a_page_that_was_sent_takes_no_more_files(someone):
    key, before = someone.sends_file(), someone.shown
    someone.send(item_voice=key, item_age="33")
    someone.shown = before
    code, said = someone.begins(name="b.wav")
    assert (code, Upload.objects.count()) == (422, 1)
    assert "sent already" in json.dumps(said)


def test_without_javascript_the_file_comes_with_the_page(someone):
    assert 'enctype="multipart/form-data"' in someone.text
    page = someone.text
    wrong = SimpleUploadedFile("a.wav", PDF)
    assert someone.send(item_voice=wrong, item_age="33").status_code == 422
    assert "not what is asked for: a sound" in someone.text
    assert someone.send(item_voice=SimpleUploadedFile("a.wav", WAV)).status_code == 422
    assert "Saved: a.wav" in someone.text  # the age is missing, and the recording is not lost
    [upload] = Upload.objects.all()
    someone.send(item_voice=str(upload.pk), item_age="33")
    assert told()[0] == ("voice", str(upload.pk), "a.wav", "")
    again = {"item_voice": SimpleUploadedFile("a.wav", WAV), "item_age": "33"}
    assert someone.send(page=page, **again).status_code == 302
    assert (Upload.objects.count(), Variant.objects.count()) == (1, 0)


def test_only_who_sees_the_run_opens_the_file(someone, project, ann, as_):
    key = someone.sends_file()
    address = reverse("admin:runs_upload_content", args=[key])
    answer = as_(ann).get(address)
    assert b"".join(answer.streaming_content) == WAV
    assert answer["Content-Type"] == "audio/wav"
    assert "sandbox" in answer["Content-Security-Policy"]
    bob = accounts.person("bob", lab=accounts.lab("Birch"), role=Role.ADMIN)
    assert as_(bob).get(address).status_code == 404
    assert someone.browser.get(address).status_code == 302


def test_the_name_of_a_file_leads_nowhere(someone, folder):
    _, begun = someone.begins(name="../../etc/\0pass\nwd\ud800" + "x" * 500)
    upload = Upload.objects.get(pk=begun["upload"])
    assert Path(upload.file.path).parent == folder / "participants"
    assert len(upload.name) == 255
    assert upload.name.isprintable()


@pytest.mark.parametrize("keep_answers", [False, True])
def test_who_withdraws_takes_the_files_along(
    someone, folder, keep_answers, django_capture_on_commit_callbacks
):
    someone.sends_file()
    run = Upload.objects.get().visit.run
    with django_capture_on_commit_callbacks(execute=True):
        withdrawals.withdraw(run=run, keep_answers=keep_answers)
    assert not Upload.objects.exists()
    assert list((folder / "participants").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"accepts": ["program"]}, r"items.voice.accepts: 'program' is none of: audio"),
        ({"kind": "text", "accepts": ["pdf"]}, "items.voice.accepts: 'pdf' is none of: nothing"),
        ({"most_mb": 5000}, "items.voice.most_mb: Write a whole number from 1 to 200"),
    ],
)
def test_what_an_item_cannot_take_is_said_with_its_place(project, ann, change, says):
    with pytest.raises(NotAProtocol, match=says):
        experiments.published(project, ann, words(voice=ITEMS["voice"] | change))


def test_a_page_that_brings_more_than_its_items_take_is_refused_with_the_limit(someone):
    """Its items take 1 and 20 MB, and a form 8 besides."""
    data = {"holder": someone.holder, "item-voice": SimpleUploadedFile("a.wav", WAV)}
    answer = someone.browser.post(someone.here, data, CONTENT_LENGTH="29000001")
    assert answer.status_code == 413
    assert "takes 29 MB with all its files" in answer.content.decode()
    assert not Upload.objects.exists()
    assert not Answer.objects.exists()
    large = WAV + b"x" * 900_000
    sent = someone.send(item_voice=SimpleUploadedFile("a.wav", large), item_age="33")
    assert sent.status_code == 302
    assert Upload.objects.get().size == len(large)


def test_a_page_without_files_takes_no_more_than_a_form(project, ann):
    words = experiments.WORDS | {"flow": experiments.WORDS["flow"][1:]}
    someone = Participant(experiments.token(experiments.published(project, ann, words), ann))
    someone.begin()
    address = ACTION.search(someone.text)[1]
    answer = someone.browser.post(address, {"item-age": "33"}, CONTENT_LENGTH="8000001")
    assert answer.status_code == 413
    assert "takes 8 MB" in answer.content.decode()


LONG_AGO = timedelta(days=8)


def test_a_file_that_was_never_completed_goes_with_its_bytes_after_a_week(
    someone, folder, django_capture_on_commit_callbacks
):
    _, told = someone.begins()
    someone.adds(told["upload"], 0, WAV[:1000])
    done = someone.sends_file(PDF, "paper")
    with_bytes = folder / "participants"
    assert uploads.prune() == 0
    Upload.objects.update(created_at=now() - LONG_AGO)
    with django_capture_on_commit_callbacks(execute=True):
        assert uploads.prune() == 1
    assert [str(each.pk) for each in Upload.objects.all()] == [done]
    assert [each.name for each in with_bytes.iterdir()] == [done]


def test_a_participant_whose_file_was_let_go_begins_it_anew(someone):
    _, told = someone.begins()
    someone.adds(told["upload"], 0, WAV[:1000])
    Upload.objects.update(created_at=now() - LONG_AGO)
    uploads.prune()
    assert someone.adds(told["upload"], 1000, WAV[1000:2000])[0] == 404
    key = someone.sends_file()
    someone.send(item_voice=key, item_age="33")
    assert Answer.objects.get(measure__name="voice").value == key


def test_bytes_without_a_row_are_swept_and_young_ones_stay(someone, folder):
    kept = someone.sends_file()
    lost, young = uuid.uuid4(), uuid.uuid4()
    for each in (lost, young, "left.part"):
        (folder / "participants" / str(each)).write_bytes(b"x")
    for each in (kept, str(lost), "left.part"):
        at = time.time() - LONG_AGO.total_seconds()
        os.utime(folder / "participants" / each, (at, at))
    assert uploads.prune() == 2
    names = {each.name for each in (folder / "participants").iterdir()}
    assert names == {kept, str(young)}


def test_so_many_files_are_let_go_at_once_and_the_next_time_goes_on(someone, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_PRUNED", 2)
    visit = Visit.objects.get(position=1)
    Upload.objects.bulk_create(
        Upload(visit=visit, item=f"i{n}", name="a", size=1, file=f"participants/none-{n}",
               created_at=now() - LONG_AGO) for n in range(3)
    )  # fmt: skip
    assert [uploads.prune(), uploads.prune(), uploads.prune()] == [2, 1, 0]


def test_what_is_pruned_daily_has_unfinished_files_among_it(someone):
    someone.begins()
    Upload.objects.update(created_at=now() - LONG_AGO)
    assert pruning.prune()["unfinished files"] == 1
