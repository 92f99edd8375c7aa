"""Notes and their pictures on the surface for ONE."""

import json
from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from tests.factories import accounts
from tests.factories import lab as make
from tests.factories import notes as noted

from accounts.models import AuditEntry
from lab import models, recording
from lab.services import trash


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def session(animal, alice):
    return make.session(animal, alice)


def sent(program, content, **fields):
    image = SimpleUploadedFile("shot.png", content, "image/png")
    return program.client.post("/alyx/notes", {**fields, "image": image})


def facts(session, **more):
    return {"content_type": "session", "object_id": str(session.pk), "text": "Calm."} | more


@pytest.mark.parametrize("word", ["session", "actions.session", "Session"])
def test_a_note_about_a_session_is_answered_with_the_whole_word(session, alice, program, word):
    answer = program(alice).post("notes", **facts(session, content_type=word))
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert shown["content_type"] == "actions.session"
    assert (shown["user"], shown["text"], shown["image"]) == ("alice", "Calm.", None)


def test_a_note_says_when_it_was_by_the_clock_of_the_lab(session, alice, program, alder):
    alder.time_zone = "Asia/Tokyo"
    alder.save()
    given = facts(session, date_time="2026-03-02T10:00:00")
    assert program(alice).post("notes", **given).json()["date_time"] == "2026-03-02T10:00:00"
    assert models.Note.objects.get().at == datetime(2026, 3, 2, 1, tzinfo=UTC)


def test_a_picture_is_made_as_wide_as_a_page_and_shown_with_the_session(
    session, alice, program, media
):
    answer = sent(program(alice), noted.picture(1600, 400), **facts(session))
    assert answer.status_code == 201, answer.content
    address = answer.json()["image"]
    assert address.startswith("http://testserver/alyx/uploaded/notes/")
    shown = program(alice).get(f"sessions/{session.pk}").json()["notes"]
    assert [note["image"] for note in shown] == [address]
    file = program(alice).client.get(address)
    assert file["Content-Type"] == "image/png"
    assert Image.open(BytesIO(b"".join(file.streaming_content))).size == (800, 200)


@pytest.mark.parametrize(("width", "size"), [("orig", 1600), ("300", 300), ("2000", 1600)])
def test_the_sender_says_how_wide(session, alice, program, width, size, media):
    sent(program(alice), noted.picture(1600, 400), **facts(session, width=width))
    with Image.open(media / models.Note.objects.get().image.name) as kept:
        assert kept.width == size


def test_free_data_comes_as_text_beside_a_picture(session, alice, program):
    given = facts(session, json=json.dumps({"tag": "ref", "name": "Calm."}))
    assert sent(program(alice), noted.picture(), **given).json()["json"] == {
        "tag": "ref", "name": "Calm.",
    }  # fmt: skip
    phrase = f"object_id,{session.pk},text,Calm.,json__name,Calm."
    assert program(alice).get("notes", django=phrase).json()["count"] == 1
    assert program(alice).get("notes", django="json__name,Wild").json()["count"] == 0


@pytest.mark.parametrize(
    ("content", "named"), [(b"GIF89a nothing", "image"), (b"", "image"), (b"%PDF-1.7", "image")]
)
def test_what_is_no_picture_is_refused_and_nothing_is_kept(
    session, alice, program, media, content, named
):
    answer = sent(program(alice), content, **facts(session))
    assert (answer.status_code, named in answer.json()) == (400, True)
    assert not models.Note.objects.exists()
    assert not list(media.rglob("*.*"))


def test_a_picture_of_a_note_that_is_refused_is_not_kept(session, alice, alder, program, media):
    victor = accounts.person("victor", lab=alder, role="viewer")
    assert sent(program(victor), noted.picture(), **facts(session)).status_code == 403
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_a_picture_too_heavy_is_refused(session, alice, program, settings):
    settings.PICTURE_MOST_BYTES = 50
    assert "image" in sent(program(alice), noted.picture(), **facts(session)).json()


@pytest.mark.parametrize("width", ["0", "-3", "wide", "99999999999999999999", "1.5"])
def test_a_width_that_is_none_is_named(session, alice, program, width):
    answer = sent(program(alice), noted.picture(), **facts(session, width=width))
    assert (answer.status_code, "width" in answer.json()) == (400, True)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"content_type": "password"}, "content_type"),
        ({"content_type": "accounts.user"}, "content_type"),
        ({"content_type": "subject"}, "object_id"),
        ({"object_id": "none"}, "object_id"),
        ({"object_id": "00000000-0000-4000-8000-000000000000"}, "object_id"),
        ({"user": "nobody"}, "user"),
        ({"date_time": "yesterday"}, "date_time"),
        ({"image": "a text"}, "image"),
    ],
)
def test_a_note_that_cannot_be_names_the_field(session, alice, program, given, named):
    answer = program(alice).post("notes", **facts(session, **given))
    assert (answer.status_code, named in answer.json()) == (400, True), answer.content
    assert not models.Note.objects.exists()


def test_a_note_can_be_about_an_animal_and_others(animal, session, alice, program):
    for word, about in (("subject", animal), ("subjects.subject", animal)):
        answer = program(alice).post("notes", content_type=word, object_id=str(about.pk))
        assert answer.json()["content_type"] == "subjects.subject"
    found = program(alice).get("notes", content_type="subject").json()
    assert found["count"] == 2
    assert program(alice).get("notes", object_id=str(session.pk)).json()["count"] == 0


def test_a_note_is_changed_and_its_history_kept(session, alice, program):
    note = noted.note(session, alice, with_picture=True)
    answer = program(alice).patch(f"notes/{note.pk}", text="Wild.", user="alice")
    assert (answer.json()["text"], bool(answer.json()["image"])) == ("Wild.", True)
    entry = AuditEntry.objects.on(note).first()
    assert entry.changes == {"text": ["Calm.", "Wild."]}
    answer = program(alice).patch(f"notes/{note.pk}", image=None)
    assert answer.json()["image"] is None


@pytest.mark.parametrize("kind", ["session", "subject"])
def test_what_is_deleted_takes_its_notes_along_and_brings_them_back(
    session, animal, alice, program, kind
):
    note = noted.note(session if kind == "session" else animal, alice)
    address = f"sessions/{session.pk}" if kind == "session" else "subjects/KS001"
    assert program(alice).delete(address).status_code == 204
    assert not models.Note.objects.filter(pk=note.pk).exists()
    with recording.by(alice):
        trash.restore(kept=models.DeletedRecord.objects.get())
    assert models.Note.objects.get().text == note.text


def test_another_lab_sees_neither_the_note_nor_its_picture(session, alice, bob, program):
    note = noted.note(session, alice, with_picture=True)
    address = program(alice).get(f"notes/{note.pk}").json()["image"]
    assert program(bob).get(f"notes/{note.pk}").status_code == 404
    assert program(bob).client.get(address).status_code == 404
    assert Client().get(address).status_code == 401
    assert program(bob).post("notes", **facts(session)).status_code == 400


def test_a_note_about_what_belongs_to_a_closed_project_is_for_its_members(
    session, alice, alder, program
):
    dave = accounts.person("dave", lab=alder, role="experimenter")
    note = noted.note(session, alice, with_picture=True)
    assert program(dave).get(f"notes/{note.pk}").status_code == 200
    closed = accounts.project(alder, "Secret", visibility="members")
    closed.members.add(alice)
    with recording.by(None):
        session.projects.add(closed)
    picture = f"uploaded/{note.image.name}"
    assert program(dave).get(f"notes/{note.pk}").status_code == 404
    assert program(dave).get(picture).status_code == 404
    assert program(dave).get("notes").json()["count"] == 0
    answer = program(alice).get(picture)
    answer.close()
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["../secret", "notes/../../secret", "%2e%2e/secret", "notes"])
def test_no_other_file_is_reached_through_the_address_of_pictures(alice, program, media, path):
    media.mkdir()
    (media.parent / "secret").write_text("hidden")
    assert program(alice).client.get(f"/alyx/uploaded/{path}").status_code == 404


def test_where_a_web_server_stands_in_front_it_sends_the_picture(session, alice, program, settings):
    settings.SENT_BY_WEB_SERVER = True
    note = noted.note(session, alice, with_picture=True)
    answer = program(alice).get(f"uploaded/{note.image.name}")
    assert answer["X-Accel-Redirect"] == f"/protected/{note.image.name}"
    assert (answer["Content-Type"], answer.content) == ("image/png", b"")


@pytest.mark.parametrize("number", [2, 20])
def test_a_list_of_notes_asks_a_fixed_number_of_questions(
    session, alice, program, number, django_assert_max_num_queries
):
    for _ in range(number):
        noted.note(session, alice)
    client = program(alice)
    client.get("notes")
    with django_assert_max_num_queries(10):
        assert client.get("notes").json()["count"] == number
    with django_assert_max_num_queries(10):
        client.get(f"notes/{models.Note.objects.first().pk}")
