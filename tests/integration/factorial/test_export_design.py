"""``manage.py export_design``: folders that are there whole or not at all."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from tests.factories import accounts, designs, lightmill
from tests.factories import factorial as make

from factorial.services.exports import folder


@pytest.fixture
def run(design):
    run = make.attempt(design, "S0")
    make.log(run, 0, 0, {"duration": 7, "hit": True}, [{"pointer.x": 1.5}, {"pointer.x": 2}])
    return run


def export(to, *words, name="pointing"):
    call_command("export_design", name, "--to", str(to), *words)
    return to / name


def rows(file):
    return list(csv.DictReader(file.read_text().splitlines()))


def names(place):
    return sorted(str(file.relative_to(place)) for file in place.rglob("*") if file.is_file())


def test_a_folder_has_its_tables_their_dictionary_a_manifest_and_sums(run, tmp_path):
    place = export(tmp_path)
    assert names(place) == [
        "SHA256SUMS", "dictionary.csv", "dictionary.json", "events.csv", "manifest.json",
        "trials.csv",
    ]  # fmt: skip
    sums = [line.split("  ") for line in (place / "SHA256SUMS").read_text().splitlines()]
    assert all(
        hashlib.sha256((place / name).read_bytes()).hexdigest() == found for found, name in sums
    )
    manifest = json.loads((place / "manifest.json").read_text())
    counted = {each["name"]: each["rows"] for each in manifest["files"]}
    assert counted["trials.csv"] == len(rows(place / "trials.csv")) == 8
    assert counted["events.csv"] == len(rows(place / "events.csv")) == 2
    assert manifest["design"]["planned_runs"] == 2


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
def test_every_table_is_written_in_every_form(run, tmp_path, form):
    words = [word for what in ("trials", "events", "joined") for word in ("--what", what)]
    place = export(tmp_path, *words, "--form", form)
    assert {f"{what}.{form}" for what in ("trials", "events", "joined")} <= set(names(place))


def test_the_form_of_lightmill_has_its_files_and_the_names_of_its_columns(run, tmp_path):
    place = export(tmp_path, "--form", "lightmill")
    assert [name for name in names(place) if name.endswith(".csv") and "dict" not in name] == [
        "pointing-events.csv", "pointing.csv", "runs/S0.csv", "runs/S1.csv",
    ]  # fmt: skip
    trials = rows(place / "pointing.csv")
    assert trials[0] == {
        "Experiment Name": "Pointing", "Run Id": "S0", "Block Number": "0", "Trial Number": "0",
        "Practice": "1", "Technique": "mouse", "SIZE": "8", "duration": "7", "hit": "1",
    }  # fmt: skip
    assert len(trials) == 8
    assert rows(place / "runs" / "S0.csv") == trials[:4]
    events = rows(place / "pointing-events.csv")
    assert [(row["Event Number"], row["Technique"], row["pointer.x"]) for row in events] == [
        ("0", "mouse", "1.5"),
        ("1", "mouse", "2"),
    ]


def test_a_second_export_takes_the_place_of_the_first(run, tmp_path):
    export(tmp_path)
    make.log(run, 0, 1, {"duration": 8})
    place = export(tmp_path)
    assert [row["duration"] for row in rows(place / "trials.csv")[:2]] == ["7", "8"]
    assert {each.name for each in tmp_path.iterdir()} == {"pointing", ".pointing.lock"}


def test_what_is_no_export_is_not_replaced(run, tmp_path):
    (tmp_path / "pointing").mkdir()
    (tmp_path / "pointing" / "thesis.tex").write_text("years")
    with pytest.raises(CommandError, match="no export of a design"):
        export(tmp_path)
    assert (tmp_path / "pointing" / "thesis.tex").read_text() == "years"


def test_two_at_once_do_not_write_into_one_another(run, design, tmp_path):
    with (
        folder.Folder(design, tmp_path, folder.Wish(), "csv")._alone(),
        pytest.raises(CommandError, match="Another process"),
    ):
        export(tmp_path)


def test_what_ends_in_the_middle_leaves_what_was_there(run, tmp_path, monkeypatch):
    place = export(tmp_path)
    before = {name: (place / name).read_bytes() for name in names(place)}

    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("runs.services.files.on_disk", no_space)
    with pytest.raises(CommandError, match="No space left"):
        export(tmp_path)
    assert {name: (place / name).read_bytes() for name in names(place)} == before
    assert {each.name for each in tmp_path.iterdir()} == {"pointing", ".pointing.lock"}


def test_an_end_between_the_two_renames_is_put_right_by_the_next(run, design, tmp_path):
    place = export(tmp_path)
    place.rename(tmp_path / ".pointing.old")
    (tmp_path / ".pointing.part").mkdir()
    (tmp_path / ".pointing.part" / "trials.csv").write_text("half")
    folder.Folder(design, tmp_path, folder.Wish(), "csv")._recover()
    assert (place / "manifest.json").is_file()
    assert {each.name for each in tmp_path.iterdir()} == {"pointing", ".pointing.lock"}


KILLED = """
import sys, time
from pathlib import Path
sys.path[:0] = {paths!r}
from factorial.services.exports.folder import Folder
class Slow(Folder):
    def _fill(self, what):
        (self._part / "trials.csv").write_text("half")
        print("begun", flush=True)
        time.sleep(60)
class Named:
    code = "pointing"
Slow(Named(), Path({to!r}), None, "csv").write([])
"""


def test_a_process_that_is_killed_leaves_what_was_there_and_no_lock(run, design, tmp_path):
    place = export(tmp_path)
    before = {name: (place / name).read_bytes() for name in names(place)}
    program = "import django; django.setup()\n" + KILLED.format(paths=sys.path, to=str(tmp_path))
    around = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path),
                           "DJANGO_SETTINGS_MODULE": "config.settings.test"}  # fmt: skip
    words = [sys.executable, "-c", program]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=around) as process:
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert {name: (place / name).read_bytes() for name in names(place)} == before
    assert (tmp_path / ".pointing.part").exists()
    export(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {"pointing", ".pointing.lock"}


def test_the_form_of_lightmill_has_the_logs_of_clients_of_2025_too(project, tmp_path):
    lightmill.host(project)
    host = lightmill.Api().begin("host", Authorization=lightmill.basic("hanna"))
    api = lightmill.Api().begin()
    run = api.new_run(host.new_experiment(), "p1")
    lightmill.made(api.add(run, 1, {"time": 412}))
    found = rows(export(tmp_path, "--form", "lightmill") / "pointing-logs.csv")
    assert [(row["run"], row["number"], row["time"]) for row in found] == [("p1", "1", "412")]


def test_a_name_that_no_design_has_and_one_that_several_have_are_told(design, alice, tmp_path):
    with pytest.raises(CommandError, match="There is no design"):
        export(tmp_path, name="nothing")
    birch = accounts.project(accounts.lab("Cedar"))
    designs.design(birch)
    with pytest.raises(CommandError, match="alder/pointing, cedar/pointing"):
        export(tmp_path)
    call_command("export_design", "cedar/pointing", "--to", str(tmp_path))
    assert (tmp_path / "cedar" / "pointing").is_dir()


def test_all_designs_are_written_each_into_a_folder_of_its_own(design, alice, tmp_path):
    birch = accounts.project(accounts.lab("Cedar"))
    designs.design(birch)
    designs.design(birch, code="tapping")
    call_command("export_design", "--all", "--to", str(tmp_path))
    places = ["alder/pointing", "cedar/pointing", "tapping"]
    labs = [json.loads((tmp_path / each / "manifest.json").read_text())["design"]["lab"]
            for each in places]  # fmt: skip
    assert labs == ["alder", "cedar", "cedar"]
    with pytest.raises(CommandError, match="--all"):
        call_command("export_design", "--to", str(tmp_path))


@pytest.mark.parametrize(
    ("code", "name"), [("a/../b", "a%2F..%2Fb"), ("..", "%2E."), ("%", "%25"), ("é a", "é a")]
)
def test_an_id_is_never_a_way_out_of_the_folder(code, name):
    assert folder.safe(code) == name


def test_long_ids_that_differ_have_names_that_differ():
    first, second = folder.safe("é" * 200 + "1"), folder.safe("é" * 200 + "2")
    assert first != second
    assert len(first.encode()) <= 150
