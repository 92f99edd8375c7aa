"""What stands against a move, and that the old host goes on whatever fails."""

import pytest
from invoke.exceptions import Exit

from reach import moving
from reach.moving import Move

OLD = {
    "host": "old",
    "site": "staging",
    "branch": "staging",
    "names": ["staging.example.org"],
    "postgresql": "15.20",
    "database": 100 << 20,
    "uploads": 50 << 20,
    "free": 9 << 30,
    "free_for_backups": 9 << 30,
    "networks": "define site_networks = { 10.0.0.0/8 }",
    "holds": ["35 tables"],
    "commit": "c0ffee",
    "certificate": "notAfter=…",
    "time": 0.0,
}
NEW = OLD | {"host": "new", "holds": [], "commit": ""}


def test_a_prepared_empty_host_is_fit():
    assert [*moving.differences(OLD, NEW), *moving.room(OLD, NEW)] == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({}, {"site": "production"}, "site: staging there, production"),
        ({}, {"names": ["x"]}, "Correct its inventory"),
        ({}, {"postgresql": "14.2"}, "cannot go back to 14.2"),
        ({}, {"holds": ["35 tables"]}, "Move to a host without data"),
        ({}, {"networks": "define site_networks = { 0.0.0.0/0 }"}, "networks"),
        ({"commit": ""}, {}, "nothing to move"),
    ],
)
def test_what_differs_stands_against_it(old, new, said):
    found = list(moving.differences(OLD | old, NEW | new))
    assert len(found) == 1
    assert said in found[0]


def test_a_newer_postgresql_is_no_hindrance():
    assert list(moving.differences(OLD, NEW | {"postgresql": "17.1"})) == []


def test_both_hosts_need_room():
    assert len(list(moving.room(OLD, NEW | {"free": 1 << 20}))) == 1
    assert len(list(moving.room(OLD | {"free_for_backups": 1 << 20}, NEW))) == 1


@pytest.mark.parametrize(("theirs", "fits"), [(100.5, True), (104.0, True), (107.0, False)])
def test_a_clock_that_is_off_stands_against_it(theirs, fits):
    assert (list(moving.clocks({"host": "new", "time": theirs}, 100.0, 101.0)) == []) == fits


class Heard:
    """A host that writes down what it is told, and fails at one thing."""

    def __init__(self, host, fails_at=""):
        self.host, self.fails_at, self.told = host, fails_at, []

    def do(self, *words):
        self.told.append(" ".join(words))
        if self.fails_at and self.fails_at in self.told[-1]:
            raise Exit(f"{self.host}: {self.told[-1]} failed.")

    def answer(self, *words):
        self.do(*words)
        return "20261121T021700Z\n"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("copy", ""),
        ("", "--rehearse"),
        ("no-upload", ""),
        ("new server on", ""),
        ("stop", ""),
        ("freeze", ""),
        ("", "restore 20261121T021700Z"),
        ("leave", ""),
    ],
)
def test_whatever_fails_the_old_host_serves_again(monkeypatch, source, target):
    monkeypatch.setattr(moving.roots, "stream", lambda *_: "")
    old, new = Heard("root@old", source), Heard("root@10.0.0.2", target)
    with pytest.raises(Exit, match="failed"):
        moving.carry_out(Move("staging", old, new, message="new server"))
    assert "studium-backup stay" in old.told
    assert "maintenance off" in old.told[-2]
    assert old.told[-1] == "studium-backup forget"


def test_a_move_closes_the_old_host_before_the_last_copy_and_opens_nothing_there(monkeypatch):
    monkeypatch.setattr(moving.roots, "stream", lambda *_: "")
    old, new = Heard("root@old"), Heard("root@10.0.0.2")
    moving.carry_out(Move("staging", old, new))
    told = [
        word
        for line in old.told
        for word in ("copy", "freeze", "no-upload", "leave")
        if word in line
    ]
    assert told == ["copy", "no-upload", "copy", "freeze", "copy", "leave"]
    assert not [line for line in old.told if "maintenance off" in line or "stay" in line]
    assert [line for line in new.told if "restore" in line] == [
        "studium-backup restore 20261121T021700Z --rehearse",
        "studium-backup restore 20261121T021700Z",
    ]
