"""What LightMill's three scripts ask of make and manage, in a folder whose two note it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NOTING = """#!/bin/sh
{ printf '%s' "PORT=${PORT:-} ${0##*/}"; printf ' <%s>' "$@"; echo; } >> "$NOTES"
case "$1" in import_design) exit "${IMPORT:-0}" ;; esac
"""


@pytest.fixture
def called(tmp_path):
    """Run a script in a clone of its own; return its result and what was asked for."""
    clone, tools, notes = tmp_path / "O'Hara's clone", tmp_path / "tools", tmp_path / "notes"
    sites = [clone / ".studium" / name / "bin" for name in ("staging", "production")]
    for folder in (clone, tools, *sites):
        folder.mkdir(parents=True)
    for name in ("configure.sh", "start.sh", "export.sh"):
        shutil.copy(ROOT / name, clone)
    for program in (tools / "make", *(folder / "manage" for folder in sites)):
        program.write_text(NOTING)
        program.chmod(0o755)

    def run(*words, **more):
        notes.write_text("")
        env = {"PATH": f"{tools}:{os.environ['PATH']}", "NOTES": str(notes)} | more
        done = subprocess.run([f"./{words[0]}", *words[1:]], cwd=clone, env=env, check=False,
                              capture_output=True, text=True)  # fmt: skip
        return done, notes.read_text().splitlines()

    run.clone = clone
    return run


def test_the_sites_are_started_and_nothing_is_imported_where_there_is_nothing(called):
    done, asked = called("start.sh")
    assert (done.returncode, asked) == (0, ["PORT= make <up>"])


def test_a_design_in_the_folder_is_imported_once_the_sites_are_up(called):
    (called.clone / "experiment.xml").touch()
    _, asked = called("start.sh", "-p", "8100")
    words = f"<import_design> <{called.clone}/experiment.xml> <--at-start>"
    assert asked == ["PORT=8100 make <up>", f"PORT=8100 manage {words}"]


def test_a_named_design_is_found_from_where_one_stands_and_options_go_along(called):
    words = ("-e", "Ann's design.xml", "--fixed-measures", "--volatile", "--force")
    done, asked = called("start.sh", *words, "--project", "alder/memory")
    assert done.returncode == 0
    assert asked[1] == (
        f"PORT= manage <import_design> <{called.clone}/Ann's design.xml> <--at-start> "
        "<--fixed-measures> <--pilot> <--project> <alder/memory>"
    )


def test_the_sites_run_on_where_a_design_cannot_be_imported(called):
    done, asked = called("start.sh", "-e", "bad.xml", IMPORT="2")
    assert (done.returncode, asked[0]) == (0, "PORT= make <up>")
    assert "The site runs without the design" in done.stderr


@pytest.mark.parametrize(
    "words",
    [("start.sh", "--nothing"), ("start.sh", "-e"), ("start.sh", "-d", "sqlite:///x"),
     ("export.sh", "--nothing"), ("export.sh", "-d", "x"), ("export.sh", "-o")],
)  # fmt: skip
def test_what_they_do_not_know_is_said_and_nothing_is_begun(called, words):
    done, asked = called(*words)
    assert (done.returncode, asked) == (2, [])
    assert done.stderr


@pytest.mark.parametrize("script", ["configure.sh", "start.sh", "export.sh"])
def test_they_say_how_they_are_used(called, script):
    done, asked = called(script, "--help")
    assert (done.returncode, asked) == (0, [])
    assert f"usage: ./{script}" in done.stdout


def test_every_design_is_exported_or_those_that_are_named(called):
    _, asked = called("export.sh", "-o", "out")
    words = f"<--to> <{called.clone}/out> <--form> <lightmill>"
    assert asked == [f"PORT= manage <export_design> <--all> {words}"]
    _, asked = called("export.sh", "--site", "staging", "one", "lab/it's two")
    words = f"<--to> <{called.clone}/export> <--form> <lightmill>"
    assert asked == [f"PORT= manage <export_design> <one> <lab/it's two> {words}"]


def test_without_a_site_nothing_is_exported_and_it_is_said_how_to_get_one(called):
    done, asked = called("export.sh", "--site", "elsewhere")
    assert (done.returncode, asked) == (1, [])
    assert "./start.sh makes" in done.stderr


def test_configuring_asks_only_when_it_is_told_to(called):
    assert called("configure.sh")[1] == ["PORT= make <configure> <DEFAULTS=1>"]
    assert called("configure.sh", "--ask")[1] == ["PORT= make <configure>"]
