"""Tables of trials, as TouchStone and Touchstone2 export them."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.factories.touchstone import designs

from touchstone import rules, table
from touchstone.design import Factor, Value
from touchstone.errors import DesignError
from touchstone.recipe import BETWEEN, WITHIN
from touchstone.table import read, write, write_touchstone2
from touchstone.tsl import read as read_tsl

TABLE = '''Participant,Practice,Block,Trial,TECH,SIZE,HAND
S0,true,1,1,mouse,8,left
S0,false,1,1,mouse,8,left
S0,false,1,2,mouse,.5,left
S0,false,2,1,"a ""pen""",8,left
S1,false,1,1,mouse,,right
'''


def told(design):
    """Return what a table says of a design: the trials with all their values, block by block."""
    return [
        (run.id, block.is_practice, [dict(design.values_of(block, one)) for one in block.trials])
        for run in design.runs
        for block in run.blocks
        if block.trials
    ]


def outcome(text):
    try:
        return read(text.encode()).id
    except DesignError as error:
        return str(error)


def test_a_table_of_touchstone_is_read_with_its_blocks():
    design = read(TABLE.encode(), code="pens")
    assert design.id == "pens"
    assert told(design) == [
        ("S0", True, [{"TECH": "mouse", "SIZE": "8", "HAND": "left"}]),
        ("S0", False, [
            {"TECH": "mouse", "SIZE": "8", "HAND": "left"},
            {"TECH": "mouse", "SIZE": ".5", "HAND": "left"},
        ]),
        ("S0", False, [{"TECH": 'a "pen"', "SIZE": "8", "HAND": "left"}]),
        ("S1", False, [{"TECH": "mouse", "HAND": "right"}]),
    ]  # fmt: skip
    assert design.runs[0].blocks[1].values == {"TECH": "mouse", "HAND": "left"}
    assert [block.number for block in design.runs[0].blocks] == [None, 1, 2]


def test_factors_get_their_levels_type_and_tag_from_the_trials():
    design = read(TABLE.encode())
    assert design.factors == (
        Factor("TECH", (Value("mouse"), Value('a "pen"')), type="String", tag=WITHIN),
        Factor("SIZE", (Value("8"), Value(".5")), type="Float", tag=WITHIN),
        Factor("HAND", (Value("left"), Value("right")), type="String", tag=BETWEEN),
    )


def test_a_table_of_touchstone2_is_read_with_its_name():
    text = "DesignName,ParticipantID,TrialID,Block1,Block2,TECH,SIZE\n"
    text += "pens,1,1,1,1,mouse,8\npens,1,2,1,2,mouse,32\npens,1,3,2,1,pen,8\npens,1,4,2,2,pen,32\n"
    design = read(text.encode())
    assert design.id == "pens"
    assert [dict(block.values) for block in design.runs[0].blocks] == [
        {"TECH": "mouse"},
        {"TECH": "pen"},
    ]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_seen(separator):
    plain = "Participant,Practice,Block,Trial,A\n1,false,1,1,x\n1,false,1,2,y\n"
    assert read(plain.replace(",", separator).encode()) == read(plain.encode())


def test_a_table_of_windows_in_latin_letters_is_read_by_its_charset():
    text = "Participant;Trial;A\r\n1;1;é\r\n"
    assert read(text.encode("cp1252"), "windows-1252") == read(text.encode())


@given(designs())
def test_a_table_keeps_every_value_of_every_trial(design):
    if any(run.blocks and any(block.trials for block in run.blocks) for run in design.runs):
        assert told(read(write(design).encode())) == told(design)


def test_both_tables_say_the_same_of_a_generated_design():
    design = read_tsl(b"<Latin(D={a,b,c},1,Random(E={1,2},2))>")
    assert told(read(write_touchstone2(design).encode())) == told(design)
    assert told(read(write(design).encode())) == told(design)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "has to name the columns"),
        ("A,B\n1,2\n", 1, "has to name the columns"),
        ("Participant,A\n", 1, "no trials"),
        ("Participant,A,A\n1,x,x\n", 1, "there twice"),
        ("Participant,A=B\n1,x\n", 1, "separates values"),
        ("Participant,A\n1,x\n,x\n", 3, "needs an id"),
        ("Participant,A\n1,x\n1\n", 3, "1 cells where 2"),
        ('Participant,A\n1,"x,y"\n', 2, "separates values"),
        ("Participant,Practice,A\n\n1,perhaps,x\n", 3, "Write true or false"),
        ("DesignName,ParticipantID,A\na,1,x\nb,1,x\n", 3, "Another design"),
        ('Participant,A\n1,"x\n', 2, "quotation mark"),
        ("Participant,A\n1,\0\n", 2, "holds the character"),
    ],
)
def test_a_refusal_names_its_line_and_a_remedy(text, line, words):
    with pytest.raises(DesignError, match=words) as caught:
        read(text.encode())
    assert caught.value.line == line


def test_more_values_than_can_be_counted_in_seconds_are_refused(monkeypatch):
    monkeypatch.setattr(rules, "MOST_CELLS", 3)
    with pytest.raises(DesignError, match="4 trials of 3 factors") as caught:
        read(TABLE.encode().rpartition(b"S1")[0])
    assert caught.value.line == 1


def test_more_lines_than_are_read_are_refused(monkeypatch):
    monkeypatch.setattr(table, "MOST_LINES", 4)
    with pytest.raises(DesignError, match="More than 4 lines") as caught:
        read(TABLE.encode())
    assert caught.value.line == 5


def test_more_columns_than_anybody_varies_are_refused():
    head = ",".join(f"F{n}" for n in range(101))
    with pytest.raises(DesignError, match="More than 100 factors"):
        read(f"Participant,{head}\n1\n".encode())


def test_an_id_that_cannot_be_is_refused():
    with pytest.raises(DesignError, match="at most 255"):
        read(TABLE.encode(), code="x" * 256)


@given(some.text(some.sampled_from('Participant,\n\r"AB12;\0') | some.characters(codec="utf-8")))
def test_any_text_is_read_or_refused(text):
    assert outcome(f"Participant,{text}")
