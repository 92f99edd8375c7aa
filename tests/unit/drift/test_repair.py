"""A repair that ends in the middle, wherever that is, is undone as a whole."""

import pytest

from drift import emperor, files, repair
from drift.findings import Finding
from drift.repair import plan_of
from drift.validate import Coming, firewall, nginx

RULES = [f"/etc/nginx/studium/{name}.conf" for name in "abc"]
EVIL = "/etc/systemd/system/nginx.service.d/x.conf"


def tree(host):
    """Return everything in /etc: content, mode, and where links lead."""
    found = {}
    for path in sorted((host.root / "etc").rglob("*")):
        known = path.readlink() if path.is_symlink() else path.stat().st_mode
        found[str(path)] = (known, path.read_bytes() if path.is_file() else b"")
    return found


@pytest.fixture
def edited(host):
    """A host on which one file was edited, one is gone, one is a link, and one came."""
    for path in RULES:
        host.declare(path, f"{path};\n")
    host.files["/etc/nginx/more"] = {"kind": "folder", "mode": "0755"}
    host.keep()
    host.write(RULES[0], "mine;\n", mode=0o600)
    (host.root / RULES[1].strip("/")).unlink()
    (host.root / RULES[2].strip("/")).unlink()
    (host.root / RULES[2].strip("/")).symlink_to("/etc/passwd")
    host.write(EVIL, "[Service]\n")
    return host


def plan(host):
    declared = host.store.load()
    found = [
        *files.compare(host.machine, declared, host.store),
        *files.strays(host.machine, declared),
    ]
    return plan_of(host.store, found)


def test_a_plan_installs_what_is_declared_and_takes_away_what_is_not(edited):
    made = plan(edited)
    assert [one.path for one in made.installed] == ["/etc/nginx/more", *RULES]
    assert made.gone == (EVIL,)


def test_what_is_for_a_persons_hand_is_in_no_plan(host):
    host.keep()
    by_hand = [
        Finding("person", "eve", "is in the group sudo", remedy="gpasswd"),
        Finding("content", "/etc/x", "differs", remedy="reinstall"),
    ]
    assert plan_of(host.store, by_hand).is_empty()


@pytest.mark.parametrize("steps", range(5))
def test_an_interrupted_repair_is_undone(edited, steps):
    before = tree(edited)
    made = plan(edited)
    repair._back_up(edited.store, made)
    cut = repair.Plan(made.declared, made.installed[:steps], made.gone[: steps // 2], made.units)
    assert repair._install(edited.store, cut) == []
    said = repair.undo_interrupted(edited.store)
    assert f"put back  {RULES[0]}" in said
    assert tree(edited) == before
    assert repair.undo_interrupted(edited.store) == []


def test_a_whole_repair_makes_it_as_declared(edited):
    made = plan(edited)
    repair._back_up(edited.store, made)
    assert repair._install(edited.store, made) == []
    assert plan(edited).is_empty()


def test_backups_are_not_kept_for_ever(edited, monkeypatch):
    monkeypatch.setattr(repair, "KEPT", 1)
    made = plan(edited)
    old = edited.store.home / "backups" / "20200101T000000Z"
    old.mkdir(parents=True)
    repair._back_up(edited.store, made)
    assert not old.exists()


def test_a_secret_that_was_removed_comes_back_and_one_that_was_changed_stays(host):
    path = "/srv/studium/secrets.env"
    host.declare(path, "A=first\n", mode="0640", sha1="")
    host.keep()
    place = host.write(path, "A=second\n", mode=0o644)
    repair._install(host.store, plan(host))
    assert (place.read_text(), place.stat().st_mode & 0o777) == ("A=second\n", 0o640)
    place.unlink()
    repair._install(host.store, plan(host))
    assert place.read_text() == "A=first\n"


def test_nothing_is_asked_of_nginx_or_the_firewall_when_they_do_not_change(host, tmp_path):
    coming = Coming({"/etc/cron.d/x": b"x"}, frozenset())
    assert [*nginx(host.machine, coming, tmp_path), *firewall(host.machine, coming, tmp_path)] == []


def test_the_bridge_runs_by_the_vassals_rules_at_a_socket_of_its_own():
    vassal = "[uwsgi]\nmodule = config.wsgi\nsocket = /run/studium/1.sock\nenv = A=b\n"
    vassal += "hook-accepting1-once = write:/run/studium/1.ready 1\n"
    rules = emperor.bridge_rules(vassal, "/run/studium/bridge.sock").splitlines()
    assert "socket = /run/studium/bridge.sock" in rules
    assert "exit-on-reload = true" in rules
    assert {"module = config.wsgi", "env = A=b"} <= set(rules)
    assert not [line for line in rules if "1.sock" in line or "1.ready" in line]
