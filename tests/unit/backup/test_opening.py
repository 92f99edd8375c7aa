"""What comes out of a set is what went in, and only where it belongs."""

import json

import pytest
from tests.unit.backup.conftest import add, stamp

from backup import files, manifests, opening, restoring
from backup.errors import Damaged, Refused
from backup.facts import Facts
from backup.sealing import Seal
from backup.uploads import Uploads


def test_an_upload_is_stored_once_and_found_again_by_its_content(here, tmp_path):
    folder = tmp_path / "media"
    (folder / "lab").mkdir(parents=True)
    for name in ("a.txt", "lab/b.txt"):
        (folder / name).write_text("the same")
    uploads = Uploads(here, Seal())
    uploads.remember()
    uploads.take("media", folder)
    assert set(uploads.entries) == {"media/a.txt", "media/lab/b.txt"}
    assert len(uploads.objects) == 1
    assert len(list(here.objects.glob("??/*"))) == 1


def test_the_second_night_reads_nothing_that_has_not_changed(here, tmp_path):
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    first = Uploads(here, Seal())
    first.take("media", folder)
    first.write_index()
    index = json.loads((here.folder / "index.json").read_text())
    index["entries"]["media/a.txt"]["sha256"] = "f" * 64  # it would be another when read again
    (here.folder / "index.json").write_text(json.dumps(index))
    (folder / "b.txt").write_text("two")
    second = Uploads(here, Seal())
    second.remember()
    second.take("media", folder)
    assert second.entries["media/a.txt"]["sha256"] == "f" * 64
    assert len(second.objects) == 2


def test_another_recipient_gets_everything_anew(here, tmp_path):
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    first = Uploads(here, Seal())
    first.take("media", folder)
    first.write_index()
    other = Uploads(here, Seal("age1other"))
    other.remember()
    assert not other._known


def test_no_link_leads_a_backup_out_of_its_folder(here, tmp_path):
    folder = tmp_path / "media"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to(tmp_path)
    uploads = Uploads(here, Seal())
    uploads.take("media", folder)
    assert uploads.entries == {}


@pytest.mark.parametrize("name", ["/etc/passwd", "media/../../x", "../media/x", "media"])
def test_an_upload_never_leaves_its_folder(tmp_path, name):
    with pytest.raises(Damaged):
        opening.checked_path(tmp_path, name)


def test_a_sealed_set_without_its_key_is_refused(here, tmp_path):
    one = add(here, stamp(), recipient="age1x")
    with pytest.raises(Refused, match="Bring the key"):
        opening.open_set(here, here.manifest(one), None, tmp_path)


def test_contents_that_differ_from_what_was_backed_up_are_refused(here, tmp_path):
    one = add(here, stamp())
    folder = here.set(one)
    contents = {"tables": {}, "uploads": {}, "files": {"database.dump": {"sha256": "0", "size": 4}}}
    (folder / manifests.CONTENTS).write_text(json.dumps(contents))
    told = json.loads((folder / manifests.NAME).read_text())
    known = files.digest(folder / manifests.CONTENTS)
    told["files"][manifests.CONTENTS] = {"sha256": known.sha256, "size": known.size}
    (folder / manifests.NAME).write_text(json.dumps(manifests.signed(told)))
    with pytest.raises(Damaged, match="not what was backed up"):
        opening.open_set(here, here.manifest(one), None, tmp_path)


def test_secrets_come_back_but_a_host_knows_itself_where_its_database_is():
    theirs = "# of the set\nSTUDIUM_SECRET_KEY=old\nDATABASE_URL=postgresql://elsewhere/x\n"
    merged = restoring.with_own(theirs, {"DATABASE_URL": "postgresql:///studium", "X": "y"})
    assert "STUDIUM_SECRET_KEY=old" in merged
    assert "elsewhere" not in merged
    assert "DATABASE_URL=postgresql:///studium\n" in merged
    assert "X=y" not in merged


def test_what_a_folder_held_goes_aside_and_the_folder_stays_itself(tmp_path):
    place, new, aside = tmp_path / "media", tmp_path / "new", tmp_path / "aside"
    for folder, word in ((place, "old"), (new, "new")):
        folder.mkdir()
        (folder / f"{word}.txt").write_text(word)
    place.chmod(0o2750)
    inode = place.stat().st_ino
    restoring._exchange(new, place, aside)
    assert place.stat().st_ino == inode
    assert [path.name for path in place.iterdir()] == ["new.txt"]
    assert (aside / "old.txt").read_text() == "old"


def test_facts_of_a_host_have_defaults_that_suit_a_host():
    assert Facts().folder.is_absolute()
    assert Facts().copied.name == "copies.json"
