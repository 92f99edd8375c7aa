"""Stimuli are brought in on a page of the administration, by the service that the command uses."""

import io

import pytest
from django.urls import reverse
from tests.factories import accounts, stimuli

from accounts.models import AuditEntry
from accounts.roles import Role
from experiments.models import Stimulus

UPLOAD, LIST = "/admin/experiments/stimulus/upload/", "/admin/experiments/stimulus/"


@pytest.fixture(autouse=True)
def kept(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def bring(client, project, file, name="birds.zip", collection="birds"):
    file.name = name
    data = {"project": project.pk, "collection": collection, "file": file}
    return client.post(UPLOAD, data, follow=True)


def test_an_archive_is_brought_in_and_said_to_be(project, ann, as_):
    answer = bring(as_(ann), project, stimuli.archive())
    assert answer.redirect_chain == [(LIST, 302)]
    assert "4 new, 0 changed, 0 as they were." in answer.content.decode()
    assert Stimulus.objects.get(name="lark").asset.media_type == "audio/wav"
    entry = AuditEntry.objects.get(action="stimuli.brought")
    assert (entry.user, entry.changes["new"]) == (ann, 4)
    again = bring(as_(ann), project, stimuli.archive())
    assert "0 new, 0 changed, 4 as they were." in again.content.decode()


def test_texts_need_a_table_alone(project, ann, as_):
    table = io.BytesIO(b"name,text,tag:mood\nfirst,Two roads diverged,calm\n")
    bring(as_(ann), project, table, name="poems.csv", collection="poems")
    assert Stimulus.objects.get().text == "Two roads diverged"


@pytest.mark.parametrize(
    ("file", "name", "collection", "says"),
    [
        (b"nonsense", "a.zip", "birds", "is no archive that can be read"),
        (b"name,colour\na,b\n", "a.csv", "birds", "The column &#x27;colour&#x27; is not known"),
        (b"name,text\na,one\na,two\n", "a.csv", "birds", "is there twice"),
        (b"name,text\na,one\n", "a.csv", "no name!", "is no name for a collection"),
        (b"", "a.csv", "birds", "The submitted file is empty"),
    ],
)
def test_a_fault_is_said_at_the_file_and_nothing_is_kept(
    file, name, collection, says, project, ann, as_
):
    answer = bring(as_(ann), project, io.BytesIO(file), name, collection)
    assert says in answer.content.decode()
    assert not Stimulus.objects.exists()


def test_the_list_leads_to_the_page_of_who_may_bring_something_in(project, ann, as_):
    add = reverse("admin:experiments_stimulus_add")
    assert add in as_(ann).get(LIST).content.decode()
    assert as_(ann).get(add).url == UPLOAD


def test_who_may_not_change_a_project_brings_nothing_into_it(project, alder, as_):
    viewer = accounts.person("vic", lab=alder, role=Role.VIEWER)
    assert as_(viewer).get(UPLOAD).status_code == 403
    other = accounts.person("olaf", lab=accounts.lab("Birch"), role=Role.EXPERIMENTER)
    accounts.project(other.memberships.get().lab)
    answer = bring(as_(other), project, stimuli.archive())
    assert "not one of the available choices" in answer.content.decode()
    assert not Stimulus.objects.exists()
