"""TSL: its grammar, the exact orders of Fix and Complete, and what Latin and Random promise."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from touchstone.design import Factor, Value
from touchstone.errors import DesignError
from touchstone.recipe import BETWEEN, WITHIN, Level, Recipe
from touchstone.tsl import needed, read, recipe_as_tsl
from touchstone.tsl_syntax import Part, Session, Variable, parse, text_of
from touchstone.xml import read as read_xml
from touchstone.xml import write

WORDS = some.from_regex(r"[A-Za-z0-9-]{1,4}", fullmatch=True).filter(
    lambda w: w not in {"x", "Same"}
)


def table(text, participants, **words):
    """Return for each participant the values of each trial, as Touchstone2's table has them."""
    design = read(text.encode(), participants=participants, **words)
    return [["".join(one.values()) for one in trials(design, run)] for run in design.runs]


def trials(design, run):
    return [design.values_of(block, trial) for block in run.blocks for trial in block.trials]


def variables():
    levels = some.lists(WORDS, min_size=1, max_size=3, unique=True).map(tuple)
    return some.lists(some.builds(Variable, WORDS, levels), min_size=1, max_size=2).map(tuple)


def parts(inside, *more):
    strategies = some.sampled_from(["Fix", "Random", "Complete", "Latin", *more])
    return some.builds(Part, strategies, variables(), some.integers(1, 3), inside=inside)


def serial(part):
    return some.builds(
        lambda one, is_serial: Part(**{**vars(one), "is_serial": is_serial}), part, some.booleans()
    )


INNER = some.recursive(
    some.just(()),
    lambda inside: some.lists(serial(parts(inside)), min_size=1, max_size=2).map(tuple),
    max_leaves=4,
)
SESSIONS = some.lists(
    some.builds(
        Session,
        some.lists(serial(parts(INNER)), min_size=1, max_size=2).map(tuple)
        | parts(INNER, "Between").map(lambda part: (part,)),
        some.just("") | WORDS,
        some.integers(1, 3),
    ),
    min_size=1,
    max_size=3,
)


# --- exact orders ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<Fix(D={a,b}, 2)>", ["a b a b"] * 2),
        ("<Serial(Fix(D={a,b}, 2))>", ["a a b b"] * 2),
        ("<Fix(D={a,b} x E={1,2,3}, 1)>", ["a1 a2 a3 b1 b2 b3"] * 2),
        ("<Fix(D={a,b}, 2, Fix(E={1,2}, 1))>", ["a1 a2 b1 b2 a1 a2 b1 b2"] * 2),
        ("<Complete(D={a,b,c}, 1)>", ["a b c", "a c b", "b a c", "b c a", "c a b", "c b a"]),
        ("<Between(D={a,b}, 3)>", ["a a a", "b b b", "a a a"]),
        ("<Between(D={a,b} x E={1,2}, 1)>", ["a1", "a2", "b1", "b2", "a1"]),
        ("<Complete(D={a,b}, 1, Fix(E={1,2}, 1))>", ["a1 a2 b1 b2", "b1 b2 a1 a2"]),
        ("<Between(A={a,b}, 1, Complete(B={1,2}, 1))>", ["a1 a2", "b2 b1", "a1 a2"]),
        ("<Fix(x={x,y}, 1)>", ["x y"]),
        ("<Fix(D={a,b},1), 2 * Same>", ["1a 1b 2a 2b 3a 3b"]),
        ("<One = Fix(D={a},1), Two = Fix(D={b},1)>", ["Onea Twob"]),
        ("<Fix(D={a,_2_,b,_1_},1) x Fix(D={c,d},1)>", ["a d b c"]),
        ("<Fix(D={a},1,Fix(E={1,2},1)) x Fix(D={b},1,Same)>", ["a1 a2 b1 b2"]),
        ("<Fix(D={a,b},1) x Fix(E={1,2},1)>", ["a1 a2 b1 b2"]),
    ],
)
def test_the_order_is_exactly_this(text, wanted):
    assert table(text, len(wanted)) == [line.split() for line in wanted]


def test_complete_begins_again_when_its_orders_are_used_up():
    rows = table("<Complete(D={a,b,c}, 1)>", 8)
    assert rows[6:] == rows[:2]


# --- what chance leaves alone ---------------------------------------------------------------------
@pytest.mark.parametrize("n", range(1, 8))
def test_latin_has_each_level_once_in_each_place(n):
    levels = ",".join("abcdefg"[:n])
    rows = table(f"<Latin(D={{{levels}}}, 1)>", n)
    for line in [*rows, *zip(*rows, strict=True)]:
        assert sorted(line) == list("abcdefg"[:n])


@given(some.integers(1, 4), some.integers(0, 999))
def test_random_has_each_level_once_in_each_replication(replications, seed):
    [row] = table(f"<Random(D={{a,b,c}}, {replications})>", 1, seed=seed)
    for start in range(0, len(row), 3):
        assert sorted(row[start : start + 3]) == ["a", "b", "c"]


def test_random_depends_on_the_seed_and_on_nothing_else():
    text = "<Random(D={a,b,c,d,e,f}, 2)>"
    assert table(text, 3, seed=1) == table(text, 3, seed=1) != table(text, 3, seed=2)


def test_latin_inside_between_reaches_each_group_and_order():
    text = "<Between(A={l,r}, 1, Latin(D={a,b,c}, 1))>"
    assert needed(parse(text)) == 6
    assert set(Counter(map(tuple, table(text, 6))).values()) == {1}


# --- as a design ----------------------------------------------------------------------------------
def test_factors_have_their_levels_types_and_tags():
    text = "<Study = Between(Hand={l,r}, 1, Fix(Size={8,32}, 1, Fix(Id={a,b}, 1)))>"
    design = read(text.encode())
    assert design.id == "Study"
    assert design.factors == (
        Factor("Hand", (Value("l"), Value("r")), "", "key", "String", BETWEEN),
        Factor("Size", (Value("8"), Value("32")), "", "key", "Integer", WITHIN),
        Factor("Id", (Value("a"), Value("b")), "", "key", "String", WITHIN),
    )
    assert [dict(block.values) for block in design.runs[1].blocks] == [
        {"Hand": "r", "Size": "8"},
        {"Hand": "r", "Size": "32"},
    ]
    assert len(design.runs) == 2


def test_sessions_become_a_factor():
    design = read(b"<A = Fix(D={a},1), 2 * Fix(D={b},1)>", participants=1)
    assert [value.id for value in design.factors[-1].values] == ["A", "2", "3"]


def test_a_design_of_a_text_can_be_written_as_xml():
    design = read(b"< Latin(Device = {M, T, J}, 3, Latin(ID = {2,3,5,6}, 1)) >")
    assert len(design.runs) == 12
    assert read_xml(write(design).encode()) == design


# --- there and back -------------------------------------------------------------------------------
@given(SESSIONS)
def test_a_tree_written_down_reads_as_the_same_tree(sessions):
    assert parse(text_of(sessions)) == tuple(sessions)


def test_a_recipe_says_the_same_in_tsl():
    factors = (
        Factor("Hand", (Value("l"), Value("r")), tag=BETWEEN),
        Factor("Size", (Value("8"), Value("32")), tag=WITHIN),
        Factor("Id", (Value("a"), Value("b")), tag=WITHIN),
    )
    levels = (Level(("Size",), "balanced"), Level(("Id",), "all", 2, is_serial=True))
    text = recipe_as_tsl(Recipe("study", factors, levels, 4))
    assert text == (
        "< study = Between(Hand = {l, r}, 1, "
        "Latin(Size = {8, 32}, 1, Serial(Complete(Id = {a, b}, 2)))) >"
    )
    assert parse(text)


@pytest.mark.parametrize(
    ("factors", "levels", "words"),
    [
        (
            (Factor("A B", (Value("a"),), tag=WITHIN),),
            (Level(("A B",)),),
            "'A B' cannot be written",
        ),
        ((), (Level(),), "without factors"),
        ((), (Level(replications=2),), "without factors"),
    ],
)
def test_what_tsl_cannot_say_is_refused(factors, levels, words):
    with pytest.raises(DesignError, match=words):
        recipe_as_tsl(Recipe("x", factors, levels, 1))


# --- what is refused ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", (1, 1), "'<' is wanted here, not the end"),
        ("<\n Sorted(A={a},1)>", (2, 2), "no strategy"),
        ("<Fix(A={a},0)>", (1, 12), "no number"),
        ("<Fix(A={a},99999999)>", (1, 12), "no number"),
        ("<Fix(A={a,},1)>", (1, 11), "a level is wanted"),
        ("<Fix(A={},1)>", (1, 9), "a level is wanted"),
        ("<Fix(A={a,a},1)>", (1, 9), "twice"),
        ("<Fix(A={.5},1)>", (1, 9), "no part of TSL"),
        ("<Fix(A={a},1)", (1, 14), "'>' is wanted"),
        ("<Fix(A={a},1)> x", (1, 16), "Remove what follows"),
        ("<Same>", (1, 2), "there is none"),
        ("<Fix(A={a},1,Same)>", (1, 14), "there is none"),
        ("<Fix(A={a},1,Between(B={b},1))>", (1, 14), "outermost"),
        ("<" + "Fix(A={a},1," * 20, (1, 146), "inside each other"),
        ("<" + "Fix(A={a},1) x " + "Same x " * 1000 + "Same>", (1, 7010), "More than 1,000"),
        ("<Fix(A={a},1)" + ", Same" * 300 + ">", (1, 1210), "More than 200 sessions"),
        ("<Fix(A={_1_},1)>", (0, 0), "Nothing fills the placeholder _1_"),
        ("<Fix(A={a,b},100000,Fix(B={a,b},100000))>", (0, 0), "too many"),
        ("<300 * Fix(A={a},1)>", (0, 0), "sessions"),
        (" " * 100_001, (0, 0), "More than 100,000 characters"),
        ("<Complete(" + " x ".join(f"A{n}={{a,b}}" for n in range(8)) + ",1)>", (0, 0), "too many"),
        ("<Fix(" + " x ".join(f"A{n}={{a}}" for n in range(100)) + ",1)>", (0, 0), "100 variables"),
        ("<Fix(" + " x ".join(f"A{n}={{a}}" for n in range(90)) + ",30000)>", (0, 0), "values"),
    ],
)
def test_a_refusal_names_its_place_and_what_is_wanted(text, place, words):
    with pytest.raises(DesignError, match=words) as caught:
        read(text.encode())
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize(
    ("words", "field"), [({"participants": 2001}, "participants"), ({"code": "x" * 256}, "id")]
)
def test_what_is_asked_besides_the_text_is_refused_by_its_name(words, field):
    with pytest.raises(DesignError) as caught:
        read(b"<Fix(A={a},1)>", **words)
    assert caught.value.field == field


def test_sames_inside_sames_are_counted_as_what_they_stand_for():
    text = "Fix(A={a},1)"
    for _ in range(10):
        text = f"Fix(A={{a}},1,{text}{' x Same' * 9})"
    with pytest.raises(DesignError, match="More than 1,000 strategies"):
        read(f"<{text}>".encode())


@given(
    some.text(some.sampled_from("<>(){},=*x_1aA \n") | some.characters(codec="utf-8"), max_size=60)
)
def test_any_text_is_read_or_refused(text):
    assert told(text)


@given(SESSIONS, some.data())
def test_a_broken_text_is_read_or_refused(sessions, data):
    text = text_of(sessions)
    start = data.draw(some.integers(0, len(text)))
    end = data.draw(some.integers(start, len(text)))
    assert told(
        text[:start] + data.draw(some.sampled_from(["", "x", ",", "(", "Same"])) + text[end:]
    )


def told(text):
    try:
        return read(text.encode(), participants=2).id
    except DesignError as error:
        return str(error)
