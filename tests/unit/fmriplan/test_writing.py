"""What is written as TOML is read as the same specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fmriplan.design.experiment import Condition, Experiment, Part, Rest
from fmriplan.design.gaps import Exponential, Fixed, Gaps, Uniform
from fmriplan.design.goal import Goal, usual_realities
from fmriplan.design.orders import Rules
from fmriplan.design.response import Response
from fmriplan.design.specification import Specification, read
from fmriplan.design.writing import write

WAITS = Uniform(2.0, 4.0)
NAMES = some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def specification(
    names: tuple[str, ...] = ("faces", "houses"), gaps: Gaps = WAITS, **more: object
) -> Specification:
    conditions = tuple(Condition(name, 1 / len(names), 1.0) for name in names)
    contrasts = (tuple(float(n == 0) - float(n == 1) for n in range(len(names))),)
    experiment = Experiment(conditions, 20, 2.0, gaps, contrasts, **more)  # type: ignore[arg-type]
    return Specification(experiment, Goal(), Rules())


@pytest.mark.parametrize("gaps", [Fixed(2.0), Uniform(1.0, 3.0), Exponential(2.0, 3.0, 8.0)])
def test_each_model_of_waits_comes_back(gaps):
    told = specification(gaps=gaps)
    assert read(write(told)) == told


def test_everything_that_can_be_said_comes_back():
    told = specification(
        tick_s=0.05,
        before_s=0.5,
        after_s=0.25,
        rest=Rest(10, 15.0),
        lead_in_s=4.0,
        tail_s=10.0,
        rho=0.0,
        high_pass_s=128.0,
        response=Response(delay=5.0),
        depth=2,
        bin_s=1.0,
        window_s=16.0,
    )
    rules = Rules(
        exact_counts=True,
        longest_run=3,
        forbidden=frozenset({("faces", "houses")}),
        first="houses",
        last="faces",
        least_waits=(("faces", "", 2.5),),
    )
    realities = usual_realities(told.experiment, worst=True)
    told = Specification(told.experiment, Goal(1.0, 0.0, 0.5, 0.1), rules, realities)
    assert read(write(told)) == told


def test_parts_of_trials_and_runs_come_back():
    parts = (Part("cue", 0.0, 0.5), Part("picture", 1.0, 1.0))
    conditions = (Condition("faces", 0.5, 2.0, parts), Condition("houses", 0.5, 2.0))
    experiment = Experiment(conditions, 20, 2.0, WAITS, ((0.0, 1.0, -1.0),), runs=2)
    told = Specification(experiment, Goal(), Rules())
    assert read(write(told)) == told


@given(some.lists(NAMES, min_size=2, max_size=4, unique=True))
def test_conditions_of_any_name_come_back(names):
    told = specification(tuple(names))
    assert read(write(told)) == told


def test_what_is_as_by_default_is_not_written():
    assert "rho" not in write(specification())
    assert "[rules]" not in write(specification())
