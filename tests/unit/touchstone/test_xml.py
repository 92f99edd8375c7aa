"""Reading and writing TouchStone's XML."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.factories.touchstone import POINTING, designs

from touchstone import decoding, elements, rules
from touchstone.design import Instruction, Trial
from touchstone.errors import DesignError
from touchstone.xml import read, write

FACTOR = '<factor id="F"><value id="a"/><value id="b" default="1"/></factor>'


def design_of(inside="", head="", **attributes):
    words = "".join(f' {key}="{value}"' for key, value in {"id": "x", **attributes}.items())
    return read(f"{head}<experiment{words}>{inside}</experiment>".encode())


def trials_of(run):
    return [trial.values for block in run.blocks for trial in block.trials]


# --- what is read ---------------------------------------------------------------------------------
def test_a_whole_design_is_read_as_it_stands():
    design = read(POINTING.encode())
    assert (design.id, design.name, design.author) == ("pointing", "Pointing", "Zoë")
    assert [[value.id for value in factor.values] for factor in design.factors] == [
        ["mouse", "Sigma Pen"],
        [".5", "32"],
    ]
    assert design.defaults == {"SIZE": "32"}
    assert [(one.at_trial, one.at_event) for one in design.measures] == [
        (True, False),
        (False, True),
        (True, True),
    ]
    assert design.warnings == ()


def test_blocks_keep_their_order_their_numbers_and_what_comes_before_them():
    [run] = read(POINTING.encode()).runs
    assert [(one.is_practice, one.number, one.total) for one in run.blocks] == [
        (True, None, None),
        (False, 1, 2),
        (False, 2, 2),
    ]
    assert [[one.place for one in block.before] for block in run.blocks] == [
        ["intertrial", "interblock"],
        ["intertrial"],
        ["intertrial"],
    ]
    assert run.blocks[0].criterion_trial == "Hit => {Good}"
    assert run.instructions == (
        Instruction("setup", "Begin", "Press(Space)"),
        Instruction("unsetup", "Thanks"),
    )


def test_a_trial_has_its_own_value_before_its_blocks_and_the_default():
    design = read(POINTING.encode())
    block = design.runs[0].blocks[1]
    assert [design.values_of(block, trial) for trial in block.trials] == [
        {"TECH": "mouse", "SIZE": ".5"},
        {"TECH": "mouse", "SIZE": "32"},
    ]
    assert design.values_of(block, Trial({"TECH": "Sigma Pen"}))["TECH"] == "Sigma Pen"


def test_only_direct_children_of_a_block_are_its_trials():
    nested = "<interblock><block><trial/><trial/></block></interblock>"
    [run] = design_of(f'<run id="1"><block><trial/>{nested}</block></run>').runs
    assert [len(block.trials) for block in run.blocks] == [1, 2]


def test_factors_may_stand_after_the_runs_that_use_them():
    [run] = design_of(f'<run id="1"><block values="F=a"><trial/></block></run>{FACTOR}').runs
    assert run.blocks[0].values == {"F": "a"}


@pytest.mark.parametrize("said", ["true", "1", "True", "yes", "Yes"])
def test_each_way_to_say_default_is_understood(said):
    inside = f'<factor id="F"><value id="a" default="{said}"/><value id="b" default="no"/></factor>'
    assert design_of(inside).defaults == {"F": "a"}


@pytest.mark.parametrize(
    ("attributes", "levels"),
    [
        ('log="ok"', (True, False)),
        ('log=" Ok "', (True, False)),
        ('cine="ok"', (False, True)),
        ('cine_log="ok"', (True, True)),
        ('log="ok" cine="ok"', (True, True)),
        ('log="no" cine="ok"', (False, True)),
        ('log="no"', (True, False)),
    ],
)
def test_a_measures_level_is_told_by_its_attributes(attributes, levels):
    [measure] = design_of(f'<measure id="m" {attributes}/>').measures
    assert (measure.at_trial, measure.at_event) == levels


def test_values_are_split_at_commas_and_the_first_sign_and_never_trimmed():
    inside = (
        '<factor id="F"><value id=" a=b"/></factor><run id="1"><block values=",F= a=b,,"/></run>'
    )
    assert design_of(inside).runs[0].blocks[0].values == {"F": " a=b"}


# --- encodings ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "document",
    [
        codecs.BOM_UTF8 + POINTING.encode(),
        codecs.BOM_UTF16_LE + POINTING.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + POINTING.encode("utf-16-be"),
        POINTING.encode("utf-16-le"),
        POINTING.replace("UTF-8", "ISO-8859-1", 1).encode("latin-1"),
        POINTING.replace("UTF-8", "ISO-8859-1", 1).encode(),  # what the old clients send
        POINTING.replace("UTF-8", "windows-1252", 1).encode("cp1252"),
    ],
)
def test_names_survive_each_encoding(document):
    assert read(document) == read(POINTING.encode())


def test_the_senders_charset_is_asked_last():
    latin = POINTING.partition("\n")[2].encode("latin-1")
    assert read(latin, "ISO-8859-1").author == "Zoë"
    declared = POINTING.replace("UTF-8", "ISO-8859-1", 1).encode("latin-1")
    assert read(declared, "koi8-r").author == "Zoë"
    with pytest.raises(DesignError, match=r"Line 1, column .* 0xEB is no character of UTF-8"):
        read(latin)


def test_a_declaration_that_lies_is_warned_of():
    [warning] = read(POINTING.replace("UTF-8", "ISO-8859-1", 1).encode()).warnings
    assert "declares ISO-8859-1 and is in UTF-8" in warning


@pytest.mark.parametrize(
    "charset", ["punycode", "rot13", "zip", "nothing\0", "é", "idna", "undefined"]
)
def test_a_codec_that_is_no_character_set_is_refused(charset):
    with pytest.raises(DesignError, match="no character"):
        read(b"<experiment id='\xeb'/>", charset)


# --- what is refused, with its place --------------------------------------------------------------
@pytest.mark.parametrize(
    ("inside", "place", "words"),
    [
        ("<factor/>", (1, 20), "needs an id"),
        ('<factor id="a,b"/>', (1, 20), "separates values"),
        ('<factor id="a=b"/>', (1, 20), "separates values"),
        ('<factor id="F"><value/></factor>', (1, 35), "needs an id"),
        ('<factor id="F"><value id="a,b"/></factor>', (1, 35), "separates values"),
        ("<measure/>", (1, 20), "needs an id"),
        ("<run/>", (1, 20), "needs an id"),
        (f"{FACTOR}\n {FACTOR}", (2, 2), "already in line 1"),
        ('<run id="1"/>\n<run id="1"/>', (2, 1), "already in line 1"),
        ('<measure id="1"/>\n<measure id="1"/>', (2, 1), "already in line 1"),
        ('<factor id="F"><value id="a"/>\n<value id="a"/></factor>', (2, 1), "already in line 1"),
        ('<run id="1">\n  <block values="G=a"/></run>', (2, 3), "no factor 'G'"),
        (f'{FACTOR}<run id="1">\n<block values="F=c"/></run>', (2, 1), "no value 'c'.*'a', 'b'"),
        (f'{FACTOR}<run id="1"><block>\n<trial values="F"/></block></run>', (2, 1), "Write FACTOR"),
        (f'<run id="1">\n{FACTOR}</run>', (2, 1), "inside a run"),
        ('<wrong>\n<run id="1"/></wrong>', (2, 1), "Put it in <experiment>"),
        ("\n<block/>", (2, 1), "Put it in a <run>"),
        ('<factor id="F"><value id="a" default="1"/>\n<value id="b" default="1"/></factor>', (2, 1),
         "default already"),
        ("\n\n<run>", (3, 8), "closed before"),
        ("\n&nbsp;", (2, 1), "undefined entity"),
        ("\n<run id=1/>", (2, 9), "quote each attribute"),
        ('\n<run id="1" id="2"/>', (2, 13), "duplicate attribute"),
        (f'<factor id="{"x" * 256}"/>', (1, 20), "at most 255"),
        (f'<factor id="x" kind="{"x" * 61}"/>', (1, 20), "at most 60"),
    ],
)  # fmt: skip
def test_a_refusal_names_its_line_its_column_and_a_remedy(inside, place, words):
    with pytest.raises(DesignError, match=f"(?s)Line .*{words}") as caught:
        design_of(inside)
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize(
    "document", [b"", b"  \n", b"<?xml version='1.0'?>", b"<experiment id='x'>"]
)
def test_an_empty_or_cut_document_is_refused(document):
    with pytest.raises(DesignError, match=r"empty|cut off"):
        read(document)


def test_another_outermost_element_is_refused():
    with pytest.raises(DesignError, match="begins with <experiment>"):
        read(b'<design id="x"/>')


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE experiment [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE experiment SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE experiment>",
    ],
)
def test_entities_and_document_types_are_refused(head):
    with pytest.raises(DesignError, match=r"Line 1, .* never read"):
        design_of(head=head)


def test_a_document_that_is_too_large_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(decoding, "LARGEST", 100)
    with pytest.raises(DesignError, match="101 bytes; 100 are the most"):
        read(b"<" * 101)


def test_nesting_and_number_of_elements_have_a_limit(monkeypatch):
    monkeypatch.setattr(elements, "MOST", 1000)
    with pytest.raises(DesignError, match="inside each other"):
        design_of("<interblock>" * 100)
    with pytest.raises(DesignError, match=r"More than 1,000 elements\."):
        design_of('<run id="1">' + "<block/>" * 1000)


def test_more_factors_than_anybody_varies_are_refused():
    with pytest.raises(DesignError, match="More than 100 factors"):
        design_of("".join(f'<factor id="{n}"/>' for n in range(101)))


def test_more_values_than_can_be_counted_in_seconds_are_refused(monkeypatch):
    monkeypatch.setattr(rules, "MOST_CELLS", 3)
    trials = "<trial/>" * 4
    with pytest.raises(DesignError, match="4 trials of 1 factors are too many"):
        design_of(f'{FACTOR}<run id="1"><block>{trials}</block></run>')


# --- what one can live with -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("", "plans no run"),
        ('<factor id="F"/>', "has no values"),
        ('<factor id="F"><other/><value id="a"/></factor>', "<other> means nothing"),
        ('<measure id="m" log="ok"><other/></measure>', "<other> means nothing"),
        ('<measure id="m"/>', "no level"),
        ('<run id="1"/>', "is empty"),
        ('<run id="1"><block/></run>', "no trials"),
        ('<run id="1"><trial/></run>', "outside of a block"),
        ('<run id="1"><interblock/></run>', "around no block"),
        ('<run id="1"><other/></run>', "means nothing in a run"),
        ('<run id="a/b"/>', "does not fit into addresses"),
        ("<other/>", "<other> means nothing"),
        ("words", "Text in <experiment>"),
        ('<run id="1"><block number="one"/></run>', "'one' is no number"),
        (f'{FACTOR}<run id="1"><block values="F=a,F=b"/></run>', "F is named twice"),
        ('<factor id="F"><value id="a" default="TRUE"/></factor>', "not understood"),
    ],
)
def test_what_one_can_live_with_is_warned_of_with_its_line(inside, words):
    warnings = design_of(f"\n{inside}" if inside else "").warnings
    line = 2 if inside else 1
    assert [one for one in warnings if one.startswith(f"Line {line}: ") and words in one]


def test_a_flood_of_warnings_is_cut():
    warnings = design_of("<other/>" * 500).warnings
    assert len(warnings) == 101
    assert warnings[-1] == "… and 401 more of this kind."


# --- there and back -------------------------------------------------------------------------------
@given(designs())
def test_what_was_written_reads_as_the_same_design(design):
    assert read(write(design).encode()) == design


def test_what_stands_between_trials_goes_around_neighbours():
    text = write(read(POINTING.encode()))
    assert (text.count("<intertrial "), text.count("<interblock ")) == (1, 1)


def test_a_character_that_xml_has_not_is_refused_when_writing():
    design = design_of()
    with pytest.raises(DesignError, match="XML cannot write"):
        write(type(design)("a\x01", (), (), ()))


def told(document):
    """Return what a person is told of a document: the design's id, or the refusal."""
    try:
        return read(document).id
    except DesignError as error:
        return str(error)


MARKS = [
    b"<",
    b">",
    b'"',
    b"&",
    b"&#0;",
    b"=",
    b",",
    b"\0",
    b"\xff",
    b"<run>",
    b"</run>",
    b"]]>",
    b"<!--",
]


@given(designs(), some.data())
def test_a_broken_document_is_read_or_refused_and_nothing_else_happens(design, data):
    document = bytearray(write(design).encode())
    for _ in range(data.draw(some.integers(1, 4))):
        start = data.draw(some.integers(0, len(document)))
        end = min(len(document), start + data.draw(some.integers(0, 30)))
        document[start:end] = data.draw(some.binary(max_size=3) | some.sampled_from(MARKS))
    assert told(bytes(document))


@given(some.binary(max_size=200))
def test_any_bytes_are_read_or_refused(document):
    assert told(document)
