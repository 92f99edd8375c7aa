"""`make fleet` runs as root, only when it is needed, and says why when it cannot."""

import subprocess
from dataclasses import replace

import pytest

from laptop import fleet, packages, rings
from laptop.layout import Clone
from laptop.rings import FLEET, Ring


@pytest.fixture
def clone(tmp_path):
    def git(*words):
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        done = subprocess.run(
            ["git", *who, "-C", tmp_path, *words], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "Begin")
    (tmp_path / ".gitignore").write_text("/.state/\n")
    return Clone(tmp_path), git


def commit(clone, git, name):
    before = git("rev-parse", "HEAD")
    (clone.root / name).parent.mkdir(parents=True, exist_ok=True)
    (clone.root / name).write_text("something")
    git("add", "--all")
    git("commit", "-q", "-m", f"Change {name}")
    return before


@pytest.mark.parametrize(
    ("name", "is_needed"),
    [
        ("deploy/pipeline/x.py", True),
        ("ansible/site.yml", True),
        ("tests/fleet/test_x.py", True),
        ("requirements/deployed.txt", True),
        ("app/lab/views.py", False),
        ("docs/deploy.md", False),
    ],
)
def test_a_fleet_is_needed_when_what_makes_a_host_has_changed(clone, name, is_needed):
    before = commit(*clone, name)
    assert fleet.changed(clone[0], before) == is_needed


def test_nobody_knows_since_when_so_it_is_needed(clone):
    assert fleet.changed(clone[0], "0" * 40)


def test_a_commit_that_looks_like_an_option_is_none(clone):
    written = clone[0].root / "written"
    assert fleet.changed(clone[0], f"--output={written}")
    assert not written.exists()


def test_the_ring_in_make_test_is_the_subset_and_a_path_is_run_as_it_is(tmp_path):
    assert FLEET in rings.RINGS
    assert FLEET.argv(tmp_path)[-3:] == ["-m", "subset", "tests/fleet"]
    path = "tests/fleet/test_front.py"
    assert "subset" not in FLEET.argv(tmp_path, path)
    assert fleet.whole().argv(tmp_path)[-1] == "tests/fleet"
    assert "subset" not in fleet.whole().argv(tmp_path)


def test_without_root_a_ring_that_wants_it_installs_nothing_and_says_how(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert rings.lack(FLEET) == "root is needed: sudo make fleet"


def test_by_sudo_our_own_programs_come_first(monkeypatch):
    monkeypatch.setattr(packages, "become_root", lambda: ["/usr/bin/sudo", "-n"])
    ring = fleet.as_root(FLEET, {"PATH": "/ours:/usr/bin", "PYTHONPATH": "/app"})
    first = ["/usr/bin/sudo", "-n", "--preserve-env", "env", "PATH=/ours:/usr/bin"]
    assert list(ring.command[:5]) == list(ring.ability[:5]) == first
    assert ring.command[-4:] == ("-p", "no:randomly", "-p", "no:cacheprovider")


def test_a_ring_says_itself_why_the_machine_cannot_run_it(clone):
    ring = Ring("x", ("true",), ability=("sh", "-c", "echo no such luck >&2; exit 1"))
    assert rings.refusal(ring, clone[0], {"PATH": "/usr/bin:/bin"}) == "no such luck"
    assert rings.refusal(replace(ring, ability=("true",)), clone[0], {"PATH": "/usr/bin"}) == ""
    assert rings.refusal(replace(ring, ability=()), clone[0], {}) == ""
