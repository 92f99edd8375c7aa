"""Files are registered all or none, once however often, and served where they are mounted."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.factories import lab as make

from accounts.models import AuditEntry
from lab import alf, models, recording
from lab.services import registration

PATH = "KS001/2026-03-02/001"
MOST_QUESTIONS = 50


@pytest.fixture
def mounted(alder, tmp_path, settings):
    """A mounted folder that the lab's files lie in."""
    settings.MOUNTS = tmp_path
    folder = tmp_path / "share"
    folder.mkdir()
    repository = make.made(
        models.Repository, name="share", kind="folder", folder=str(folder), is_personal=False
    )
    with recording.by(None):
        alder.profile.repositories.add(repository)
    return repository


@pytest.fixture
def session(animal, alice, mounted):
    npy = make.made(models.DataFormat, name="npy", file_extension=".npy")
    assert npy
    for kind in ("spikes.times", "spikes.clusters"):
        make.made(models.DatasetType, name=kind)
    return make.session(animal, alice)


def call(**more):
    return {"path": PATH, "filenames": ["alf/probe00/spikes.times.npy"], "name": "share"} | more


def test_files_are_registered(session, alice, program):
    answer = program(alice).post("register-file", **call(hashes=["abc"], filesizes=[80]))
    assert answer.status_code == 201, answer.content
    [made] = answer.json()
    assert (made["dataset_type"], made["collection"]) == ("spikes.times", "alf/probe00")
    [record] = made["file_records"]
    assert record["exists"] is True
    assert record["relative_path"] == f"{PATH}/alf/probe00/spikes.times.npy"
    dataset = models.Dataset.objects.get()
    assert (dataset.is_online, dataset.is_default, dataset.created_by) == (True, True, alice)


def test_a_call_that_is_sent_again_changes_nothing(session, alice, program):
    first = program(alice).post("register-file", **call(hashes=["abc"], filesizes=[80])).json()
    again = program(alice).post("register-file", **call(hashes=["abc"], filesizes=[80])).json()
    assert again == first
    assert models.Dataset.objects.count() == models.FileRecord.objects.count() == 1


def test_a_file_that_was_registered_without_its_place_is_mended_by_the_second_call(
    session, alice, program
):
    given = call(hashes=["abc"])
    del given["name"]
    assert program(alice).post("register-file", **given).status_code == 201
    assert models.FileRecord.objects.get().exists is False
    program(alice).post("register-file", **call(hashes=["abc"]))
    assert models.FileRecord.objects.get().exists is True
    assert models.Dataset.objects.get().is_online is True


def test_one_file_that_is_not_known_keeps_all_out(session, alice, program):
    names = ["alf/spikes.times.npy", "alf/spikes.clusters.npy", "alf/nobody.knows.npy"]
    answer = program(alice).post("register-file", **call(filenames=names))
    assert answer.status_code == 400
    assert "nobody.knows" in answer.content.decode()
    assert models.Dataset.objects.count() == models.FileRecord.objects.count() == 0


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"path": "nowhere"}, "path"),
        ({"path": "KS001/2026-13-02/001"}, "path"),
        ({"path": "KS001/2026-03-02/009"}, "path"),
        ({"filenames": []}, "filenames"),
        ({"filenames": ["../../etc/spikes.times.npy"]}, "filenames"),
        ({"filenames": ["alf/spikes.times.xyz"]}, "filenames"),
        ({"filenames": ["a/spikes.times.npy", "a/spikes.times.npy"]}, "filenames"),
        ({"name": "cellar"}, "name"),
        ({"labs": "birch"}, "labs"),
        ({"created_by": "nobody"}, "created_by"),
        ({"filesizes": ["big"]}, "filesizes"),
        ({"qc": "LOVELY"}, "qc"),
        ({"exists": "perhaps"}, "exists"),
        ({"hashes": ["a", "b"]}, "hashes"),
        ({"hashes": [None, "a"], "filenames": ["a.b.npy", "c.d.npy"]}, "hashes"),
    ],
)
def test_what_cannot_be_registered_is_named(session, alice, program, given, named):
    answer = program(alice).post("register-file", **call(**given))
    assert answer.status_code == 400, answer.content
    assert named in answer.json()
    assert models.Dataset.objects.count() == 0


def test_a_new_revision_becomes_the_default_one(session, alice, program):
    program(alice).post("register-file", **call())
    revised = call(filenames=["alf/probe00/#2026-04-01#/spikes.times.npy"])
    assert program(alice).post("register-file", **revised).status_code == 201
    found = {
        row.revision and row.revision.name: row.is_default
        for row in models.Dataset.objects.select_related("revision")
    }
    assert found == {None: False, "2026-04-01": True}


def test_a_protected_dataset_is_kept_as_one_expects(session, alice, program):
    program(alice).post("register-file", **call())
    paper = make.made(models.Tag, name="paper", is_protected=True)
    with recording.by(alice):
        models.Dataset.objects.get().tags.add(paper)
    answer = program(alice).post("register-file", **call(check_protected=True))
    assert answer.status_code == 403
    assert answer.json()["error"] == "One or more datasets is protected"
    assert answer.json()["details"] == [{"alf/probe00/spikes.times.npy": [{"": True}]}]
    assert program(alice).post("register-file", **call(check_protected=False)).status_code == 201


@pytest.mark.parametrize("other", [{"hashes": ["b"]}, {"filesizes": [81]}, {"qc": "FAIL"}])
def test_a_protected_dataset_takes_no_other_content_without_the_check(
    session, alice, program, other
):
    """As the check is the program's to ask for, leaving it out must not be the way around it."""
    post = program(alice).post
    post("register-file", **call(hashes=["a"], filesizes=[80]))
    kept = models.Dataset.objects.get()
    with recording.by(alice):
        kept.tags.add(make.made(models.Tag, name="paper", is_protected=True))
    given = call(**{"hashes": ["a"], "filesizes": [80], **other}, check_protected=False)
    answer = post("register-file", **given)
    assert (answer.status_code, answer.json()["error"]) == (
        403,
        "One or more datasets is protected",
    )
    assert answer.json()["details"] == [{"alf/probe00/spikes.times.npy": [{"": True}]}]
    kept.refresh_from_db()
    assert (kept.hash, kept.file_size, kept.qc) == ("a", 80, 0)
    revised = given | {"filenames": ["alf/probe00/#2026-04-01#/spikes.times.npy"]}
    assert post("register-file", **revised).status_code == 201
    kept.refresh_from_db()
    assert (kept.hash, kept.is_default) == ("a", False)


def of_animal(session, **more):
    return call(path=f"Subjects/{session.subject.nickname}", filenames=["alf/spikes.times.npy"],
                content_type="subject", object_id=str(session.subject.pk), **more)  # fmt: skip


def test_files_of_a_whole_animal_are_registered_once(session, alice, program):
    first = program(alice).post("register-file", **of_animal(session, hashes=["a"]))
    assert first.status_code == 201, first.content
    [row] = first.json()
    assert (row["session"], row["subject"], row["collection"]) == (
        None,
        "KS001",
        "Subjects/KS001/alf",
    )
    [record] = row["file_records"]
    assert (record["relative_path"], record["exists"]) == (
        "Subjects/KS001/alf/spikes.times.npy",
        True,
    )
    assert program(alice).post("register-file", **of_animal(session, hashes=["a"])).json() == [row]
    kept = models.Dataset.objects.get()
    assert (kept.content_object, kept.session, kept.lab) == (session.subject, None, session.lab)
    [shown] = program(alice).get("datasets", collection="Subjects/KS001/alf").json()["results"]
    assert shown["session"] is None


def test_what_is_protected_of_a_whole_animal_is_kept(session, alice, program):
    post = program(alice).post
    post("register-file", **of_animal(session, hashes=["a"]))
    with recording.by(alice):
        models.Dataset.objects.get().tags.add(make.made(models.Tag, name="p", is_protected=True))
    answer = post("register-file", **of_animal(session, hashes=["b"], check_protected=True))
    assert answer.status_code == 403
    assert answer.json()["details"] == [{"Subjects/KS001/alf/spikes.times.npy": [{"": True}]}]
    asked = program(alice).client.generic(
        "GET", "/alyx/check-protected", json.dumps(of_animal(session)), "application/json"
    )
    assert asked.json()["status_code"] == 403


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"content_type": "zebra"}, "content_type"),
        ({"object_id": "nothing"}, "object_id"),
        ({"object_id": None}, "object_id"),
        ({"object_id": "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a"}, "object_id"),
        ({"name": ""}, "name"),
        ({"path": "../Subjects"}, "filenames"),
    ],
)
def test_what_cannot_be_registered_of_another_record_is_named(
    session, alice, program, given, field
):
    answer = program(alice).post("register-file", **of_animal(session) | given)
    assert (answer.status_code, field in answer.json()) == (400, True), answer.content
    assert models.Dataset.objects.count() == 0


def test_a_stranger_registers_no_file_of_an_animal(session, bob, program):
    answer = program(bob).post("register-file", **of_animal(session))
    assert (answer.status_code, "object_id" in answer.json()) == (400, True)


def _questions(client, count, **more):
    """Return how many questions a call about so many files of one folder asks."""
    names = [f"alf/{count}/probe{number:02d}/spikes.times.npy" for number in range(count)]
    with CaptureQueriesContext(connection) as queries:
        assert client.post("register-file", **call(filenames=names, **more)).status_code == 201
    return len(queries)


def test_a_call_takes_as_few_questions_with_forty_files_as_with_one(session, alice, program):
    client = program(alice)
    client.post("register-file", **call(filenames=["alf/before/spikes.times.npy"]))
    for facts in (
        {"hashes": ["a"], "filesizes": [1]},  # new
        {"hashes": ["a"], "filesizes": [1]},  # the same again
        {"hashes": ["b"], "filesizes": [2]},  # another content
    ):
        asked = {count: _questions(client, count, **facts) for count in (1, 10, 40)}
        assert asked[1] == asked[10] == asked[40], facts
        assert asked[40] <= MOST_QUESTIONS
    assert set(models.Dataset.objects.exclude(hash="").values_list("hash", "file_size")) == {
        ("b", 2)
    }


def test_a_copy_elsewhere_takes_as_few_questions_for_forty_files_as_for_one(
    session, alice, program
):
    make.made(models.Repository, name="desk", is_personal=True)
    client = program(alice)
    for count in (1, 10, 40):
        _questions(client, count)
    asked = {count: _questions(client, count, name="desk") for count in (1, 10, 40)}
    assert asked[1] == asked[10] == asked[40]


def test_revisions_take_as_few_questions_for_forty_files_as_for_one(session, alice, program):
    client, asked = program(alice), {}
    for count in (1, 10, 40):
        _questions(client, count)
        folders = [f"alf/{count}/probe{number:02d}/#r{count}#" for number in range(count)]
        names = [f"{folder}/spikes.times.npy" for folder in folders]
        with CaptureQueriesContext(connection) as queries:
            assert client.post("register-file", **call(filenames=names)).status_code == 201
        asked[count] = len(queries)
    assert asked[1] == asked[10] == asked[40]


def test_another_content_stands_in_the_history_of_each_file(session, alice, program):
    client = program(alice)
    names = ["alf/probe00/spikes.times.npy", "alf/probe01/spikes.times.npy"]
    client.post("register-file", **call(filenames=names, hashes=["a", "a"], filesizes=[1, 1]))
    before = {row.pk: row.changed_at for row in models.Dataset.objects.all()}
    client.post("register-file", **call(filenames=names, hashes=["a", "b"], filesizes=[1, 2]))
    told = {
        row.collection: [
            (each.user, each.lab, each.changes)
            for each in AuditEntry.objects.on(row).filter(action="dataset.changed")
        ]
        for row in models.Dataset.objects.all()
    }
    changes = {"hash": ["a", "b"], "file_size": [1, 2]}
    assert told == {"alf/probe00": [], "alf/probe01": [(alice, session.lab, changes)]}
    later = [row.collection for row in models.Dataset.objects.all()
             if row.changed_at > before[row.pk]]  # fmt: skip
    assert later == ["alf/probe01"]


def test_mending_takes_as_few_questions_for_forty_files_as_for_two(session, alice, program):
    """A call without a repository left records that say the files are nowhere."""
    client = program(alice)
    asked = {}
    for count in (2, 40):
        names = [f"alf/{count}/probe{number:02d}/spikes.times.npy" for number in range(count)]
        without = call(filenames=names)
        del without["name"]
        client.post("register-file", **without)
        with CaptureQueriesContext(connection) as queries:
            assert client.post("register-file", **call(filenames=names)).status_code == 201
        asked[count] = len(queries)
    assert asked[2] == asked[40]
    assert not models.FileRecord.objects.filter(exists=False).exists()
    assert not models.Dataset.objects.filter(is_online=False).exists()


def test_datasets_attach_to_the_probe_of_their_folder(session, alice, program):
    probe = make.made(models.ProbeInsertion, session=session, name="probe00")
    program(alice).post("register-file", **call())
    assert [str(each) for each in probe.datasets.all()] == ["alf/probe00/spikes.times.npy"]


def test_a_session_lists_its_datasets_as_one_reads_them(session, alice, program):
    program(alice).post("register-file", **call(hashes=["abc"], filesizes=[80]))
    shown = program(alice).get(f"sessions/{session.pk}").json()
    [row] = shown["data_dataset_session_related"]
    assert row["default_revision"] == "True"
    assert f"/alyx/data/alder/Subjects/{PATH}/alf/probe00/spikes.times." in row["data_url"]


def test_a_session_with_many_files_takes_as_few_questions_as_one_with_none(
    session, alice, program, django_assert_max_num_queries
):
    names = [f"alf/probe{number:02d}/spikes.times.npy" for number in range(60)]
    client = program(alice)
    client.post("register-file", **call(filenames=names))
    with django_assert_max_num_queries(10):
        shown = client.get(f"sessions/{session.pk}").json()
    assert len(shown["data_dataset_session_related"]) == 60


# --- files ---------------------------------------------------------------------------------------


@pytest.fixture
def served(session, alice, mounted, program):
    """A file in the mounted folder, registered; its content and its address."""
    content = b"0123456789" * 100
    file = Path(mounted.folder, PATH, "alf/probe00/spikes.times.npy")
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    digest = hashlib.md5(content).hexdigest()  # noqa: S324  what the client sends
    program(alice).post("register-file", **call(hashes=[digest], filesizes=[len(content)]))
    shown = program(alice).get(f"sessions/{session.pk}").json()
    return content, shown["data_dataset_session_related"][0]["data_url"]


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_a_mounted_file_is_served(served, alice, program):
    content, url = served
    answer = program(alice).client.get(url)
    assert (answer.status_code, answer["Content-Length"]) == (200, "1000")
    assert body(answer) == content


@pytest.mark.parametrize(
    ("wanted", "status", "piece"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=990-", 206, slice(990, 1000)),
        ("bytes=-5", 206, slice(995, 1000)),
        ("bytes=5-5000", 206, slice(5, 1000)),
        ("bytes=2000-", 416, slice(0, 0)),
        ("bytes=9-5", 416, slice(0, 0)),
        ("apples=1-2", 200, slice(0, 1000)),
    ],
)
def test_a_piece_of_a_file_is_served(served, alice, program, wanted, status, piece):
    content, url = served
    answer = program(alice).client.get(url, headers={"Range": wanted})
    assert answer.status_code == status
    assert body(answer) == content[piece]


def test_basic_sign_in_takes_a_name_and_a_token(served, alice, program):
    content, url = served
    key = base64.b64encode(f"alice:{program(alice).secret}".encode()).decode()
    assert body(Client().get(url, headers={"Authorization": f"Basic {key}"})) == content
    wrong = base64.b64encode(b"alice:nothing").decode()
    assert Client().get(url, headers={"Authorization": f"Basic {wrong}"}).status_code == 403


def test_another_lab_gets_no_file(served, bob, program):
    assert program(bob).client.get(served[1]).status_code == 404


def test_a_stranger_is_asked_for_a_name_and_a_token(served):
    answer = Client().get(served[1])
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Basic realm="Studium"')


def test_a_record_never_leads_out_of_its_folder(served, mounted, alice, program, tmp_path):
    (tmp_path / "secret.npy").write_bytes(b"secret")
    link = tmp_path / "share" / "link.npy"
    link.symlink_to(tmp_path / "secret.npy")
    models.FileRecord._base_manager.update(relative_path="link.npy")
    assert program(alice).client.get(served[1]).status_code == 404


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("spikes.times.npy", "spikes.times"),
        ("_ibl_trials.stimOn_times.npy", "trials.stimOn_times"),
        ("_ibl_trials.table.pqt", "trials.table"),
        ("spikes.times_ephysClock.npy", "spikes.times"),
        ("_iblrig_leftCamera.raw.part1.mp4", "leftCamera.raw"),
        ("notes.txt", ""),
        ("README", ""),
    ],
)
def test_a_files_name_says_what_it_is(name, kind):
    assert alf.kind(name) == kind


def test_a_path_says_which_session_it_belongs_to():
    found = alf.session_path("alder/Subjects/KS001/2026-03-02/001/alf/probe00")
    assert (found.subject, found.number, found.rest) == ("KS001", 1, "alf/probe00")


@pytest.mark.parametrize("path", ["", "KS001", "KS001/2026-02-30/1", "KS001/2026-03-02/x"])
def test_a_path_that_names_no_session_is_refused(path):
    with pytest.raises(alf.NotAlf):
        alf.session_path(path)


def test_the_longest_ending_decides_on_the_format():
    made = [models.DataFormat(name=name, file_extension=ending)
            for name, ending in (("zip", ".zip"), ("frames", ".frames.zip"))]  # fmt: skip
    assert registration.format_of("video.raw.frames.zip", made).name == "frames"
