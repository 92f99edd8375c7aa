"""Searching designs: the compiled way and the plain one, rules kept, and no search without end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmriplan.__main__ import main
from fmriplan.design import accelerator, annealing, orders
from fmriplan.design.annealing import Goal, search
from fmriplan.design.compiled import Compiled
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.experiment import Condition, Experiment, Rest
from fmriplan.design.gaps import Exponential, Uniform
from fmriplan.design.judging import Judge
from fmriplan.design.orders import Infeasible, Rules, check
from fmriplan.errors import NotAnOption

DIFFERENCES = ((1.0, -1.0, 0.0), (0.0, 1.0, -1.0))


def planned(shown=(1.0, 1.0, 1.0), shares=(0.3, 0.3, 0.4), **facts):
    conditions = tuple(Condition(n, s, d) for n, s, d in zip("abc", shares, shown, strict=True))
    usual = {"trials": 30, "tr_s": 2.0, "gaps": Exponential(2, 3, 8), "contrasts": DIFFERENCES}
    return Experiment(conditions, **{**usual, **facts})


@pytest.fixture(scope="module", autouse=True)
def built():
    accelerator.build()
    accelerator.kernel.cache_clear()


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setenv("FMRIPLAN_PLAIN", "1")
    accelerator.kernel.cache_clear()
    yield
    accelerator.kernel.cache_clear()


def designs(experiment, count, seed):
    rng = np.random.default_rng(seed)
    made = rng.integers(3, size=(count, experiment.trials))
    waits = [np.concatenate([[0], rng.permutation(experiment.waits[1:])]) for _ in range(count)]
    return made, np.array(waits)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    shown=st.sampled_from([(1.0, 1.0, 1.0), (0.5, 2.0, 1.3)]),
    tr=st.sampled_from([0.7, 2.0, 2.5]),
    rho=st.sampled_from([0.0, 0.4]),
    high_pass=st.sampled_from([None, 60.0]),
    lead_in=st.sampled_from([0.0, 4.0]),
)
def test_the_kernel_scores_as_numpy_does(seed, shown, tr, rho, high_pass, lead_in):
    experiment = planned(
        shown, tr_s=tr, rho=rho, high_pass_s=high_pass, lead_in_s=lead_in, rest=Rest(10, 5.0)
    )
    evaluation = Evaluation(experiment)
    made, waits = designs(experiment, 4, seed)
    compiled = Compiled.of(evaluation)
    assert compiled.detect(made, waits) == pytest.approx(
        evaluation._detection(made, waits), rel=1e-9
    )


@pytest.mark.parametrize("shown", [(1.0, 1.0, 1.0), (0.5, 2.0, 1.0)])
@pytest.mark.parametrize("goal", [Goal(), Goal(1, 0, 0), Goal(0, 1, 0), Goal(0, 0, 1)])
def test_what_a_search_says_of_its_best_design_is_so(shown, goal):
    """After many thousand differences the worth is still that of a whole evaluation."""
    experiment = planned(shown)
    found = search(experiment, goal, moves=30_000, seed=2)
    again = Judge(experiment, check(experiment, Rules()), goal, found.scales)
    assert found.worth == pytest.approx(
        again._weighed(found.order[None], found.waits[None])[0], rel=1e-9
    )


def test_a_search_beats_random_designs():
    experiment = planned()
    found = search(experiment, Goal(), moves=20_000)
    judge = Judge(experiment, check(experiment, Rules()), Goal(), found.scales)
    assert found.worth > judge.worth(*designs(experiment, 500, 1)).max()
    assert list(found.history) == sorted(found.history)


def test_the_same_seed_finds_the_same_design():
    one, other = (search(planned(), Goal(), moves=5000, seed=7) for _ in range(2))
    assert (one.order == other.order).all()
    assert (one.waits == other.waits).all()
    assert (search(planned(), Goal(), moves=5000, seed=8).order != one.order).any()


def test_waits_are_never_worn_down():
    experiment = planned()
    found = search(experiment, Goal(), moves=20_000)
    assert found.waits[0] == 0
    assert (np.sort(found.waits) == experiment.waits).all()


def test_the_plain_way_finds_a_good_design_too(plain):
    experiment = planned(trials=12)
    assert Compiled.of(Evaluation(experiment)) is None
    found = search(experiment, Goal(), moves=600)
    judge = Judge(experiment, check(experiment, Rules()), Goal(), found.scales)
    assert found.worth > judge.worth(*designs(experiment, 100, 1)).max()


def test_a_search_tells_how_far_it_is_and_can_be_ended():
    told = []

    def progress(done, worth):
        told.append((done, worth))
        return len(told) == 3

    found = search(planned(), Goal(), moves=20_000, restarts=2, progress=progress)
    assert found.was_cancelled
    assert len(told) == 3
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert found.worth == told[-1][1]


def test_restarts_are_told_to_the_end():
    told = []
    search(planned(), Goal(), moves=4000, restarts=3, progress=lambda done, _: told.append(done))
    assert told[-1] == 1
    assert len(told) == 3 * annealing.PARTS


@pytest.mark.parametrize("way", ["compiled", "plain"])
def test_rules_are_kept_by_every_search(way, request):
    if way == "plain":
        request.getfixturevalue("plain")
    experiment = planned()
    rules = Rules(
        exact_counts=True, longest_run=2, forbidden=frozenset({("a", "c")}), first="a", last="b"
    )
    found = search(experiment, Goal(), rules=rules, moves=2000)
    said = "".join("abc"[each] for each in found.order)
    assert [said.count(each) for each in "abc"] == [9, 9, 12]
    assert "ac" not in said
    assert not any(each * 3 in said for each in "abc")
    assert (said[0], said[-1]) == ("a", "b")


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_orders_keep_their_rules(seed, run):
    experiment = planned()
    checked = check(experiment, Rules(exact_counts=True, longest_run=run))
    order = orders.random_order(experiment, checked, np.random.default_rng(seed))
    assert checked.keeps(order)


@pytest.mark.parametrize(
    ("facts", "rules", "says"),
    [
        ({"shares": (0.8, 0.1, 0.1)}, {"exact_counts": True, "longest_run": 1}, "a comes 24 times"),
        ({}, {"forbidden": frozenset({("a", "b"), ("c", "b")})}, "b may follow no other"),
        ({}, {"forbidden": frozenset({("a", "b"), ("a", "c")})}, "No other condition may follow a"),
    ],
)
def test_rules_that_no_order_can_keep_are_named(facts, rules, says):
    with pytest.raises(Infeasible, match=says):
        check(planned(**facts), Rules(**rules))


def test_rules_without_a_solution_end():
    nothing = frozenset((one, other) for one in "abc" for other in "abc" if one <= other)
    with pytest.raises(Infeasible):
        search(planned(), Goal(), rules=Rules(forbidden=nothing, first="c", last="a"), moves=100)


@pytest.mark.parametrize(
    "wrong", [{"first": "z"}, {"forbidden": frozenset({("a", "z")})}, {"longest_run": -1}]
)
def test_rules_name_conditions_that_there_are(wrong):
    with pytest.raises(NotAnOption):
        check(planned(), Rules(**wrong))


@pytest.mark.parametrize("wrong", [(0, 0, 0), (float("nan"), 1, 1), (-1, 1, 1)])
def test_weights_that_weigh_nothing_are_refused(wrong):
    with pytest.raises(NotAnOption, match="weights"):
        Goal(*wrong)


# --- the kernel -----------------------------------------------------------------------------------
def test_the_kernel_is_built_by_a_command(capsys):
    assert main(["build"]) == 0
    assert capsys.readouterr().out.strip() == str(accelerator.library())


def test_a_library_of_another_source_is_not_loaded(monkeypatch, tmp_path):
    changed = tmp_path / "kernel.c"
    changed.write_text(accelerator.SOURCE.read_text() + "/* another */")
    monkeypatch.setattr(accelerator, "SOURCE", changed)
    accelerator.kernel.cache_clear()
    assert accelerator.kernel() is None
    accelerator.kernel.cache_clear()


@pytest.mark.parametrize(
    ("compiler", "says"), [("/bin/false", "refused"), ("/nowhere/cc", "not built")]
)
def test_a_compiler_that_fails_leaves_nothing(monkeypatch, tmp_path, compiler, says):
    source = tmp_path / "kernel.c"
    source.write_text("int x;")
    monkeypatch.setattr(accelerator, "SOURCE", source)
    with pytest.raises(accelerator.NotBuilt, match=says):
        accelerator.build(compiler)
    assert list(tmp_path.glob("*.so")) == []


def test_without_a_compiler_everything_else_works(monkeypatch, tmp_path):
    monkeypatch.setattr(accelerator, "SOURCE", tmp_path / "kernel.c")
    (tmp_path / "kernel.c").write_text("int x;")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(accelerator.NotBuilt, match="Everything works without"):
        accelerator.build()


def test_uniform_waits_are_searched_as_well():
    assert search(planned(gaps=Uniform(2, 2.1)), Goal(), moves=2000).worth > 0.5
