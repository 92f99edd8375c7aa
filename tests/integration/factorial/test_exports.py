import csv
import io
import json
import re

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import factorial as make

from factorial.queries.exports.attempts import Wish
from factorial.services.exports import streams
from factorial.services.exports.text import guarded
from touchstone.design import Block, Design, Factor, Measure, Run, Trial, Value

MENUS = tuple(Value(each, f"Menu {each}") for each in "AB")
REPEATED = (Trial({"REP": "1"}), Trial({"REP": "2"}), Trial())


def block(menu, number=None, **values):
    return Block(REPEATED, {"MENU": menu, "THEME": "light"}, number=number, total=2, **values)


def menus():
    """A design with a practice block, a default, a clash, and all levels of measures."""
    return Design(
        id="menuB",
        name="Menus",
        factors=(
            Factor("THEME", (Value("light"), Value("dark")), type="String"),
            Factor("MENU", MENUS, name="Menu", type="String"),
            Factor("REP", (Value("1"), Value("2"), Value(".5")), type="Float", default=".5"),
            Factor("block", (Value("x"),), type="String", default="x"),
        ),
        measures=(
            Measure("time", type="Integer"),
            Measure("MENU", name="Menu (as logged)", type="String"),
            Measure("someKey", type="String"),
            Measure("some_key", type="String", at_event=True),
            Measure("pointer.x", type="Float", at_trial=False, at_event=True),
        ),
        runs=tuple(
            Run(f"S{number}", (block("A", is_practice=True), block("A", 1), block("B", 2)))
            for number in (1, 10, 2)
        ),
    )


@pytest.fixture
def design(project):
    return make.design(project, menus())


def exported(design, what="trials", form="csv", **wish):
    return b"".join(streams.Export(design, what, form, Wish(**wish)).chunks())


def table(design, what="trials", **wish):
    return list(csv.DictReader(io.StringIO(exported(design, what, **wish).decode())))


def lines(design, what="trials", **wish):
    return [json.loads(line) for line in exported(design, what, "jsonl", **wish).splitlines()]


def arrow(design, what="trials", **wish):
    return pq.read_table(io.BytesIO(exported(design, what, "parquet", **wish)))


# --- every trial, where it is -------------------------------------------------------------------
def test_every_trial_of_the_plan_is_there_whether_or_not_anything_was_logged(design):
    run = make.attempt(design, "S1")
    make.log(run, 0, 0, {})
    rows = table(design)
    assert len(rows) == 27
    assert [row["completed"] for row in rows[:2]] == ["true", "false"]
    assert {row["status"] for row in rows} == {"active", "not begun"}


def test_runs_come_in_the_order_of_the_plan(design):
    assert list(dict.fromkeys(row["run"] for row in table(design))) == ["S1", "S10", "S2"]


def test_blocks_are_numbered_with_practice_without_it_and_as_in_the_file(design):
    rows = table(design)[:9:3]
    numbers = [
        (row["_record_block"] if "_record_block" in row else row["block"], row["measured_block"],
         row["practice"], row["file_block"])
        for row in rows
    ]  # fmt: skip
    assert numbers == [
        ("0", "", "true", ""),
        ("1", "0", "false", "1"),
        ("2", "1", "false", "2"),
    ]


def test_a_factor_has_its_default_where_neither_block_nor_trial_names_another(design):
    assert [row["REP"] for row in table(design)[:3]] == ["1", "2", ".5"]
    assert [row["REP"] for row in lines(design)[:3]] == [1.0, 2.0, 0.5]


# --- names --------------------------------------------------------------------------------------
def test_a_factor_a_measure_and_a_column_of_ours_with_one_name_are_three_columns(design):
    make.log(make.attempt(design, "S1"), 0, 0, {"MENU": "as logged"})
    row = table(design)[0]
    assert row["_factor_MENU"] == "A"
    assert row["_measure_MENU"] == "as logged"
    assert row["block"] == "0"
    assert row["_factor_block"] == "x"


def test_keys_that_differ_by_their_spelling_alone_stay_apart(design):
    make.log(make.attempt(design, "S1"), 0, 0, {"someKey": "a", "some_key": "b"})
    assert (table(design)[0]["someKey"], table(design)[0]["some_key"]) == ("a", "b")


def test_a_measure_of_trials_and_events_has_a_column_for_each_when_they_are_joined(design):
    make.log(make.attempt(design, "S1"), 0, 0, {"some_key": "t"}, [{"some_key": "e"}])
    row = table(design, "joined")[0]
    assert (row["_measure_some_key"], row["_event_some_key"]) == ("t", "e")


# --- types --------------------------------------------------------------------------------------
def test_parquet_is_typed_as_the_design_declares(design):
    make.log(make.attempt(design, "S1"), 0, 0, {"time": "12"}, [{"pointer": {"x": 1}}])
    found = arrow(design)
    assert {name: str(found.schema.field(name).type) for name in ("time", "REP", "practice")} == {
        "time": "int64",
        "REP": "double",
        "practice": "bool",
    }
    assert str(found.schema.field("received_at").type) == "timestamp[us, tz=UTC]"
    assert found.num_rows == 27
    assert found["time"].to_pylist()[:2] == [12, None]
    assert arrow(design, "events")["pointer.x"].to_pylist() == [1.0]


def test_what_is_not_as_declared_is_kept_and_told(design):
    make.log(make.attempt(design, "S1"), 0, 0, {"time": "slow", "extra": {"a": [1]}})
    told = {"time": "slow", "extra.a.0": 1}
    assert lines(design)[0]["misfit"] == told
    assert lines(design)[0]["time"] is None
    assert json.loads(arrow(design)["misfit"].to_pylist()[0]) == told
    assert table(design)[0]["time"] == "slow"


def test_a_text_that_cannot_be_read_stops_no_export(design):
    make.log(make.attempt(design, "S1"), 0, 0, "{broken")
    assert lines(design)[0]["misfit"] == {"value": "{broken"}


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
def test_half_of_a_pair_and_numbers_without_end_stop_no_export(design, form):
    values = '{"time":1e999,"someKey":"\\ud800","MENU":NaN}'
    run = make.attempt(design, "S1")
    make.log(run, 0, 0, values, [{"pointer": {"x": 2**70}, "some_key": "\ud800"}])
    make.log(run, 0, 1, {}, [{"pointer": {"x": float("inf")}}])
    for what in ("trials", "events", "joined"):
        assert exported(design, what, form)


# --- events -------------------------------------------------------------------------------------
def test_events_come_one_to_a_row_with_the_trial_that_they_are_of(design):
    run = make.attempt(design, "S10")
    make.log(run, 1, 2, {"time": 1}, [{"pointer.x": 1.5}, {"pointer": {"x": 2}, "odd": True}])
    rows = lines(design, "events")
    assert [(row["run"], row["block"], row["trial"], row["event"]) for row in rows] == [
        ("S10", 1, 2, 0),
        ("S10", 1, 2, 1),
    ]
    assert [row["pointer.x"] for row in rows] == [1.5, 2]
    assert rows[1]["event_misfit"] == {"odd": True}


def test_joined_rows_have_every_trial_also_those_without_events(design):
    make.log(make.attempt(design, "S1"), 0, 0, {"time": 7}, [{"pointer.x": each} for each in "123"])
    rows = lines(design, "joined")
    assert len(rows) == 27 + 2
    assert [row["time"] for row in rows[:4]] == [7, 7, 7, None]
    assert rows[3]["event"] is None
    assert arrow(design, "joined")["event"].to_pylist()[:4] == [0, 1, 2, None]


# --- what is left out ---------------------------------------------------------------------------
def test_pilots_are_left_out_unless_asked_for(design):
    make.log(make.attempt(design, "S1", is_pilot=True), 0, 0, {"time": 1})
    assert "S1" not in {row["run"] for row in table(design)}
    assert table(design, with_pilots=True)[0]["pilot"] == "true"


def test_excluded_runs_blocks_and_trials_are_left_out_unless_asked_for(design):
    run = make.attempt(design, "S1")
    make.mark(run, "excluded", "asleep", block=1)
    make.mark(run, "excluded", "sneezed", block=0, trial=1)
    assert len(table(design)) == 27 - 3 - 1
    rows = table(design, with_excluded=True)
    assert [row["excluded_because"] for row in rows[:5]] == ["", "sneezed", "", "asleep", "asleep"]


def test_marks_stand_with_their_reasons(design):
    run = make.attempt(design, "S1")
    make.mark(run, "skipped", "fire alarm", block=0, trial=2)
    make.mark(run, "redone", "mouse unplugged", block=0)
    make.mark(run, "note", "left-handed")
    row = lines(design)[2]
    assert (row["skipped"], row["skipped_because"]) == (True, "fire alarm")
    assert (row["redo"], row["redo_because"], row["notes"]) == (
        True, "mouse unplugged", "left-handed",
    )  # fmt: skip


def test_an_attempt_that_another_has_taken_the_place_of_is_left_out_unless_asked_for(design):
    make.log(make.attempt(design, "S1"), 0, 0, {"time": 1})
    make.log(make.attempt(design, "S1"), 0, 0, {"time": 2})
    assert lines(design)[0]["time"] == 2
    both = [row for row in lines(design, with_superseded=True) if row["trial_of_run"] == 0]
    assert [(row["time"], row["superseded"]) for row in both[:2]] == [(1, True), (2, False)]


# --- spreadsheets -------------------------------------------------------------------------------
def test_a_text_that_would_be_calculated_is_guarded_and_numbers_are_not(design):
    run = make.attempt(design, "S1")
    make.log(run, 0, 0, {"someKey": "=1+1", "some_key": "-5", "MENU": "-", "time": "=cmd()"})
    row = table(design)[0]
    assert (row["someKey"], row["some_key"], row["_measure_MENU"]) == ("'=1+1", "-5", "-")
    assert row["time"] == "'=cmd()"
    assert lines(design)[0]["someKey"] == "=1+1"


UNGUARDED = re.compile(r"^'('*\s*[=+\-@])")  # as docs/factorial/exports.md takes it away


@given(st.text(alphabet="'=+-@ \t\n\xa01a.", max_size=6))
def test_what_is_guarded_is_read_back_as_it_was_and_calculates_nothing(text):
    cell = guarded(text)
    assert UNGUARDED.sub(r"\1", cell) == text
    bare = cell.lstrip()
    is_number = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", bare)
    assert not bare.startswith(("=", "+", "-", "@")) or is_number or not re.search(r"\w", bare)


# --- TouchStone's own ---------------------------------------------------------------------------
def test_the_trial_log_of_touchstone_has_comments_names_types_and_its_columns_first(design):
    make.log(make.attempt(design, "S1"), 0, 0, {"time": 5, "someKey": "a\tb"})
    text = exported(design, "trials", "tsv").decode().splitlines()
    comments = [line for line in text if line.startswith("#")]
    names, types, first = (line.split("\t") for line in text[len(comments) :][:3])
    assert "# experiment: menuB" in comments
    assert names[:13] == [
        "experiment", "participant", "block", "trial", "THEME", "_factor_MENU", "REP",
        "_factor_block", "time", "_measure_MENU", "someKey", "some_key", "HIT",
    ]  # fmt: skip
    assert types[3:9] == ["Integer", "String", "String", "Float", "String", "Integer"]
    assert len(names) == len(types) == len(first) == len(set(names))
    assert first[:5] == ["menuB", "S1", "0", "0", "light"]
    assert (first[10], first[12]) == ("a\\tb", "true")


def test_names_of_touchstones_that_the_design_has_itself_stand_once(project):
    own = [Measure(each) for each in ("HIT", "pseudonym", "run")]
    plan = Design("own", (), tuple(own), (Run("S0", (Block((Trial(),)),)),))
    design = make.design(project, plan)
    make.log(make.attempt(design, "S0"), 0, 0, {"HIT": "yes"})
    names, _, row = exported(design, "trials", "tsv").decode().splitlines()[-3:]
    names, row = names.split("\t"), row.split("\t")
    assert len(set(names)) == len(names) == len(row)
    assert names[:7] == ["experiment", "participant", "block", "trial", "HIT", "pseudonym",
                         "_measure_run"]  # fmt: skip
    assert row[4] == "yes"


def test_the_cinematic_log_has_a_line_only_when_something_has_changed(design):
    still = [{"pointer.x": 1}, {"pointer.x": 1}, {"pointer.x": 2}]
    make.log(make.attempt(design, "S1"), 0, 0, {}, still)
    text = exported(design, "events", "tsv").decode().splitlines()
    assert [line.split("\t")[:4] for line in text[-2:]] == [
        ["0", "0", "", "1"],
        ["0", "0", "", "2"],
    ]


# --- logs of 2025 -------------------------------------------------------------------------------
@pytest.fixture
def named(project):
    return make.design(project, Design("named", (), (), ()), format="named")


def test_logs_stand_with_their_number_and_type_under_their_own_keys(named):
    run = make.log_run(named, "p1")
    make.sequence(run, 0, 0, [(1, "start", {"type": "mine", "m0": 1}), (2, "end", {"m_0": [1]})])
    rows = lines(named, "logs")
    assert [(row["number"], row["log_type"]) for row in rows] == [(1, "start"), (2, "end")]
    assert (rows[0]["type"], rows[0]["m0"], rows[1]["m_0"]) == ("mine", 1, [1])


def test_logs_that_a_later_sequence_has_done_again_are_left_out_unless_asked_for(named):
    run = make.log_run(named)
    make.sequence(run, 0, 0, [(1, "a", {}), (2, "a", {}), (3, "a", {})])
    make.sequence(run, 1, 1, [(2, "b", {})])
    shown = [(row["sequence"], row["number"]) for row in lines(named, "logs")]
    assert shown == [(0, 1), (1, 2)]
    every = lines(named, "logs", with_superseded=True)
    assert [row["superseded"] for row in every] == [False, True, True, False]


def test_runs_without_a_name_are_told_apart_and_canceled_ones_are_left_out(named):
    for status in ("running", "running", "canceled"):
        make.sequence(make.log_run(named, status=status), 0, 0, [(1, "a", {"x": 1})])
    assert len({row["run_id"] for row in lines(named, "logs")}) == 2
    assert len(lines(named, "logs", with_superseded=True)) == 3


def test_long_sequences_are_read_page_by_page(named, monkeypatch):
    monkeypatch.setattr("factorial.queries.exports.logs.LOGS_AT_ONCE", 3)
    for _ in range(2):
        run = make.log_run(named)
        make.sequence(run, 0, 0, [(number, "a", {"n": number}) for number in range(1, 8)])
        make.sequence(run, 1, 7, [(8, "a", {"n": 8})])
    assert [row["n"] for row in lines(named, "logs")] == [*range(1, 9), *range(1, 9)]


# --- how much is asked --------------------------------------------------------------------------
def test_the_number_of_queries_does_not_grow_with_what_was_logged(
    design, django_assert_max_num_queries
):
    run = make.attempt(design, "S1")
    for number in range(3):
        make.log(run, 1, number, {"time": 1}, [{"pointer.x": 1}] * 50)
    for what in ("trials", "events", "joined"):
        with django_assert_max_num_queries(9):
            exported(design, what)
