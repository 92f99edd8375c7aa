"""Cache tables: each person's own, read anew where something changed, fresh after each write."""

import io
import json
import uuid
import zipfile

import pyarrow.parquet as pq
import pytest
from django.test import Client
from tests.factories import accounts as people
from tests.factories import lab as make

from accounts.models import Project
from lab import models, recording
from lab.services import records
from lab.services.tables import parts


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.CACHE_TABLES = tmp_path / "tables"
    return settings.CACHE_TABLES


@pytest.fixture
def kind(db):
    return make.made(models.DatasetType, name="spikes.times")


@pytest.fixture
def form(db):
    return make.made(models.DataFormat, name="npy", file_extension=".npy")


@pytest.fixture
def session(animal, alice):
    return make.session(animal, alice, task_protocol="choice")


@pytest.fixture
def dataset(session, kind, form):
    def made(name="spikes.times.npy", of=session, **values):
        values = {"collection": "alf", "file_size": 80, "hash": "abc", "is_online": True} | values
        return make.made(models.Dataset, session=of, lab=of.lab, name=name, type=kind,
                         format=form, **values)  # fmt: skip

    return made


def read(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def opened(program, tag=""):
    answer = program.get(f"cache/{tag}.zip" if tag else "cache.zip")
    assert answer.status_code == 200, answer.content
    return zipfile.ZipFile(io.BytesIO(read(answer)))


def tables(program, tag=""):
    """Return both tables as rows, as somebody's program gets them."""
    box = opened(program, tag)
    assert set(box.namelist()) == {"sessions.pqt", "datasets.pqt", "cache_info.json"}
    return tuple(
        pq.read_table(io.BytesIO(box.read(f"{name}.pqt"))).to_pylist()
        for name in ("sessions", "datasets")
    )


def test_the_tables_hold_what_one_searches(session, dataset, alice, program):
    made = dataset(qc=30)
    [row], [file] = tables(program(alice))
    assert row == {
        "id": str(session.pk), "lab": "alder", "subject": "KS001", "date": session.day,
        "number": 1, "task_protocol": "choice", "projects": "",
    }  # fmt: skip
    assert file == {
        "eid": str(session.pk), "id": str(made.pk), "rel_path": "alf/spikes.times.npy",
        "file_size": 80, "hash": "abc", "default_revision": True, "qc": "WARNING", "exists": True,
    }  # fmt: skip


def test_pandas_and_one_find_what_they_need_besides_the_columns(dataset, alice, program):
    dataset(file_size=None)
    table = pq.read_table(io.BytesIO(opened(program(alice)).read("datasets.pqt")))
    frame = table.to_pandas()
    assert frame.index.names == ["eid", "id"]
    assert str(frame["file_size"].dtype) == "UInt64"
    assert list(frame["qc"].cat.categories) == ["NOT_SET", "PASS", "WARNING", "FAIL", "CRITICAL"]
    assert frame["qc"].cat.ordered
    told = json.loads(table.schema.metadata[b"one_metadata"])
    assert {"date_created", "origin", "min_api_version"} <= told.keys()


def test_the_info_says_how_large_the_tables_are(dataset, alice, program):
    dataset()
    info = program(alice).get("cache/info").json()
    assert info["tables"]["sessions"]["nrecs"] == info["tables"]["datasets"]["nrecs"] == 1
    assert info["tables"]["datasets"]["size"] > 0
    assert program(alice).get("cache/info/").json() == info


def test_rows_are_ordered_over_all_parts(session, dataset, animal, alice, program):
    for number in range(2, 30):
        dataset(of=make.session(animal, alice, number=number))
    _sessions, files = tables(program(alice))
    keys = [(row["eid"], row["id"]) for row in files]
    assert keys == sorted(keys)
    assert len(keys) == 28


# --- what is written is there at once, and little is read for it ---------------------------------


def change_size(dataset):
    dataset.file_size = 81
    dataset.save()


def rename_revision(dataset):
    revision = make.made(models.Revision, name="before")
    dataset.revision = revision
    dataset.save()
    parts.refresh([dataset.lab_id])
    revision.name = "after"
    revision.save()


def go_offline(dataset):
    models.Dataset.objects.filter(pk=dataset.pk).update(is_online=False)


def rename_animal(dataset):
    animal = dataset.session.subject
    animal.nickname = "KS002"
    animal.save()


def join_project(dataset):
    dataset.session.projects.set([people.project(dataset.lab, "Maze")])


@pytest.mark.parametrize(
    ("change", "table", "column", "value"),
    [
        (change_size, 1, "file_size", 81),
        (rename_revision, 1, "rel_path", "alf/#after#/spikes.times.npy"),
        (go_offline, 1, "exists", False),
        (rename_animal, 0, "subject", "KS002"),
        (join_project, 0, "projects", "maze"),
    ],
)
def test_a_change_is_in_the_next_tables(dataset, alice, program, change, table, column, value):
    made = dataset()
    before = tables(program(alice))
    assert before[table][0][column] != value
    with recording.by(alice):
        change(made)
    assert tables(program(alice))[table][0][column] == value


def test_what_is_deleted_disappears_and_what_is_restored_comes_back(dataset, alice, program):
    made, _other = dataset(), dataset("spikes.clusters.npy")
    assert len(tables(program(alice))[1]) == 2
    records.delete(record=made, by=alice)
    assert [row["rel_path"] for row in tables(program(alice))[1]] == ["alf/spikes.clusters.npy"]


def test_a_deleted_session_takes_its_datasets_along(session, dataset, alice, program):
    dataset()
    tables(program(alice))
    records.delete(record=session, by=alice)
    assert tables(program(alice)) == ([], [])


def test_only_sessions_that_changed_are_read_again(
    session, dataset, animal, alice, alder, monkeypatch
):
    for number in range(2, 12):
        dataset(of=make.session(animal, alice, number=number))
    parts.refresh([alder.pk])
    asked = []
    honest = parts._read
    monkeypatch.setattr(parts, "_read", lambda lab, eids: asked.extend(eids) or honest(lab, eids))
    parts.refresh([alder.pk])
    assert asked == []
    dataset()
    parts.refresh([alder.pk])
    assert asked == [str(session.pk)]


def test_a_build_that_changes_nothing_asks_the_same_few_questions(
    dataset, animal, alice, program, django_assert_max_num_queries
):
    for number in range(2, 12):
        dataset(of=make.session(animal, alice, number=number))
    client = program(alice)
    client.get("cache/info")
    with django_assert_max_num_queries(10):
        client.get("cache/info")


def test_a_damaged_part_is_made_anew(dataset, alder, alice, program, folder):
    dataset()
    tables(program(alice))
    [part] = (folder / "parts" / str(alder.pk)).iterdir()
    part.write_bytes(part.read_bytes()[:40])
    with recording.by(alice):
        dataset("spikes.clusters.npy")
    assert len(tables(program(alice))[1]) == 2


# --- clients that have them already -------------------------------------------------------------


@pytest.mark.parametrize("path", ["cache/info", "cache.zip"])
def test_who_has_the_tables_is_sent_nothing(dataset, alice, program, path):
    made, client = dataset(), program(alice)
    first = client.get(path)
    read(first)
    known = {"If-None-Match": first["ETag"]}
    again = client.client.get(f"/alyx/{path}", headers=known)
    assert (again.status_code, again["ETag"]) == (304, first["ETag"])
    with recording.by(alice):
        change_size(made)
    fresh = client.client.get(f"/alyx/{path}", headers=known)
    read(fresh)
    assert fresh.status_code == 200
    assert fresh["ETag"] != first["ETag"]


def test_newer_tables_look_newer_to_one_however_soon_they_come(dataset, alice, program):
    """ONE takes what is less than a minute younger than its own tables for the same."""
    made, seen = dataset(), []
    for size in (1, 2, 1, 2):
        with recording.by(alice):
            made.file_size = size
            made.save()
        seen.append(program(alice).get("cache/info").json()["date_created"])
    assert seen == sorted(set(seen))


def test_the_same_tables_keep_their_date(dataset, alice, program):
    dataset()
    first = program(alice).get("cache/info")
    assert program(alice).get("cache/info").json() == first.json()


# --- whose they are -----------------------------------------------------------------------------


def test_each_lab_gets_its_own_alone(dataset, alice, bob, birch, olga, program):
    dataset()
    other = make.session(make.subject(birch, bob, "B1"), bob)
    dataset(of=other)
    assert [row["subject"] for row in tables(program(alice))[0]] == ["KS001"]
    sessions, files = tables(program(bob))
    assert [row["subject"] for row in sessions] == ["B1"]
    assert [row["eid"] for row in files] == [str(other.pk)]
    assert len(tables(program(olga))[1]) == 2


def test_a_closed_project_is_in_nobody_elses_tables(session, dataset, alder, alice, carol, program):
    dataset()
    closed = people.project(alder, "Closed", visibility=Project.Visibility.MEMBERS)
    with recording.by(None):
        session.projects.set([closed])
    other = people.person("dora", lab=alder, role="experimenter")
    assert tables(program(other)) == ([], [])
    assert len(tables(program(carol))[1]) == 1


def test_who_sees_the_same_gets_the_same_file(dataset, alder, alice, program, folder):
    dataset()
    tables(program(alice))
    tables(program(people.person("dora", lab=alder, role="experimenter")))
    assert len(list((folder / "made").glob("*.zip"))) == 1


def test_another_labs_writes_leave_no_trace_in_the_answer(dataset, bob, birch, alice, program):
    first = program(bob).get("cache/info")
    dataset()
    assert program(bob).get("cache/info")["ETag"] == first["ETag"]


def test_a_stranger_gets_no_tables(db):
    assert Client().get("/alyx/cache.zip").status_code == 403
    assert Client().get("/alyx/cache/info").status_code == 403


# --- one tag ------------------------------------------------------------------------------------


def test_a_tags_tables_hold_its_datasets_and_their_sessions(dataset, animal, alice, bob, program):
    chosen, _other = dataset(), dataset("spikes.clusters.npy")
    dataset(of=make.session(animal, alice, number=2))
    paper = make.made(models.Tag, name="paper")
    with recording.by(alice):
        chosen.tags.add(paper)
    info = program(alice).get("cache/info/paper").json()
    assert info["database_tags"] == ["paper"]
    assert info["location"].endswith("/alyx/cache/paper.zip")
    sessions, files = tables(program(alice), "paper")
    assert [row["id"] for row in files] == [str(chosen.pk)]
    assert [row["id"] for row in sessions] == [str(chosen.session_id)]
    assert tables(program(bob), "paper") == ([], [])


def test_an_unknown_tag_is_said_to_be_unknown(alice, program):
    assert program(alice).get(f"cache/info/{uuid.uuid4()}").status_code == 404
    assert program(alice).get("cache/nothing.zip").status_code == 404
