"""A lab's function in a process of its own: what it is told, how it ends, what comes back."""

import os
import threading
import time

import pytest
from tests.factories import scripts

from experiments.scripting import functions
from experiments.scripting.pool import Pool, Question
from experiments.scripting.told import Here, Run, Stimulus, Visit

HERE = {"run": {"id": "r", "pseudonym": "ABC", "seed": 5}, "step": "rate", "position": 3}


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    scripts.package(folder)
    return folder


@pytest.fixture(scope="module")
def pool():
    made = Pool()
    yield made
    made.end()


@pytest.fixture
def ask(pool, code):
    def asked(name, use="draw", *, limit_s=5.0, here=HERE, **arguments):
        call = f"toylab.melodies.{name}"
        return pool.ask(Question(code, call, arguments, use, here, limit_s=limit_s))

    return asked


def test_a_draw_is_the_same_at_the_same_place_and_another_at_another(ask):
    first, again = ask("draw").value, ask("draw").value
    assert first == again
    assert ask("draw", here=HERE | {"position": 4}).value != first
    assert ask("draw", here=HERE | {"run": HERE["run"] | {"seed": 6}}).value != first


@pytest.mark.parametrize("name", ["loop", "sleep"])
def test_what_does_not_end_is_ended_and_its_place_is_told(ask, name):
    ask("typed", "condition", n=1)
    began = time.monotonic()
    outcome = ask(name, limit_s=0.5)
    assert time.monotonic() - began < 3.5
    assert outcome.error == "It did not end within 0.5 s."
    assert f"in {name}" in outcome.printed
    assert ask("typed", "condition", n=1).value is True


def test_what_takes_too_much_memory_is_stopped(ask):
    outcome = ask("hog")
    assert outcome.error == "MemoryError"


def test_what_returns_too_much_is_told_so(ask):
    assert "larger than 2,097,152 bytes" in ask("large").error
    assert ask("draw").value


def test_what_prints_without_end_is_ended(ask):
    assert ask("chatters", limit_s=0.5).error


def test_what_writes_where_it_should_not_harms_itself_alone(ask):
    ask("spoils", limit_s=1)
    assert ask("draw").value


def test_what_it_left_behind_is_ended_with_it(code, tmp_path):
    pool, file = Pool(), tmp_path / "alive"
    left = "toylab.melodies.leaves_somebody_behind"
    question = Question(code, left, {"file": str(file)}, "draw", HERE, folders=(str(tmp_path),))
    assert pool.ask(question).value == {"stimulus": "tune"}
    time.sleep(1.6)
    assert not file.exists()
    pool.end()


def test_what_ends_its_process_is_told(ask):
    assert ask("leave").error == "It ended with 7."
    assert ask("typed", "condition", n=1).value is True


def test_what_raises_brings_its_traceback_and_what_it_printed(ask):
    outcome = ask("mended", file="/nowhere/at/all")
    assert outcome.error == "FileNotFoundError: the list of melodies"
    assert "looking for /nowhere/at/all" in outcome.printed
    assert 'melodies.py", line' in outcome.printed


def test_nothing_of_the_site_is_told(ask, monkeypatch, code):
    monkeypatch.setenv("STUDIUM_SECRET_KEY", "not for scripts")
    other = Pool()
    call = "toylab.melodies.secrets"
    said = other.ask(Question(code, call, {}, "feedback", HERE)).value["text"]
    other.end()
    assert "STUDIUM" not in said
    assert "DATABASE" not in said
    assert "PATH" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "missing a required argument: 'n'"),
        ({"n": "1"}, "n is '1', and typed wants int."),
        ({"n": True}, "n is True"),
        ({"n": 1, "x": "0.5"}, "x is '0.5', and typed wants float."),
        ({"n": 1, "words": ["a", 2]}, "words is ['a', 2]"),
        ({"n": 1, "other": 2}, "unexpected keyword argument 'other'"),
    ],
)
def test_arguments_are_of_the_types_that_the_function_names(ask, arguments, says):
    assert says in ask("typed", "condition", **arguments).error


def test_arguments_keep_their_types(ask):
    assert ask("typed", "condition", n=-3, x=1, words=None).value is True
    assert ask("typed", "condition", n=0, x=0.5, words=["a"]).value is True


@pytest.mark.parametrize(
    ("name", "use", "says"),
    [
        ("tell", "condition", "a condition returns True or False"),
        ("nonsense", "draw", "a draw returns a stimulus's name"),
        ("typed", "feedback", "feedback is a text"),
        ("_hidden", "condition", "private to its package"),
        ("nothing", "draw", "has no function 'nothing'"),
        ("time", "draw", "has no function 'time'"),
        ("missing.nothing", "draw", "No module named"),
    ],
)
def test_what_cannot_be_used_is_named(ask, name, use, says):
    arguments = {"n": 1} if name == "typed" else {}
    assert says in ask(name, use, **arguments).error


def test_a_function_of_another_package_is_not_the_labs(pool, tmp_path):
    scripts.package(tmp_path, code="from os.path import join\nfrom shutil import rmtree\n")
    for name in ("join", "rmtree"):
        question = Question(tmp_path, f"toylab.melodies.{name}", {}, "draw", HERE)
        assert "not of the lab's own package" in pool.ask(question).error


def test_a_warm_process_answers_many_at_once(ask):
    ask("typed", "condition", n=1)
    slow = threading.Thread(target=ask, args=("sleep",), kwargs={"limit_s": 2})
    slow.start()
    began = time.monotonic()
    assert ask("typed", "condition", n=1).value is True
    assert time.monotonic() - began < 1.5
    slow.join()


def test_a_warm_process_that_was_killed_is_followed_by_another(pool, code, ask):
    ask("typed", "condition", n=1)
    warm = pool._warm[code]
    os.kill(warm.process.pid, 9)
    warm.process.wait()
    assert ask("typed", "condition", n=1).value is True


def test_no_more_versions_stay_warm_than_are_in_use(pool, tmp_path):
    for number in range(5):
        scripts.package(tmp_path / str(number))
        call = "toylab.melodies.tell"
        pool.ask(Question(tmp_path / str(number), call, {}, "feedback", HERE))
    assert len(pool._warm) == 3


def test_a_version_that_others_push_out_still_ends_what_it_runs(code, tmp_path):
    pool, got = Pool(), []
    call = "toylab.melodies.counted"
    file = str(tmp_path / "calls")
    question = Question(code, call, {"file": file}, "draw", HERE, folders=(str(tmp_path),))
    slow = threading.Thread(target=lambda: got.append(pool.ask(question)))
    slow.start()
    while not (tmp_path / "calls").exists():
        time.sleep(0.01)
    for number in range(3):
        scripts.package(tmp_path / str(number))
        pool.ask(Question(tmp_path / str(number), "toylab.melodies.tell", {}, "feedback", HERE))
    slow.join()
    pool.end()
    assert got[0].value == {"stimulus": "one"}


def test_numbers_of_numerical_packages_become_plain_ones():
    class Number:
        def tolist(self):
            return 4

    drawn = {"stimulus": "a", "data": {"at": [Number()]}}
    assert functions.shaped("draw", "f", drawn)["data"] == {"at": [4]}


def test_the_numbers_of_one_call_differ_from_one_another():
    here = Here(Run("r", "P", 1), "s", 2)
    first = [here.rng.random() for _ in range(3)]
    assert len(set(first)) == 3
    assert [Here(Run("r", "P", 1), "s", 2).rng.random()] == first[:1]


def test_what_was_shown_and_what_was_not():
    stimuli = (Stimulus("a"), Stimulus("b"))
    here = Here(Run("r", "P", 1), "s", 2, visits=(Visit(1, "s", stimulus="a"),), stimuli=stimuli)
    assert here.shown == {"a"}
    assert [each.name for each in here.unseen] == ["b"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (None, {}),
        (True, {}),
        (False, {"refused": "Please check your answers."}),
        ("Too fast.", {"refused": "Too fast."}),
        ({"score": 3}, {"also": {"score": 3}}),
    ],
)
def test_what_record_may_say(said, kept):
    assert functions.shaped("record", "f", said) == kept


@pytest.mark.parametrize("said", [3, [], {"": 1}])
def test_what_record_may_not_say(said):
    with pytest.raises(functions.Wrong):
        functions.shaped("record", "f", said)
