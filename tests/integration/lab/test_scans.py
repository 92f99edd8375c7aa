"""A mounted repository beside its records: what is told, what is put right, what is left alone."""

import hashlib
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now
from tests.factories import lab as make

from accounts.models import AuditEntry
from jobs.errors import Cancelled
from jobs.models import Job
from lab import models, recording
from lab.services import scans
from lab.services.scans import walk

DAY = "KS001/2026-03-02/001"
LONG_AGO = time.time() - 86400
CONTENT = b"0123456789"
MD5 = hashlib.md5(CONTENT).hexdigest()  # noqa: S324  what clients send


@pytest.fixture
def share(db, alder, settings, tmp_path):
    settings.MOUNTS = tmp_path / "mounts"
    folder = settings.MOUNTS / "share"
    folder.mkdir(parents=True)
    made = make.made(models.Repository, name="share", folder=str(folder), is_personal=False)
    with recording.by(None):
        alder.profile.repositories.add(made)
    return made


@pytest.fixture
def session(animal, alice):
    return make.session(animal, alice)


@pytest.fixture
def kind(db):
    return make.made(models.DatasetType, name="spikes.times")


@pytest.fixture
def form(db):
    return make.made(models.DataFormat, name="npy", file_extension=".npy")


def write(share, path, content=CONTENT, *, changed_at=LONG_AGO):
    file = Path(share.folder, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (changed_at, changed_at))
    return file


@pytest.fixture
def record(session, share, kind, form):
    """Record a file; it is written as well unless ``written`` is False."""

    def made(name="spikes.times.npy", *, written=True, exists=True, size=10, digest=MD5, **values):
        dataset = make.made(
            models.Dataset, session=session, lab=session.lab, name=name, collection="alf",
            type=kind, format=form, file_size=size, hash=digest, is_online=exists,
        )  # fmt: skip
        path = f"{DAY}/alf/{name}"
        if written:
            write(share, path)
        return make.made(models.FileRecord, dataset=dataset, repository=share,
                         relative_path=path, exists=exists, **values)  # fmt: skip

    return made


def scan(share, **values):
    return scans.scan(repository=share, says=scans.Silent(), **values)


def told(found):
    return sorted((each.kind, each.path.rpartition("/")[2]) for each in found.findings.all())


def test_a_repository_that_is_as_recorded_leaves_nothing_to_tell(record, share):
    record()
    found = scan(share)
    assert (found.outcome, found.counts, found.fixed) == ("finished", {}, 0)
    assert (found.files, found.records, found.bytes, found.verified) == (1, 1, 10, 1)
    assert models.FileRecord.objects.get().checked_at is not None


def test_a_file_that_is_gone_is_told_and_its_flags_are_put_right(record, share, alder):
    record()
    gone = record("spikes.clusters.npy", written=False)
    found = scan(share)
    assert told(found) == [("missing", "spikes.clusters.npy")]
    gone.refresh_from_db()
    gone.dataset.refresh_from_db()
    assert (found.fixed, gone.exists, gone.dataset.is_online) == (1, False, False)


def test_what_was_put_right_is_in_the_history(record, share):
    record()
    gone = record("spikes.clusters.npy", written=False)
    scan(share)
    [entry] = AuditEntry.objects.filter(action="file-record.changed", object_id=str(gone.pk))
    assert (entry.changes, entry.reason) == (
        {"exists": [True, False]}, "a scan of the repository",
    )  # fmt: skip


def test_a_file_that_has_come_is_read_before_it_is_believed(record, share):
    right = record(exists=False)
    wrong = record("spikes.clusters.npy", exists=False, digest="0" * 32)
    found = scan(share)
    assert told(found) == [("changed", "spikes.clusters.npy"), ("found", "spikes.times.npy")]
    right.refresh_from_db()
    wrong.refresh_from_db()
    assert (right.exists, wrong.exists) == (True, False)


def test_another_size_and_another_content_are_told(record, share):
    record(size=11)
    record("spikes.clusters.npy", digest="0" * 32)
    found = scan(share)
    assert told(found) == [("changed", "spikes.clusters.npy"), ("changed", "spikes.times.npy")]
    assert found.findings.get(path__endswith="times.npy").detail == "10 bytes, not 11"
    assert models.FileRecord.objects.filter(exists=True).count() == 2


def test_a_file_without_a_record_is_of_its_session_or_of_nobody(record, share):
    record()
    write(share, f"{DAY}/alf/new.thing.npy")
    write(share, "KS001/2026-03-09/001/alf/new.thing.npy")
    write(share, "holiday/beach.jpg")
    write(share, ".snapshot/old")
    write(share, "@eaDir/thumb")
    assert told(scan(share)) == [
        ("orphan", "beach.jpg"), ("orphan", "new.thing.npy"), ("unregistered", "new.thing.npy"),
    ]  # fmt: skip


def test_a_file_that_is_still_being_written_is_left_alone(record, share):
    record(size=1000)
    write(share, f"{DAY}/alf/spikes.times.npy", changed_at=time.time() - 5)
    write(share, f"{DAY}/alf/half.done.npy", changed_at=time.time())
    found = scan(share)
    assert (found.counts, found.verified) == ({}, 0)


def test_a_name_that_is_no_text_is_told_in_letters(record, share):
    record()
    name = os.fsencode(share.folder) + b"/caf\xe9.npy"  # codespell:ignore
    with open(name, "wb") as file:  # noqa: PTH123  bytes are no Path
        file.write(b"x")
    os.utime(name, (LONG_AGO, LONG_AGO))
    found = scan(share).findings.get()
    assert (found.kind, found.path, found.detail) == (
        "orphan", "caf\\xe9.npy", "Its name is not UTF-8.",  # codespell:ignore
    )  # fmt: skip


def test_loops_of_links_are_not_entered(record, share):
    record()
    Path(share.folder, "KS001", "again").symlink_to(share.folder)
    Path(share.folder, "loop").symlink_to("loop")
    assert scan(share).counts == {}


def test_a_file_that_is_reached_by_a_link_within_the_folder_is_there(record, share):
    linked = record()
    Path(share.folder, DAY).rename(Path(share.folder, "elsewhere"))
    Path(share.folder, DAY).symlink_to(Path(share.folder, "elsewhere"))
    record("spikes.clusters.npy")
    scan(share)
    linked.refresh_from_db()
    assert linked.exists


@pytest.mark.parametrize("state", ["gone", "empty", "a file"])
def test_a_share_that_is_not_mounted_marks_nothing_missing(record, share, state):
    record()
    Path(share.folder).rename(f"{share.folder}-away")
    if state == "empty":
        Path(share.folder).mkdir()
    if state == "a file":
        Path(share.folder).write_text("")
    found = scan(share)
    assert (found.outcome, found.counts, found.fixed) == ("unreachable", {}, 0)
    assert found.message
    assert models.FileRecord.objects.get().exists


def test_more_that_is_missing_than_can_be_believed_is_told_and_changes_nothing(record, share):
    record(written=False)
    write(share, "readme.txt")
    found = scan(share)
    assert (found.outcome, found.fixed, found.counts["missing"]) == ("doubtful", 0, 1)
    assert models.FileRecord.objects.get().exists


def test_nothing_is_said_of_what_lies_in_a_closed_folder(record, share, monkeypatch):
    record()
    record("spikes.clusters.npy")
    honest = os.scandir

    def scandir(path):
        if os.fsencode(path).endswith(b"/alf"):
            raise PermissionError(13, "Permission denied")
        return honest(path)

    monkeypatch.setattr(walk.os, "scandir", scandir)
    found = scan(share, budget=scans.Budget(bytes=0))
    assert told(found) == [("unreadable", "alf")]
    assert models.FileRecord.objects.filter(exists=True).count() == 2


def test_hashes_are_made_in_turn_and_only_as_many_as_may_be(record, share):
    first, second = record(), record("spikes.clusters.npy")
    for _ in range(2):
        assert scan(share, budget=scans.Budget(bytes=5)).verified == 1
    assert models.FileRecord.objects.filter(checked_at=None).count() == 0
    before = models.FileRecord.objects.get(pk=first.pk).checked_at
    assert before != models.FileRecord.objects.get(pk=second.pk).checked_at


def test_a_file_that_was_touched_is_read_first(record, share):
    record(checked_at=now() - timedelta(days=9))
    touched = record("spikes.clusters.npy", checked_at=now() - timedelta(days=2))
    write(share, touched.relative_path, b"9876543210")
    found = scan(share, budget=scans.Budget(bytes=5))
    assert told(found) == [("changed", "spikes.clusters.npy")]


def test_a_dry_run_tells_and_changes_nothing(record, share):
    record()
    record("spikes.clusters.npy", written=False)
    found = scan(share, dry_run=True)
    assert (found.counts, found.fixed) == ({"missing": 1}, 0)
    assert models.FileRecord.objects.filter(exists=True, checked_at=None).count() == 2


def test_a_scan_that_is_stopped_says_so(record, share):
    record()

    class Impatient(scans.Silent):
        def report(self, *_, **__):
            raise Cancelled

    with pytest.raises(Cancelled):
        scans.scan(repository=share, says=Impatient())
    assert models.FileScan.objects.get().outcome == "cancelled"


def test_a_folder_that_was_not_given_to_the_site_is_not_looked_through(share, tmp_path):
    models.Repository._base_manager.filter(pk=share.pk).update(folder=str(tmp_path))
    share.refresh_from_db()
    with pytest.raises(Exception, match="is not below"):
        scan(share)
    assert models.FileScan.objects.get().outcome == "failed"


def test_old_scans_leave_their_findings(record, share):
    record()
    write(share, "holiday/beach.jpg")
    for _ in range(5):
        scan(share)
    assert models.FileScan.objects.count() == 5
    assert models.FileFinding.objects.count() == 3


def test_many_files_take_no_more_questions(
    record, session, share, kind, form, django_assert_max_num_queries
):
    record()
    scan(share)
    for number in range(300):
        record(f"spikes.times{number}.npy", digest="")
        write(share, f"KS001/2026-03-09/001/alf/{number}.npy")
    with django_assert_max_num_queries(25):
        found = scan(share)
    assert (found.files, found.counts) == (601, {"orphan": 300})


def test_files_come_in_the_order_of_their_paths(tmp_path):
    for name in ("a/b", "a.b/c", "a-b", "a", "b/a/c", "b.c", "ä/x"):
        path = tmp_path / name
        if name == "a":
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    paths = [item.path for item in walk.files(os.fsencode(tmp_path))]
    assert paths == sorted(paths)
    assert len(paths) == 6


# --- how it is asked for ------------------------------------------------------------------------


def test_each_night_asks_once_for_each_mounted_repository(share):
    make.made(models.Repository, name="cloud", kind="s3", bucket="b")
    scans.begin_all()
    scans.begin_all()
    [job] = Job.objects.filter(name="lab.scan_files")
    assert job.arguments == {"repository": str(share.pk)}


def test_the_command_tells_what_it_found(record, share, capsys):
    record()
    record("spikes.clusters.npy", written=False)
    call_command("scan_files", "--repository", "share", "--dry-run")
    said = capsys.readouterr().out
    assert "1 missing" in said
    assert f"{DAY}/alf/spikes.clusters.npy" in said
    assert "nothing was changed" in said


def test_the_command_names_the_repositories_that_there_are(share):
    with pytest.raises(CommandError, match="There are: share"):
        call_command("scan_files", "--repository", "cellar")


# --- who reads it -------------------------------------------------------------------------------


@pytest.fixture
def told_by_api(record, share, program):
    record()
    record("spikes.clusters.npy", written=False)
    made = scan(share)

    def ask(person, path="", **query):
        client = program(person).client
        return client.get(f"/api/v1/lab/file-scans{path.format(id=made.pk)}", query)

    return ask


def test_managers_read_what_a_scan_found(told_by_api, carol):
    [row] = told_by_api(carol).json()["results"]
    assert (row["repository"], row["outcome"], row["counts"]) == (
        "share", "finished", {"missing": 1},
    )  # fmt: skip
    assert told_by_api(carol, "/{id}").json() == row
    [found] = told_by_api(carol, "/{id}/findings", kind="missing").json()["results"]
    assert found["path"] == f"{DAY}/alf/spikes.clusters.npy"
    assert told_by_api(carol, "/{id}/findings", kind="orphan").json()["results"] == []


def test_a_repository_that_another_lab_uses_too_is_for_operators(
    told_by_api, share, birch, carol, olga
):
    with recording.by(None):
        birch.profile.repositories.add(share)
    assert told_by_api(carol).json()["results"] == []
    assert told_by_api(carol, "/{id}").status_code == 404
    assert len(told_by_api(olga).json()["results"]) == 1


def test_who_is_no_manager_reads_nothing(told_by_api, alice, bob):
    for person in (alice, bob):
        assert told_by_api(person).json()["results"] == []
        assert told_by_api(person, "/{id}/findings").status_code == 404


@pytest.mark.parametrize(
    ("path", "query"), [("", {"colour": 1}), ("/{id}/findings", {"kind": "x"})]
)
def test_a_question_that_means_nothing_is_refused(told_by_api, carol, path, query):
    assert told_by_api(carol, path, **query).status_code == 400
