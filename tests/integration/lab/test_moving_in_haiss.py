"""A dump of the fork haiss-alyx comes in: its datasets get names, its files paths."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import AuditEntry, User
from lab import models

DUMP = Path(__file__).with_name("haiss_dump.json")


def key(number):
    return f"{number:08x}-1111-4222-8333-444444444444"


@pytest.fixture
def moved(db):
    out = StringIO()
    call_command("import_haiss", DUMP, stdout=out)
    return out.getvalue()


def path_of(number):
    record = models.FileRecord.objects.get(pk=key(number))
    return f"{record.repository.network_path}|{record.relative_path}"


def test_a_files_path_follows_from_what_it_is(moved):
    folder = "wm28/2024-02-05/002"
    assert path_of(30) == (
        rf"\\archive\cold\tapes|{folder}/preproc/spikes/#2024-03-01#/spikes.times.npy"
    )


def test_a_file_without_a_repository_lies_where_its_session_or_project_does(moved):
    assert path_of(31) == r"\\fileserver\lab\data|wm28/2024-02-05/002/behaviour.video.00001.avi"
    assert path_of(33) == r"\\archive\cold\tapes|wm28/2024-02-06/001/behaviour.video.avi"


def test_each_part_of_a_dataset_is_a_dataset_and_the_first_keeps_the_id(moved):
    first, second = (models.Dataset.objects.get(pk=key(number)) for number in (21, 32))
    assert (first.name, first.hash) == ("behaviour.video.00001.avi", "dd44")
    assert (second.name, second.hash) == ("behaviour.video.00002.avi", "")
    assert (first.is_online, second.is_online) == (True, False)
    assert second.session_id == first.session_id


def test_a_dataset_without_a_file_keeps_its_facts(moved):
    dataset = models.Dataset.objects.get(pk=key(23))
    assert (dataset.name, dataset.hash, dataset.file_size) == ("spikes.times.npy", "cc33", 80)
    assert not dataset.file_records.exists()


def test_times_hashes_and_tags_are_kept(moved):
    dataset = models.Dataset.objects.get(pk=key(20))
    assert dataset.created_at.isoformat() == "2024-02-05T11:00:00+00:00"  # 12 o'clock in Paris
    assert (dataset.hash, dataset.version, dataset.collection) == ("aa11", "1.0", "preproc/spikes")
    assert [tag.name for tag in dataset.tags.all()] == ["paper"]
    assert dataset.revision.name == "2024-03-01"


def test_types_are_named_by_object_and_attribute(moved):
    assert set(models.DatasetType.objects.values_list("name", flat=True)) == {
        "spikes.times",
        "behaviour.video",
    }


def test_a_project_knows_where_its_files_go(moved):
    assert models.ProjectProfile.objects.get().default_repository.name == "server_b"


def test_what_is_left_out_is_named(moved):
    assert "django_celery_results.taskresult" in moved
    assert "actions.session.default_data_repository" in moved
    assert "Studium has no such field" not in moved


def test_a_second_time_brings_nothing(moved):
    before = AuditEntry.objects.count()
    call_command("import_haiss", DUMP, stdout=StringIO())
    assert AuditEntry.objects.count() == before


def test_a_dry_run_counts_and_keeps_nothing(db):
    out = StringIO()
    call_command("import_haiss", DUMP, dry_run=True, stdout=out)
    assert "Nothing was kept" in out.getvalue()
    rows = {line.split()[0]: line.split()[1] for line in out.getvalue().splitlines() if line}
    assert (rows["data.dataset"], rows["data.filerecord"]) == ("5", "4")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("kind", "field"), [("data.filerecord", "dataset"), ("data.dataset", "dataset_type")]
)
def test_a_file_whose_path_cannot_be_told_is_named(db, tmp_path, kind, field):
    rows = json.loads(DUMP.read_text())
    row = next(row for row in rows if row["model"] == kind)
    row["fields"][field] = key(99)
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(rows))
    with pytest.raises(CommandError, match=row["pk"]):
        call_command("import_haiss", file)
    assert not User.objects.exists()
