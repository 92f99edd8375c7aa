"""`make test` never hides what failed or could not run."""

import sys
from dataclasses import replace

import pytest

from laptop import rings
from laptop.console import Console
from laptop.errors import LaptopError
from laptop.layout import CLONE, Clone
from laptop.packages import Package
from laptop.rings import Result, Ring

REPORT = """<?xml version="1.0"?><testsuites>
<testsuite name="pytest" tests="7" failures="1" errors="1" skipped="2"/></testsuites>"""
TESTS = Ring("unit", ("pytest",), tests="tests/unit")
TOOL = Ring("lint", ("make", "lint"))


@pytest.fixture
def report(tmp_path):
    file = tmp_path / "report.xml"
    file.write_text(REPORT)
    return file


def test_the_counts_are_those_of_the_report(report):
    result = rings.counted(TESTS, 1, report, 2.0)
    assert (result.passed, result.failed, result.skipped) == (3, 2, 2)
    assert result.verdict == "FAILED"


def test_a_ring_that_ended_badly_failed_even_when_no_test_did(report, tmp_path):
    report.write_text(REPORT.replace('failures="1" errors="1"', 'failures="0" errors="0"'))
    assert rings.counted(TESTS, 3, report, 1.0).failed == 1
    assert rings.counted(TESTS, 5, tmp_path / "none.xml", 1.0).verdict == "FAILED"


def test_a_report_that_breaks_off_is_a_failure(report):
    report.write_text(REPORT[:40])
    assert rings.counted(TESTS, 1, report, 1.0).failed == 1


def test_a_tool_counts_as_one_test(tmp_path):
    assert rings.counted(TOOL, 0, tmp_path, 1.0).passed == 1
    assert rings.counted(TOOL, 2, tmp_path, 1.0).failed == 1


def test_the_last_line_is_the_sum_over_the_rings():
    results = [
        Result("lint", 1),
        Result("unit", 200, 3, 1),
        Result("browser", reason="no chromium"),
    ]
    assert rings.total(results) == "201 passed, 3 failed"


def test_the_table_says_why_a_ring_could_not_run():
    lines = rings.table([Result("browser", reason="chromium not installed")])
    assert lines[-1].strip() == "could not run: chromium not installed"
    assert "skipped" in lines[-2]


def test_a_ring_whose_needs_are_unmet_names_the_line_to_type():
    gone = Package("gone", "the test wants it", lambda: False)
    assert rings.lack(TESTS) == ""
    assert "apt-get install -y --no-install-recommends gone" in rings.lack(
        replace(TESTS, needs=(gone,))
    )


def test_all_rings_run_when_nothing_is_asked():
    chosen, path = rings.choose(Clone(CLONE), [])
    assert (chosen, path) == (list(rings.RINGS), "")


def test_a_name_chooses_its_rings_and_a_path_those_that_hold_it():
    assert [ring.name for ring in rings.choose(Clone(CLONE), ["integration"])[0]] == [
        "integration, SQLite",
        "integration, PostgreSQL",
    ]
    chosen, path = rings.choose(Clone(CLONE), ["tests/unit/laptop/test_rings.py::test_x"])
    assert ([ring.name for ring in chosen], path) == (
        ["unit"],
        "tests/unit/laptop/test_rings.py::test_x",
    )


@pytest.mark.parametrize("wrong", ["tests/nowhere", "Makefile", "units"])
def test_what_is_no_test_is_refused_with_the_list(wrong):
    with pytest.raises(LaptopError, match=r"unit|tests/"):
        rings.choose(Clone(CLONE), [wrong])


def test_every_folder_of_tests_belongs_to_a_ring_or_has_a_target_of_its_own():
    folders = {path.name for path in (CLONE / "tests").iterdir() if any(path.glob("**/test_*.py"))}
    in_rings = {ring.tests.removeprefix("tests/") for ring in rings.RINGS if ring.tests}
    assert folders <= in_rings | {"fleet", "benchmarks", "containers"}


def test_a_rings_output_is_shown_and_kept(tmp_path, capfdbinary):
    log = tmp_path / "ring.log"
    code = rings.tee([sys.executable, "-c", "print('hello'); exit(3)"], log, {}, tmp_path)
    assert code == 3
    assert log.read_bytes() == b"hello\n"


def test_a_failing_ring_makes_the_command_fail(clone, tmp_path, monkeypatch, capsys):
    ring = Ring("tool", (sys.executable, "-c", "exit(1)"))
    monkeypatch.setattr(rings, "RINGS", (ring,))
    monkeypatch.setattr(rings.environment, "ensure", lambda *_: tmp_path)
    monkeypatch.setattr(rings, "prepare", lambda *_: {})
    assert rings.test(clone, Console(), []) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"
