"""What a publication's tag protects stays as it is, whichever way somebody comes."""

import pytest
from tests.factories import lab as make
from tests.integration.lab.test_api import Caller

from lab import models, recording
from lab.errors import Protected
from lab.services import records

WORDS = "One or more datasets is protected: wheel.position.npy by the tag paper."


@pytest.fixture
def session(animal, alice):
    return make.session(animal, alice)


@pytest.fixture
def dataset(session):
    """A dataset with one file, under a tag that protects it."""
    made = make.dataset(session)
    found = models.Dataset.objects.get(pk=made["dataset"])
    with recording.by(None):
        models.Tag.objects.update(is_protected=True)
        found.tags.set(models.Tag.objects.all())
    return found


def touched(dataset):
    """Return the addresses of what must not be changed, each with a change of it."""
    file = dataset.file_records.get()
    return [(f"datasets/{dataset.pk}", {"version": "2"}), (f"files/{file.pk}", {"exists": True})]


def test_one_changes_and_deletes_nothing_that_is_protected(dataset, alice, program):
    call = program(alice)
    for path, change in touched(dataset):
        shown = call.get(path).json() | {"session": str(dataset.session_id)} | change
        whole = {name: value for name, value in shown.items() if value is not None}
        put = call.client.put(f"/alyx/{path}", whole, content_type="application/json")
        for answer in (put, call.patch(path, **change), call.delete(path)):
            assert (answer.status_code, answer.json()["detail"]) == (403, WORDS), path
    assert models.Dataset.objects.get().version == ""
    assert models.FileRecord.objects.get().exists is False


def test_the_api_changes_and_deletes_nothing_that_is_protected(dataset, alice):
    call = Caller(alice)
    for path, change in touched(dataset):
        for answer in (call.patch(path, change), call.delete(path)):
            assert (answer.status_code, answer.json()["detail"]) == (403, WORDS), path
    assert models.Dataset.objects.count() == models.FileRecord.objects.count() == 1


def test_no_session_is_deleted_that_owns_what_is_protected(dataset, session, alice, program):
    one, ours = program(alice), Caller(alice)
    for answer in (one.delete(f"sessions/{session.pk}"), ours.delete(f"sessions/{session.pk}")):
        assert (answer.status_code, answer.json()["detail"]) == (403, WORDS)
    assert models.Session.objects.count() == models.Dataset.objects.count() == 1


@pytest.mark.parametrize("kind", [models.Dataset, models.FileRecord, models.Session])
def test_nothing_deletes_it_in_bulk_either(dataset, kind):
    with recording.by(None), pytest.raises(Protected):
        kind.objects.all().delete()
    assert models.FileRecord.objects.count() == 1


def test_the_services_refuse_operators_too(dataset, olga):
    with pytest.raises(Protected):
        records.change(record=dataset, by=olga, values={"version": "2"})
    with pytest.raises(Protected):
        records.delete(record=dataset.file_records.get(), by=olga)


def test_the_administration_says_which_tag_keeps_it(dataset, as_, alice):
    address = f"/admin/lab/dataset/{dataset.pk}/delete/"
    answer = as_(alice).post(address, {"post": "yes"})
    assert answer.status_code == 403
    assert WORDS in answer.content.decode()
    assert models.Dataset.objects.count() == 1


def test_without_the_protection_all_of_it_may_go(dataset, session, alice, program):
    with recording.by(None):
        models.Tag.objects.update(is_protected=False)
    for path, change in touched(dataset):
        assert program(alice).patch(path, **change).status_code == 200
    assert program(alice).delete(f"sessions/{session.pk}").status_code == 204
    assert models.Dataset.objects.count() == 0
