"""The developer's environment is addressed by what is in it, and old ones go."""

import os

from laptop import environment
from laptop.layout import Clone


def test_another_lock_file_is_another_environment(tmp_path):
    (tmp_path / "requirements").mkdir()
    lock = tmp_path / environment.REQUIREMENTS
    lock.write_text("one")
    first = environment.folder(Clone(tmp_path))
    assert environment.folder(Clone(tmp_path)) == first
    lock.write_text("two")
    assert environment.folder(Clone(tmp_path)) != first


def test_only_the_environments_built_last_stay(tmp_path):
    for number, name in enumerate("abcd"):
        (tmp_path / name).mkdir()
        (tmp_path / name / environment.DONE).touch()
        os.utime(tmp_path / name / environment.DONE, (number, number))
        (tmp_path / f"{name}.lock").touch()
    (tmp_path / "half-built").mkdir()
    environment.prune(tmp_path, keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "c",
        "c.lock",
        "d",
        "d.lock",
        "half-built",
    ]


def test_somebodys_own_virtual_environment_is_left_alone(tmp_path):
    (tmp_path / ".venv").mkdir()
    environment.link(Clone(tmp_path), tmp_path / "place")
    assert not (tmp_path / ".venv").is_symlink()


def test_the_link_follows_the_environment(tmp_path):
    environment.link(Clone(tmp_path), tmp_path / "one")
    environment.link(Clone(tmp_path), tmp_path / "two")
    assert (tmp_path / ".venv").readlink() == tmp_path / "two"


def test_a_tool_finds_its_own_programs_first_and_our_sources(tmp_path, monkeypatch):
    monkeypatch.setenv("MAKEFLAGS", "s")
    env = environment.variables(Clone(tmp_path), tmp_path / "place")
    assert env["PATH"].startswith(f"{tmp_path}/place/bin:")
    assert env["PYTHONPATH"] == f"{tmp_path}/app:{tmp_path}/deploy"
    assert "MAKEFLAGS" not in env
