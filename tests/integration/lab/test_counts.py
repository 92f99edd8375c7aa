"""The number of all files: right for whoever asks, and counted without their datasets."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import accounts
from tests.factories import lab as make

from lab import models, recording


@pytest.fixture
def files(animal, alice):
    """Two files of Alder's, of two sessions."""
    sessions = [make.session(animal, alice, number=number) for number in (1, 2)]
    make.dataset(sessions[0])
    first = models.Dataset.objects.get()
    second = make.made(
        models.Dataset, session=sessions[1], lab=first.lab, type=first.type, format=first.format,
        name="wheel.position.npy",
    )  # fmt: skip
    make.made(models.FileRecord, dataset=second, repository=models.Repository.objects.get(),
              relative_path="b/wheel.position.npy")  # fmt: skip
    return sessions


@pytest.fixture
def foreign(files, birch, bob):
    """A file of another lab."""
    kind, form = models.DatasetType.objects.get(), models.DataFormat.objects.get()
    session = make.session(make.subject(birch, bob, "BX1"), bob)
    theirs = make.made(models.Dataset, session=session, lab=birch, type=kind, format=form,
                       name="wheel.position.npy")  # fmt: skip
    make.made(models.FileRecord, dataset=theirs, repository=models.Repository.objects.get(),
              relative_path="c/wheel.position.npy")  # fmt: skip


def counted(program, person, **query):
    return program(person).get("files", **query).json()["count"]


def test_where_one_sees_all_files_they_are_counted_alone(files, alice, olga, program):
    for person in (alice, olga):
        program(person).get("files")
        with CaptureQueriesContext(connection) as queries:
            assert counted(program, person, limit=1) == 2
        [count] = [one["sql"] for one in queries if "COUNT(" in one["sql"]]
        assert "lab_dataset" not in count


def test_files_of_another_lab_are_not_counted(foreign, alice, bob, olga, program):
    assert [counted(program, one) for one in (alice, bob, olga)] == [2, 1, 3]


def test_files_of_no_lab_are_not_counted(files, alice, olga, program):
    with recording.by(None):
        models.Dataset.objects.filter(session=files[1]).update(lab=None)
    assert [counted(program, one) for one in (alice, olga)] == [1, 2]


def test_files_of_a_closed_project_are_not_counted(files, alder, alice, carol, program):
    shut = accounts.project(alder, "Secret", visibility="members")
    with recording.by(carol):
        files[0].projects.set([shut])
    assert [counted(program, one) for one in (alice, carol)] == [1, 2]


def test_what_a_filter_leaves_is_counted(foreign, alice, program):
    assert counted(program, alice, relative_path="b/wheel.position.npy") == 1
    assert counted(program, alice, django="relative_path__startswith,c") == 0
