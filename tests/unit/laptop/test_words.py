"""What a person reads: steps with their seconds, logs as they grow, sizes and ages."""

import io
import os

import pytest

from laptop import console, logs, overview
from laptop.console import Console
from laptop.errors import LaptopError, StepFailed
from laptop.logs import Source


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_step_in_a_log_says_its_start_and_its_end_on_lines_of_their_own():
    out = io.StringIO()
    with Console(out).step("compile"):
        pass
    first, last = out.getvalue().splitlines()
    assert first == "   … compile"
    assert last.startswith("   ✓ compile (")


def test_a_long_step_shows_that_it_goes_on(monkeypatch):
    monkeypatch.setattr(console, "TERMINAL_TICK_S", 0.01)
    out = Terminal()
    with Console(out).step("compile"):
        while "… compile 0." not in out.getvalue():
            pass
    assert out.getvalue().endswith(")\n")


def test_a_failed_step_is_not_marked_as_done():
    out = io.StringIO()
    with pytest.raises(LaptopError), Console(out).step("compile"):
        raise LaptopError
    assert "   failed compile" in out.getvalue()


def test_a_failed_command_shows_the_end_of_its_log(tmp_path):
    log = tmp_path / "logs" / "one.log"
    with pytest.raises(StepFailed, match=r"\| no such thing"):
        console.run_logged(["sh", "-c", "echo no such thing; exit 3"], log)


@pytest.mark.parametrize(("value", "text"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1 min 01 s")])
def test_seconds_are_written_for_people(value, text):
    assert console.seconds(value) == text


def test_a_log_shows_its_end_and_then_whole_new_lines_only(tmp_path):
    file = tmp_path / "worker.log"
    file.write_text("1\n2\n3\n")
    source = Source("worker", file)
    assert source.last(2) == ["2", "3"]
    with file.open("a") as log:
        log.write("4\nhal")
    assert source.new() == ["4"]
    with file.open("a") as log:
        log.write("f\n")
    assert source.new() == ["half"]


def test_a_rotated_log_is_read_from_its_start(tmp_path):
    file = tmp_path / "worker.log"
    file.write_text("long old content\n")
    source = Source("worker", file)
    source.last(1)
    file.write_text("new\n")
    assert source.new() == ["new"]


def test_bytes_that_are_no_text_do_not_stop_a_log(tmp_path):
    file = tmp_path / "worker.log"
    file.write_bytes(b"\xff\n")
    source = Source("worker", file)
    assert len(source.last(5)) == 1
    with file.open("ab") as log:
        log.write(b"next\n")
    assert source.new() == ["next"]


def test_logs_of_a_clone_without_sites_say_what_to_do(clone):
    with pytest.raises(LaptopError, match="make up"):
        logs.show(clone, site="", only="", lines=5, follow=False)


def test_logs_are_chosen_by_site_and_by_name(clone, sites, capsys):
    for site in sites:
        site.logs.mkdir()
        (site.logs / "worker.log").write_text(f"worker of {site.name}\n")
        (site.logs / "cron.log").write_text(f"cron of {site.name}\n")
    logs.show(clone, site="staging", only="worker", lines=5, follow=False)
    out = capsys.readouterr().out
    assert "worker of staging" in out
    assert "cron" not in out
    assert "production" not in out


def test_a_file_with_two_names_takes_its_room_once(tmp_path):
    (tmp_path / "one").write_bytes(b"x" * 100_000)
    os.link(tmp_path / "one", tmp_path / "two")
    assert overview.size(tmp_path) == (tmp_path / "one").stat().st_blocks * 512


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3 seconds"), (150, "2 minutes"), (7200, "2 hours"), (200_000, "2 days")],
)
def test_an_age_is_written_for_people(value, text):
    assert overview.age(value) == text
