"""Events in the files of other programs, there and back; specifications; the commands."""

import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat

from fmriplan.__main__ import main
from fmriplan.design import command, events, scoring, specification
from fmriplan.design.annealing import Goal, search
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.events import Event, UnreadableEvents
from fmriplan.design.orders import Rules
from fmriplan.errors import NotAnOption, PlanningError

SPECIFICATION = """
trials = 20
tr_s = 2.0
tick_s = 0.25
tail_s = 10.0

[gaps]
model = "uniform"
min_s = 2
max_s = 4

[[conditions]]
name = "faces"
share = 0.5
shown_s = 1.0

[[conditions]]
name = "houses"
share = 0.5
shown_s = 1.5

[[contrasts]]
faces = 1
houses = -1

[rules]
exact_counts = true
longest_run = 3
forbidden = []
"""
MOMENTS = st.integers(0, 40_000).map(lambda ms: ms / 100)
LISTS = st.lists(
    st.builds(Event, MOMENTS, MOMENTS.filter(bool), st.sampled_from(["faces", "houses", "rest_2"])),
    min_size=1,
    max_size=30,
)


def sorted_events(found):
    return sorted(found, key=lambda one: (one.onset_s, one.condition, one.shown_s))


@settings(max_examples=30)
@given(LISTS)
def test_bids_tables_come_back_as_they_were(made):
    assert sorted_events(events.read("events.tsv", events.bids(made).encode())) == sorted_events(
        made
    )


@settings(max_examples=30)
@given(LISTS)
def test_spms_conditions_come_back_as_they_were(made):
    assert sorted_events(events.read("x.mat", events.spm(made))) == sorted_events(made)


@settings(max_examples=30)
@given(LISTS)
def test_fsls_files_come_back_as_they_were(made):
    back = [
        each for name, text in events.fsl(made).items() for each in events.read(name, text.encode())
    ]
    assert sorted_events(back) == sorted_events(made)


def test_optseqs_paradigm_comes_back_and_fills_the_gaps():
    made = [Event(1, 1, "a"), Event(4, 0.5, "b"), Event(4.5, 1, "a")]
    text = events.optseq(made)
    assert events.read("x.par", text.encode()) == made
    assert text.count("NULL") == 2


def test_afni_has_a_row_of_onsets_for_each_condition():
    assert events.afni([Event(1, 1, "a"), Event(4, 1, "b"), Event(9.5, 1, "a")]) == {
        "a.1D": "1 9.5\n",
        "b.1D": "4\n",
    }


def test_spm_gets_cells():
    held = loadmat(io.BytesIO(events.spm([Event(1, 1, "a"), Event(4, 2, "b")])))
    assert held["names"].dtype == object
    assert held["names"].shape == (1, 2)
    assert held["durations"][0, 1].tolist() == [[2]]


def test_a_table_of_trials_says_how_long_to_wait():
    lines = events.loop([Event(1, 1, "a"), Event(4, 1, "b, or c")]).splitlines()
    assert lines[1:] == ["1,a,1,1,1", '2,"b, or c",4,1,2']


def test_the_sidecar_explains_conditions_whose_names_no_column_can_have():
    told = json.loads(events.bids_sidecar([Event(1, 1, "big faces")], "Which picture"))
    assert told["trial_type"]["Levels"] == {"big_faces": "big faces"}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.tsv", b"", "no event"),
        ("a.tsv", b"onset\ttrial_type\n1\ta\n", "duration"),
        ("a.tsv", b"onset\tduration\ttrial_type\n1\t1\n", "Line 2 has 2 of 3"),
        ("a.tsv", b"onset\tduration\ttrial_type\nsoon\t1\ta\n", "Line 2: the onset 'soon'"),
        ("a.tsv", b"onset\tduration\ttrial_type\n-1\t1\ta\n", "below 0"),
        ("a.tsv", b"onset\tduration\ttrial_type\nnan\t1\ta\n", "numbers of seconds"),
        ("a.txt", b"1 2\n", "Line 1 has 2 columns"),
        ("a.par", b"1.0 1\n", "Line 1 has 2 columns"),
        ("a.mat", b"MATLAB 5.0 MAT-file" + b"\0" * 200, "no names, onsets"),
        ("a.tsv", b"\xff\xfe\x00", "neither text"),
    ],
    ids=lambda each: "" if isinstance(each, bytes) else each,
)
def test_files_without_events_are_refused_by_line(name, content, says):
    with pytest.raises(UnreadableEvents, match=says):
        events.read(name, content)


def test_events_without_a_condition_are_left_out():
    text = b"onset\tduration\ttrial_type\n1\tn/a\ta\n2\t1\tn/a\n"
    assert events.read("x.tsv", text) == [Event(1, 0, "a")]


# --- specifications -------------------------------------------------------------------------------
def test_a_specification_says_it_all():
    told = specification.read(SPECIFICATION)
    assert [each.name for each in told.experiment.conditions] == ["faces", "houses"]
    assert told.experiment.contrasts == ((1.0, -1.0),)
    assert told.rules == Rules(exact_counts=True, longest_run=3)
    assert told.goal == Goal()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("trials = 20", "trials = 20 20", "no TOML"),
        ("trials = 20", "trails = 20", "no 'trails'"),
        ("trials = 20", "", "trials is missing"),
        ("trials = 20", "trials = 20.5", "whole number"),
        ("tr_s = 2.0", 'tr_s = "two"', "tr_s is a number"),
        ("share = 0.5", "share = true", "share is a number"),
        ('"uniform"', '"normal"', "fixed, uniform, exponential"),
        ("max_s = 4", "most_s = 4", "gaps: there is no 'most_s'"),
        ("[gaps]", "[gups]", "gaps"),
        ("houses = -1", "cars = -1", "faces, houses"),
        ("houses = -1", 'houses = "less"', "contrasts 1"),
        ("forbidden = []", 'forbidden = ["faces"]', "list of pairs"),
        ("exact_counts = true", "exact_counts = 1", "true or false"),
        ("[[conditions]]", "[[kinds]]", "conditions is a list"),
    ],
)
def test_mistakes_in_a_specification_are_named(before, after, says):
    with pytest.raises(NotAnOption, match=says):
        specification.read(SPECIFICATION.replace(before, after))


# --- scores of what was made elsewhere ------------------------------------------------------------
def test_events_of_a_design_score_as_the_design_does():
    told = specification.read(SPECIFICATION)
    found = search(told.experiment, told.goal, moves=500)
    shown = events.of_design(told.experiment, found.order, found.waits)
    evaluation = Evaluation(told.experiment)
    names = [each.name for each in told.experiment.conditions]
    made = scoring.signals(shown, names, 2.0, told.experiment.scans, told.experiment.response)
    expected = evaluation.signals(found.order, found.waits)
    assert made == pytest.approx(expected, abs=0.02)  # its ticks are finer than those of the design


def test_an_event_after_the_scan_is_said():
    made = scoring.score(
        [Event(10, 1, "a"), Event(30, 1, "b"), Event(900, 1, "a")], tr_s=2, scans=100
    )
    assert (made.after_the_end, made.counts) == (1, (2, 1))
    assert (made.precision > 0).all()


@pytest.mark.parametrize(
    "wrong",
    [{"tr_s": 0, "scans": 100}, {"tr_s": 2, "scans": 2}, {"tr_s": float("nan"), "scans": 9}],
)
def test_a_scan_that_cannot_be_is_refused(wrong):
    with pytest.raises(NotAnOption):
        scoring.score([Event(1, 1, "a")], **wrong)


# --- as typed -------------------------------------------------------------------------------------
def test_a_design_is_searched_written_and_scored_again(tmp_path, capsys):
    (tmp_path / "spec.toml").write_text(SPECIFICATION)
    folder = tmp_path / "made"
    assert main(["design", str(tmp_path / "spec.toml"), "--to", str(folder), "--moves", "400"]) == 0
    assert "counterbalancing" in capsys.readouterr().out
    assert {"events.tsv", "events.json", "trials.csv", "design.par", "spm.mat"} <= {
        file.name for file in folder.iterdir()
    }
    read = events.read("events.tsv", (folder / "events.tsv").read_bytes())
    assert sum(each.condition == "faces" for each in read) == 10
    for name in ("events.tsv", "spm.mat", "fsl/faces.txt"):
        assert main(["score", str(folder / name), "--tr", "2", "--scans", "60"]) == 0
        assert "faces: 10 events" in capsys.readouterr().out


def test_the_same_seed_writes_the_same_files():
    told = specification.read(SPECIFICATION)
    one, other = (
        command.files(told, search(told.experiment, told.goal, rules=told.rules, moves=300, seed=4))
        for _ in range(2)
    )
    one.pop("spm.mat"), other.pop("spm.mat")  # MATLAB files say when they were written
    assert one == other


def test_onsets_are_those_of_the_stimuli():
    told = specification.read(SPECIFICATION.replace("tail_s", "before_s = 0.5\ntail_s"))
    order = np.zeros(20, dtype=int)
    assert events.of_design(told.experiment, order, told.experiment.waits)[0].onset_s == 0.5


@pytest.mark.parametrize("write", [events.fsl, events.afni, events.spm, events.optseq])
def test_conditions_that_would_share_a_file_are_not_mixed(write):
    with pytest.raises(PlanningError, match="'a b' and 'a_b'"):
        write([Event(1, 1, "a b"), Event(4, 1, "a_b")])


def test_a_design_that_cannot_be_written_writes_nothing(tmp_path, capsys):
    words = (
        SPECIFICATION.replace("faces", "a b")
        .replace("houses", "a_b")
        .replace("\na b = 1\na_b = -1", "")
    )
    (tmp_path / "spec.toml").write_text(words.replace("[[contrasts]]", ""))
    assert (
        main(
            ["design", str(tmp_path / "spec.toml"), "--to", str(tmp_path / "made"), "--moves", "9"]
        )
        == 1
    )
    assert "rename" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("words", [["--seed", "-1"], ["--moves", "0"], ["--restarts", "0"]])
def test_a_search_without_work_is_refused_in_one_line(tmp_path, capsys, words):
    (tmp_path / "spec.toml").write_text(SPECIFICATION)
    assert main(["design", str(tmp_path / "spec.toml"), "--to", str(tmp_path), *words]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_specification_that_is_no_text_is_refused(tmp_path, capsys):
    (tmp_path / "spec.toml").write_bytes(b"\xff\xfe")
    assert main(["design", str(tmp_path / "spec.toml")]) == 1
    assert "no TOML" in capsys.readouterr().err
