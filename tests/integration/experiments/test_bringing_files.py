"""Bringing a protocol in on a page: by file, by pasting, or carried along by another page."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from tests.factories import tasks

from accounts.models import AuditEntry
from experiments.bringing_forms import LARGEST
from experiments.models import Link, Protocol, Revision

BRING = reverse("experiments:bring")


@pytest.fixture
def client(as_, ann):
    return as_(ann)


def words(**changes):
    return json.dumps(tasks.words(tasks.keys(2)) | changes)


def test_a_file_becomes_a_draft(client, project):
    file = SimpleUploadedFile("task.json", words().encode())
    done = client.post(BRING, {"project": project.pk, "file": file})
    kept = Protocol.objects.get()
    assert done.url == reverse("experiments:protocol", args=[kept.pk])
    assert kept.draft == json.loads(words())
    assert not Revision.objects.exists()


def test_what_another_page_carries_along_is_published_at_once(client, project):
    client.post(BRING, {"project": project.pk, "words": words(), "publish": "yes"})
    assert Revision.objects.published().count() == 1
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"protocol.created", "protocol.frozen", "protocol.published"} <= actions


def test_the_same_again_is_no_second_revision(client, project):
    for _ in range(2):
        done = client.post(BRING, {"project": project.pk, "words": words(), "publish": "yes"})
        assert done.status_code == 302
    assert Revision.objects.count() == 1


def test_another_draft_of_the_name_is_replaced_only_when_that_is_said(client, project):
    client.post(BRING, {"project": project.pk, "words": words()})
    sent = {"project": project.pk, "words": words(title="Another")}
    asked = client.post(BRING, sent)
    assert asked.status_code == 422
    assert "already" in asked.text
    assert Protocol.objects.get().title == "A task"
    assert client.post(BRING, sent | {"replace": "on"}).status_code == 302
    assert Protocol.objects.get().title == "Another"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        (words(format="other"), "studium-protocol/1"),
        (words(flow=[]), "flow"),
    ],
)
def test_what_is_no_protocol_is_refused_with_its_place(client, project, sent, said):
    answer = client.post(BRING, {"project": project.pk, "words": sent, "publish": "yes"})
    assert answer.status_code == 422
    assert said in answer.text
    assert not Protocol.objects.exists()


def test_nobody_brings_into_a_project_of_others(as_, bob, project):
    answer = as_(bob).post(BRING, {"project": project.pk, "words": words()})
    assert answer.status_code == 422
    assert not Protocol.objects.exists()


def test_a_form_of_another_site_is_refused(ann, project):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(BRING, {"project": project.pk, "words": words()}).status_code == 403
    assert not Protocol.objects.exists()


def test_trying_leads_to_a_pilot(client, revision):
    done = client.post(reverse("experiments:try", args=[revision.protocol.pk]))
    link = Link.objects.get(kind=Link.Kind.PREVIEW)
    assert link.closes_at is not None
    assert client.get(done.url).status_code == 200


def test_nothing_is_tried_that_is_not_published(client, project):
    client.post(BRING, {"project": project.pk, "words": words()})
    kept = Protocol.objects.get()
    page = client.get(reverse("experiments:protocol", args=[kept.pk]))
    assert "Try it" not in page.text


def test_the_draft_can_be_taken_along_and_brought_in_again(client, project):
    client.post(BRING, {"project": project.pk, "words": words()})
    kept = Protocol.objects.get()
    file = client.get(reverse("experiments:draft", args=[kept.pk]))
    assert file["Content-Disposition"] == 'attachment; filename="task.json"'
    assert json.loads(file.text) == kept.draft


def test_a_file_that_is_too_large_is_refused_as_such(client, project):
    file = SimpleUploadedFile("task.json", b" " * (LARGEST + 1))
    answer = client.post(BRING, {"project": project.pk, "file": file})
    assert answer.status_code == 422
    assert "larger than 20 MB" in answer.text


def test_what_cannot_be_frozen_leaves_the_draft_that_was_there(client, project, settings):
    client.post(BRING, {"project": project.pk, "words": words()})
    before = Protocol.objects.get().draft
    settings.IDENTITY_KEYS = ["", ""]
    signed = {"name": "sign", "kind": "consent", "text": "May we?", "signature": "Name"}
    sent = {"project": project.pk, "words": words(flow=[signed]), "publish": "1", "replace": "1"}
    answer = client.post(BRING, sent)
    assert answer.status_code == 422
    assert "STUDIUM_IDENTITY_KEY" in answer.text
    assert Protocol.objects.get().draft == before
