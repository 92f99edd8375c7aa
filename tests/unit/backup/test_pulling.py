"""Copies on another host: taken whole, checked, thinned out, and never at the site's mercy."""

import dataclasses
import io
import json

import pytest
from tests.unit.backup.conftest import add, conversation, stamp, state
from tests.unit.backup.test_store import flip

from backup import files, manifests, pulling
from backup.errors import BackupError
from backup.gate import TAKES, Gate, main

pytestmark = pytest.mark.usefixtures("reached")


@pytest.fixture
def said():
    return []


@pytest.fixture
def pull(source, said):
    return lambda given=source: pulling.pull(given, said.append)


def test_a_set_is_taken_whole_and_the_site_learns_of_it(here, there, facts, pull, source):
    one = add(here, stamp(3), uploads=(b"photo", b"film"))
    assert pull()
    assert there.check(one).objects == here.check(one).objects
    assert state(source) | {"at": ""} == {"at": "", "sets": [one], "damaged": {}, "alarms": []}
    assert files.read_json(facts.copied)["store"]["set"] == one


def test_what_is_held_already_is_not_taken_again(here, there, pull, said):
    add(here, stamp(30))
    pull()
    second = add(here, stamp(3))
    said.clear()
    assert pull()
    assert [line for line in said if line.startswith("took")] == [
        f"took {second}: 3 rows, {here.manifest(second).size} bytes"
    ]
    assert len(list(there.objects.glob("??/*"))) == 1


def test_what_the_site_deletes_stays_here(here, there, pull):
    one = add(here, stamp(3))
    pull()
    files.remove(here.folder)
    here.prepare()
    assert pull()
    assert there.check(one)


def test_what_the_site_writes_over_stays_here(here, there, pull):
    one = add(here, stamp(3), dump=b"true")
    pull()
    files.remove(here.set(one))
    add(here, one, dump=b"false")
    pull()
    assert (there.set(one) / "database.dump").read_bytes() == b"true"


@pytest.mark.parametrize("age_h", [-48, 60])
def test_dates_cannot_push_out_what_is_held(here, there, pull, age_h):
    """A set of the future, or one that is older than what is held, is not taken."""
    one = add(here, stamp(3))
    pull()
    add(here, stamp(age_h))
    pull()
    assert there.ids() == [one]


def test_a_set_that_is_damaged_over_there_is_not_taken_and_rings(here, there, pull, source):
    first = add(here, stamp(30))
    pull()
    second = add(here, stamp(3))
    flip(here.set(second) / "database.dump")
    assert not pull()
    assert there.ids() == [first]
    assert "another checksum" in state(source)["alarms"][0]


def test_a_set_of_another_site_is_not_taken(here, there, pull):
    add(here, stamp(3), site="production")
    assert not pull()
    assert there.ids() == []


@pytest.mark.parametrize("recipient", ["", "age1pretended"])
def test_nothing_in_the_clear_is_written_here(here, there, pull, source, recipient):
    """Whatever the manifest says: the first bytes of a file decide."""
    add(here, stamp(3), recipient=recipient, dump=b"in the clear")
    assert not pull(dataclasses.replace(source, takes_plain=False))
    assert "not encrypted" in state(source)["alarms"][0]
    assert [path for path in there.folder.rglob("*") if path.is_file()] == [there.folder / "lock"]


def test_a_copy_that_went_bad_here_is_mended_while_the_site_has_it(here, there, pull, said):
    one = add(here, stamp(3))
    pull()
    flip(there.set(one) / "database.dump")
    [name] = there.manifest(one).objects
    flip(there.object(name))
    assert not pull()  # it says so once
    assert there.check(one)
    assert pull()


def test_a_copy_that_went_bad_and_is_nowhere_else_rings_each_time(here, there, pull, source):
    one = add(here, stamp(30))
    pull()
    files.remove(here.set(one))
    add(here, stamp(3))
    flip(there.set(one) / "database.dump")
    for _ in range(2):
        assert not pull()
        assert list(state(source)["damaged"]) == [one]


def test_copies_that_are_too_old_ring(here, pull, source, said):
    add(here, stamp(40))
    assert not pull()
    assert "40 h old; 36 h are allowed" in state(source)["alarms"][0]
    assert said[-1].startswith("ALARM: ")


def test_a_site_that_cannot_be_reached_rings_only_when_it_has_been_long(
    here, there, pull, source, monkeypatch
):
    add(here, stamp(3))
    pull()

    def gone(_):
        raise BackupError("ssh ended")

    monkeypatch.setattr(pulling, "calling", gone)
    assert not pull()
    assert state(source)["alarms"] == ["10.0.0.1: ssh ended"]
    assert len(there.ids()) == 1


def test_an_interrupted_copy_leaves_nothing_half(here, there, source, facts, pull):
    one = add(here, stamp(3))
    (here.set(one) / "database.dump").unlink()
    assert not pull()
    assert there.ids() == []
    assert list(there.sets.iterdir()) == []


def test_old_copies_are_thinned_out(here, there, pull):
    for days in range(60, 0, -1):
        add(here, stamp(24 * days))
    pull()
    assert len(there.ids()) < 30
    files.remove(here.folder)
    here.prepare()
    pull()
    assert 20 < len(there.ids()) < 30


@pytest.mark.parametrize(
    "line",
    [
        "file ../../../etc/passwd manifest.json",
        "file SET ../../index.json",
        "file SET lock",
        "file .draft-SET database.dump",
        "object ../index.json",
        "object 5891",
        "holds ../../x",
        "holds 20200101T000000Z",
        "delete SET",
        "sets extra",
        "",
        "file SET database.dump; id",
    ],
)
def test_the_gate_takes_nothing_else(here, facts, line):
    one = add(here, stamp(3))
    out = io.BytesIO()
    Gate(facts, "store", out).serve(io.BytesIO(f"{line.replace('SET', one)}\n".encode()))
    assert out.getvalue().decode() == f"no {TAKES}\n"
    assert here.check(one)


def test_the_gate_follows_no_link_out_of_a_set(here, facts, tmp_path):
    one = add(here, stamp(3))
    (tmp_path / "secret").write_text("secret")
    (here.set(one) / "database.dump").unlink()
    (here.set(one) / "database.dump").symlink_to(tmp_path / "secret")
    with conversation(facts) as line, pytest.raises(BackupError, match="symbolic links"):
        line.small("file", one, "database.dump")


@pytest.mark.parametrize("asked", ["", "sh", "pull; id", "pull x", "scp -t /", "sets", "PULL"])
def test_a_key_may_ask_for_one_thing(asked, capsys):
    assert main(["store"], {"SSH_ORIGINAL_COMMAND": asked}) == 1
    assert "Nothing else" in capsys.readouterr().err


def test_a_key_without_a_name_reaches_nothing(capsys):
    for names in ([], ["../x"], ["a", "b"], [""]):
        assert main(names, {"SSH_ORIGINAL_COMMAND": "pull"}) == 1


def test_a_lying_size_fills_no_disk(here, there, pull, source):
    one = add(here, stamp(3))
    manifest = here.set(one) / manifests.NAME
    told = json.loads(manifest.read_text())
    told["files"]["database.dump"]["size"] = 10**18
    manifest.write_text(json.dumps(manifests.signed(told)))
    assert not pull()
    assert "no room" in state(source)["alarms"][0]
