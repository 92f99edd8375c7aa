"""Rules for orders: proven against every order there is, named where they contradict."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmriplan.design import accelerator
from fmriplan.design.annealing import Goal, search
from fmriplan.design.experiment import Condition, Experiment
from fmriplan.design.gaps import Exponential, Uniform
from fmriplan.design.genetic import evolve
from fmriplan.design.orders import Infeasible, Rules, check, random_design, random_order
from fmriplan.errors import NotAnOption

NAMES = "abc"
CAN_ONLY_BE = "so it can only be"


@pytest.fixture(scope="module", autouse=True)
def built():
    accelerator.build()
    accelerator.kernel.cache_clear()


def planned(trials=6, runs=1, count=3, **facts):
    conditions = tuple(Condition("abcdefghijkl"[n], 1 / count, 1.0) for n in range(count))
    contrasts = ((1.0, -1.0, *(0.0,) * (count - 2)),)
    usual = {"tr_s": 2.0, "gaps": Uniform(1, 4), "contrasts": contrasts, "depth": 1, "tail_s": 20.0}
    return Experiment(conditions, trials, runs=runs, **{**usual, **facts})


pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))
some_rules = st.builds(
    Rules,
    exact_counts=st.booleans(),
    longest_run=st.integers(0, 3),
    forbidden=st.frozensets(pairs, max_size=5),
    first=st.sampled_from(["", *NAMES]),
    last=st.sampled_from(["", *NAMES]),
    exact_in_runs=st.booleans(),
    apart=st.integers(0, 2),
    least_waits=st.lists(
        st.tuples(st.sampled_from(["", *NAMES]), st.sampled_from(["", *NAMES]),
                  st.sampled_from([1.5, 2.5, 3.5, 9.0])), max_size=2,
    ).map(tuple),
)  # fmt: skip


def kept_by_some_order(experiment, rules):
    """Try every order, and for each whether its waits can be long enough, rule by rule."""
    return any(keeps(experiment, rules, order) for order in
               itertools.product(NAMES, repeat=experiment.trials))  # fmt: skip


def keeps(experiment, rules, order):
    size = experiment.run_trials
    rows = [order[at : at + size] for at in range(0, len(order), size)]
    share = 1 / 3
    if rules.exact_in_runs and any(
        row.count(n) != round(size * share) for row in rows for n in NAMES
    ):
        return False
    if rules.exact_counts and any(order.count(n) != round(len(order) * share) for n in NAMES):
        return False
    return set(order) == set(NAMES) and all(row_keeps(experiment, rules, row) for row in rows)


def row_keeps(experiment, rules, row):
    steps = list(itertools.pairwise(row))
    if rules.forbidden & set(steps):
        return False
    if (rules.first or row[0]) != row[0] or (rules.last or row[-1]) != row[-1]:
        return False
    if (
        rules.longest_run
        and max(len(list(g)) for _, g in itertools.groupby(row)) > rules.longest_run
    ):
        return False
    if any(len(set(row[at : at + back + 1])) <= back and row[at] == row[at + back]
           for back in range(1, rules.apart + 1) for at in range(len(row) - back)):  # fmt: skip
        return False
    wanted = sorted(
        max([s for one, other, s in rules.least_waits
             if one in {"", before} and other in {"", after}], default=0)
        for before, after in steps
    )  # fmt: skip
    waits = sorted(experiment.waits[1:][: len(steps)] * experiment.tick_s)
    return all(wait >= want - 1e-9 for wait, want in zip(waits, wanted, strict=True))


@settings(max_examples=120, deadline=None)
@given(some_rules, st.sampled_from([1, 2]), st.integers(0, 1000))
def test_rules_are_refused_if_and_only_if_no_order_keeps_them(rules, runs, seed):
    experiment = planned(runs=runs)
    possible = kept_by_some_order(experiment, rules)
    checked, refusal = checked_or_refused(experiment, rules)
    if checked is None:
        assert not possible or CAN_ONLY_BE in refusal  # possible, but nothing that anybody wants
        return
    assert possible
    order, waits = random_design(experiment, checked, np.random.default_rng(seed))
    assert checked.keeps(order, waits)
    assert keeps(experiment, rules, tuple("abc"[each] for each in order))
    assert sorted(waits) == sorted(experiment.waits)


@settings(max_examples=60, deadline=None)
@given(some_rules)
def test_of_the_rules_that_are_named_none_can_be_left_out(rules):
    experiment = planned()
    _, refusal = checked_or_refused(experiment, rules)
    found = re.search("together: (.*)[.] Loosen", refusal)
    if not found:
        return
    named = found[1].split("; ")
    assert not kept_by_some_order(experiment, made_of(rules, named))
    for name in named:
        rest = [each for each in named if each != name]
        assert kept_by_some_order(experiment, made_of(rules, rest)), (name, refusal)


def checked_or_refused(experiment, rules):
    try:
        return check(experiment, rules), ""
    except Infeasible as refusal:
        return None, str(refusal)


def made_of(rules, named):
    """Return the rules that a message names."""
    made = Rules()
    for name in named:
        if name.startswith("exact counts"):
            made = replace(made, exact_counts=rules.exact_counts, exact_in_runs=rules.exact_in_runs)
        elif name.startswith("runs of at most"):
            made = replace(made, longest_run=rules.longest_run)
        elif "trials between" in name:
            made = replace(made, apart=rules.apart)
        elif name.endswith(" first"):
            made = replace(made, first=rules.first)
        elif name.endswith(" last"):
            made = replace(made, last=rules.last)
        elif name == "the least waits":
            made = replace(made, least_waits=rules.least_waits)
        else:
            after, before = name.split(" never after ")
            made = replace(made, forbidden=made.forbidden | {(before, after)})
    return made


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(2, 9),
    st.integers(0, 25),
    st.integers(0, 4),
    st.integers(0, 3),
    st.booleans(),
)
def test_rules_over_many_trials_end_in_an_order_or_a_refusal(seed, count, bans, run, apart, exact):
    rng = np.random.default_rng(seed)
    experiment = planned(trials=40 * count, count=count, runs=2)
    names = [each.name for each in experiment.conditions]
    forbidden = frozenset(tuple(rng.choice(names, 2).tolist()) for _ in range(bans))
    rules = Rules(
        exact, run, forbidden, apart=apart, first=str(rng.choice(names)),
        least_waits=((names[0], names[1], 2.0),),
    )  # fmt: skip
    checked, refusal = checked_or_refused(experiment, rules)
    if checked is None:
        assert len(refusal) > 20
        return
    try:
        order, waits = random_design(experiment, checked, rng)
    except Infeasible:
        return
    assert checked.keeps(order, waits)
    found = search(experiment, Goal(), rules=rules, moves=300, scale=1.0)
    assert checked.keeps(found.order, found.waits)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (Rules(first="a", last="a", apart=2, exact_counts=True), "a first; a last"),
        (Rules(exact_counts=True, first="a", forbidden=frozenset({("a", "b"), ("c", "b")})),
         "b may follow no other"),
        (Rules(apart=3), "need 4 conditions; there are 3. Ask for 2 or fewer"),
        (Rules(least_waits=(("", "", 2.0),)), "the least waits"),
        (Rules(longest_run=1, least_waits=(("a", "", 9), ("b", "", 9), ("c", "", 9))),
         "every transition to another is forbidden"),
    ],
)  # fmt: skip
def test_contradictions_are_named(rules, says):
    with pytest.raises(Infeasible, match=says):
        check(planned(), rules)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (Rules(apart=-1), "0 trials or more"),
        (Rules(least_waits=(("a", "z", 1.0),)), "no condition 'z'"),
        (Rules(least_waits=(("a", "b", -1.0),)), "0 s or longer"),
        (Rules(least_waits=(("a", "b", 0.03),)), "no whole number of ticks"),
    ],
)
def test_rules_that_mean_nothing_are_refused(rules, says):
    with pytest.raises(NotAnOption, match=says):
        check(planned(), rules)


RULES = Rules(
    exact_in_runs=True, longest_run=2, apart=0, first="a", forbidden=frozenset({("b", "c")}),
    least_waits=(("a", "b", 3.0), ("c", "", 2.0)),
)  # fmt: skip


@pytest.mark.parametrize("plainly", [False, True])
def test_every_search_keeps_every_rule(plainly, monkeypatch):
    if plainly:
        monkeypatch.setenv("FMRIPLAN_PLAIN", "1")
    accelerator.kernel.cache_clear()
    experiment = planned(trials=36, runs=3, gaps=Exponential(1, 2.5, 8))
    checked = check(experiment, RULES)
    made = [search(experiment, Goal(), rules=RULES, moves=800 if plainly else 20_000, scale=1.0)]
    made.append(evolve(experiment, Goal(), scale=1.0, generations=5, rules=RULES))
    for found in made:
        assert checked.keeps(found.order, found.waits)
        order = found.order.reshape(3, -1)
        assert (order[:, 0] == 0).all()
        waits = found.waits.reshape(3, -1) * experiment.tick_s
        after_c = order[:, :-1] == 2
        assert (waits[:, 1:][after_c] >= 2 - 1e-9).all()
    accelerator.kernel.cache_clear()


def test_repeats_lie_apart():
    experiment = planned(trials=40, count=4)
    found = search(experiment, Goal(), rules=Rules(apart=2), moves=5000)
    for back in (1, 2):
        assert (found.order[back:] != found.order[:-back]).all()


def test_an_order_alone_can_be_asked_for():
    experiment = planned(trials=12)
    checked = check(experiment, Rules(exact_counts=True))
    assert checked.keeps(random_order(experiment, checked, np.random.default_rng(0)))
