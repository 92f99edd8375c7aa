"""Sets are whole or not there, damage is found, and age removes only what it may."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.backup.conftest import add, stamp

from backup import files, manifests
from backup.errors import BackupError, Damaged
from backup.retention import Recent, Thinning

NOW = datetime.now(UTC)


def flip(path, at=0):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_a_set_that_was_not_finished_is_not_there(here):
    def fail():
        with here.new_set(stamp()) as folder:
            (folder / "database.dump").write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(here.sets.iterdir()) == []


def test_what_a_killed_backup_left_is_cleared_away(here):
    (here.sets / f".draft-{stamp()}").mkdir()
    (here.objects / ".77.plain").write_bytes(b"secret")
    here.prepare()
    assert list(here.sets.iterdir()) == []
    assert list(here.objects.iterdir()) == []


def test_a_whole_set_is_whole(here):
    one = add(here, stamp())
    assert here.check(one).rows == 3
    assert here.damages() == {}
    assert here.set_bad_objects_aside() == []


@pytest.mark.parametrize("harm", ["flipped", "cut", "gone", "manifest", "rows"])
def test_damage_is_found(here, harm):
    one = add(here, stamp())
    dump, manifest = here.set(one) / "database.dump", here.set(one) / manifests.NAME
    if harm == "flipped":
        flip(dump)
    elif harm == "cut":
        dump.write_bytes(dump.read_bytes()[:-1])
    elif harm == "gone":
        dump.unlink()
    elif harm == "manifest":
        manifest.write_bytes(manifest.read_bytes()[:-9])
    else:
        told = json.loads(manifest.read_text())
        told["tables"]["public.lab"] = 4
        manifest.write_text(json.dumps(told))
    assert list(here.damages()) == [one]
    with pytest.raises(Damaged):
        here.check(one)


def test_a_bad_upload_is_set_aside_and_stored_anew_by_the_next_set(here):
    first = add(here, stamp(24))
    [name] = here.manifest(first).objects
    flip(here.object(name))
    assert here.set_bad_objects_aside() == [name]
    assert "uploaded files" in here.damages()[first]
    add(here, stamp())
    assert here.damages() == {}


def test_a_second_set_in_the_same_second_is_refused(here):
    one = add(here, stamp())
    with pytest.raises(BackupError, match="exists already"):
        add(here, one)
    assert here.check(one)


def test_uploads_go_with_the_last_set_that_names_them(here):
    old = add(here, stamp(24 * 40), uploads=(b"old", b"both"))
    new = add(here, stamp(1), uploads=(b"both",))
    assert here.prune(Recent(30, NOW), [], NOW) == [old]
    assert here.check(new)
    assert len(list(here.objects.glob("??/*"))) == 1


def test_the_newest_set_stays_however_old_it_is(here):
    one = add(here, stamp(24 * 400))
    assert here.prune(Recent(30, NOW), [], NOW) == []
    assert here.ids() == [one]


def test_a_damaged_set_never_stands_in_for_a_whole_one(here):
    whole, broken = add(here, stamp(24 * 60)), add(here, stamp(2))
    flip(here.set(broken) / "database.dump")
    assert here.prune(Recent(30, NOW), here.damages(), NOW) == []
    assert here.ids() == [broken, whole]


def test_thinning_keeps_days_then_weeks_then_months():
    nights = [NOW - timedelta(days=day) for day in range(400)]
    stay = Thinning(14, 8, 12)(nights)
    ages = sorted((NOW - at).days for at in stay)
    assert ages[:14] == list(range(14))
    assert 300 < ages[-1] < 370
    assert 14 + 5 <= len(stay) <= 14 + 8 + 12


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b.dump", ".hidden", "x.age/../y.z", "UPPER.dump", ""]
)
def test_a_manifest_that_leads_out_of_its_set_is_refused(name):
    facts = {"id": stamp(), "tables": {"t": 1}, "objects": {}}
    facts["files"] = {name: {"sha256": "0" * 64, "size": 1}}
    content = json.dumps(manifests.signed(facts)).encode()
    with pytest.raises(Damaged):
        manifests.parse(content, "theirs")


def test_a_draft_leaves_the_former_file_when_the_disk_is_full(tmp_path):
    place = tmp_path / "report.json"
    files.write_json(place, {"outcome": "proven"})

    def fill():
        with files.draft(place) as draft:
            draft.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="28"):
        fill()
    assert files.read_json(place) == {"outcome": "proven"}
    assert list(tmp_path.iterdir()) == [place]
