"""The command line, as somebody types it."""

import json
import subprocess
import sys

import pytest
from tests.factories.touchstone import POINTING

from touchstone import table, xml
from touchstone.__main__ import main
from touchstone.design import Factor, Value
from touchstone.generator import generate
from touchstone.recipe import WITHIN, Level, Recipe
from touchstone.recipe_json import to_json

RECIPE = Recipe(
    "a", (Factor("T", (Value("x"), Value("y")), tag=WITHIN),), (Level(("T",), "all"),), 4
)


@pytest.fixture
def file(tmp_path):
    def written(text, name="design"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return written


def test_check_tells_what_a_design_is_like_and_what_is_worth_a_look(file, capsys):
    assert main(["check", file(POINTING)]) == 1
    said = capsys.readouterr().out
    assert said.startswith(
        "pointing: 2 factors, 3 measures\n1 runs, 2 blocks, 3 trials, 1 of pract"
    )
    assert "worth a look: The values of TECH do not come equally often." in said


def test_remarks_of_the_reader_go_to_the_error_output(file, capsys):
    main(["check", file("<experiment id='x'><run id='1'/></experiment>")])
    assert capsys.readouterr().err == "Line 1: The run '1' is empty; nobody can do it.\n"


def test_check_ends_well_where_nothing_is_worth_a_look(file, capsys):
    assert main(["check", file(xml.write(generate(RECIPE)))]) == 0


def test_check_says_all_of_it_as_json(file, capsys):
    main(["check", "--json", file(POINTING)])
    assert json.loads(capsys.readouterr().out)["trials"] == 3


@pytest.mark.parametrize(("form", "read"), [("xml", xml.read), ("csv", table.read)])
def test_convert_writes_the_same_design_in_another_format(file, capsys, form, read):
    path = file("<Fix(A={a,b},1)>")
    assert main(["convert", path, "--to", form, "--id", "ab", "--participants", "2"]) == 0
    design = read(capsys.readouterr().out.encode())
    assert [run.id for run in design.runs] == ["S0", "S1"]


def test_generate_makes_a_design_from_a_recipe(file, capsys):
    assert main(["generate", file(json.dumps(to_json(RECIPE)))]) == 0
    assert xml.read(capsys.readouterr().out.encode()) == generate(RECIPE)
    assert main(["generate", file(json.dumps(to_json(RECIPE))), "--to", "tsl"]) == 0
    assert capsys.readouterr().out == "< a = Complete(T = {x, y}, 1) >\n"


@pytest.mark.parametrize(
    ("words", "text", "said"),
    [
        (["check"], "<experiment id='x'>\n<run/></experiment>", ":2:1: A run needs an id."),
        (["generate"], "{", ":1:2: This is no JSON"),
        (["generate"], b"\xff", ":1: This is no JSON"),
        (["generate"], "{}", ":id: This is missing."),
        (["generate"], "[" * 100_000, ":1: This is no JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(file, capsys, words, text, said):
    path = file(text)
    assert main([*words, path]) == 2
    told = capsys.readouterr()
    assert told.err.startswith(f"{path}{said}")
    assert told.out == ""


def test_a_file_that_is_not_there_is_said(capsys):
    assert main(["check", "/nowhere/design.xml"]) == 2
    assert "No such file" in capsys.readouterr().err


def test_it_reads_what_is_piped_in():
    words = [sys.executable, "-m", "touchstone", "convert", "-", "--to", "csv"]
    done = subprocess.run(
        words, input=POINTING, capture_output=True, text=True, cwd="app", check=True
    )
    assert done.stdout.splitlines()[1] == "S0,true,1,1,mouse,.5"
