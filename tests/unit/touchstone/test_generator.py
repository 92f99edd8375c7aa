"""Designs from recipes: squares, chance, hierarchies, practice, and runs that are added later."""

import json
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise, permutations, product
from math import factorial

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from touchstone.chance import Chance
from touchstone.checker import check
from touchstone.design import Factor, Measure, Run, Value
from touchstone.errors import DesignError
from touchstone.generator import extend, generate
from touchstone.orders import balanced, latin, permutation, rows_of
from touchstone.recipe import BETWEEN, ORDERS, WITHIN, Level, Practice, Recipe, Timing
from touchstone.recipe_json import from_json, to_json
from touchstone.xml import read, write

SIZES = range(1, 12)


def factor(code, values, tag=WITHIN):
    return Factor(code, tuple(Value(value) for value in values), type="String", tag=tag)


def menus(**changes):
    """Return the recipe of a usual study: techniques in blocks, sizes in trials, hands between."""
    usual = {
        "id": "menus",
        "factors": (factor("TECH", "abc"), factor("SIZE", "12"), factor("HAND", "lr", BETWEEN)),
        "levels": (Level(("TECH",), "balanced"), Level(("SIZE",), "latin", 2)),
        "participants": 12,
        "practice": (Practice(3, 1, coming=("TECH",)),),
    }
    return Recipe(**usual | changes)


def measured(run):
    return [block for block in run.blocks if not block.is_practice]


@some.composite
def recipes(draw, orders=ORDERS, most=12):
    """Draw any recipe of a size that a test can make."""
    sizes = draw(some.lists(some.integers(1, 3), min_size=1, max_size=4))
    tags = [draw(some.sampled_from([WITHIN, WITHIN, BETWEEN])) for _ in sizes]
    factors = tuple(
        factor(f"F{place}", "abc"[:size], tag)
        for place, (size, tag) in enumerate(zip(sizes, tags, strict=True))
    )
    names = [one.id for one in factors if one.tag == WITHIN]
    depth = draw(some.integers(1, 3))
    homes = [draw(some.integers(0, depth - 1)) for _ in names]
    levels = tuple(
        Level(
            tuple(name for name, home in zip(names, homes, strict=True) if home == place),
            draw(some.sampled_from(orders)),
            draw(some.integers(1, 3)),
            draw(some.booleans()),
        )
        for place in range(depth)
    )
    practice = draw(some.lists(practices(depth, levels), max_size=2))
    whole = some.integers(0, 2**31)
    return Recipe(
        "x", factors, levels, draw(some.integers(1, most)), draw(whole), practice=tuple(practice)
    )


def practices(depth, levels):
    def of(level):
        outside = [name for one in levels[:level] for name in one.factors]
        coming = some.lists(some.sampled_from(outside), unique=True) if outside else some.just([])
        return some.builds(
            Practice,
            some.integers(1, 3),
            some.just(level),
            coming=coming.map(tuple),
            before_repetitions=some.booleans(),
        )

    return some.integers(0, depth - 1).flatmap(of)


# --- squares --------------------------------------------------------------------------------------
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("square", [latin, balanced])
def test_each_condition_is_in_each_place_of_a_square_equally_often(n, square):
    rows = [square(n, row) for row in range(rows_of(square.__name__, n))]
    assert all(sorted(row) == list(range(n)) for row in rows)
    for column in zip(*rows, strict=True):
        assert set(Counter(column).values()) == {len(rows) // n}


@pytest.mark.parametrize("n", SIZES)
def test_each_condition_follows_each_other_equally_often_in_a_balanced_square(n):
    rows = [balanced(n, row) for row in range(rows_of("balanced", n))]
    follows = Counter(pair for row in rows for pair in pairwise(row))
    assert len(follows) == n * (n - 1)
    assert len(set(follows.values())) <= 1


@pytest.mark.parametrize("n", [3, 5, 7])
def test_an_odd_balanced_square_needs_twice_the_rows(n):
    half = Counter(pair for row in range(n) for pair in pairwise(balanced(n, row)))
    assert len(half) < n * (n - 1)
    assert rows_of("balanced", n) == 2 * n


@pytest.mark.parametrize("n", range(1, 6))
def test_all_orders_are_all_of_them_in_the_order_of_a_dictionary(n):
    found = [permutation(n, row) for row in range(factorial(n))]
    assert found == list(permutations(range(n)))
    assert permutation(n, factorial(n)) == found[0]


# --- chance ---------------------------------------------------------------------------------------
def test_chance_is_a_hash_and_so_the_same_for_ever():
    drawn = int.from_bytes(sha256(b"7:order:1").digest()[:8])
    assert Chance(7, "order").below(1000) == drawn % 1000
    assert Chance(7, "order").shuffled("abcdef") == ["c", "b", "a", "f", "d", "e"]


@given(some.integers(), some.lists(some.integers(), max_size=20))
def test_shuffling_loses_nothing(seed, things):
    assert sorted(Chance(seed).shuffled(things)) == sorted(things)


def test_each_order_is_drawn_about_equally_often():
    counts = Counter("".join(Chance("order", seed).shuffled("abc")) for seed in range(6000))
    assert len(counts) == 6
    assert all(850 < count < 1150 for count in counts.values())


# --- designs --------------------------------------------------------------------------------------
@given(recipes())
def test_each_run_has_each_condition_as_often_as_the_recipe_says(recipe):
    design = generate(recipe)
    within = [one for one in recipe.factors if one.tag == WITHIN]
    cells = set(product(*([value.id for value in one.values] for one in within)))
    for run in design.runs:
        trials = [
            design.values_of(block, trial) for block in measured(run) for trial in block.trials
        ]
        counts = Counter(tuple(trial[one.id] for one in within) for trial in trials)
        assert counts.keys() == cells
        assert len(set(counts.values())) == 1
        assert len(trials) == recipe.trials_of_a_run
        assert all(trial.keys() == {one.id for one in recipe.factors} for trial in trials)


@given(recipes())
def test_the_same_recipe_makes_the_same_design_which_can_be_written(recipe):
    design = generate(recipe)
    assert generate(from_json(json.loads(json.dumps(to_json(recipe))))) == design
    assert read(write(design).encode()) == design


@given(recipes(), some.integers(1, 5))
def test_runs_that_are_added_later_leave_the_others_as_they_are(recipe, more):
    design = generate(recipe)
    whole = generate(replace(recipe, participants=recipe.participants + more))
    assert extend(design, recipe, more) == whole
    assert extend(extend(design, recipe, more), recipe, 1).runs[:-1] == whole.runs


@given(recipes(orders=["latin", "balanced", "all"]))
def test_a_full_square_has_each_order_of_each_level_with_each_other_one(recipe):
    assume(recipe.participants_needed <= 300)
    levels = tuple(replace(level, replications=1) for level in recipe.levels)
    full = replace(recipe, levels=levels, practice=(), participants=recipe.participants_needed)
    design = generate(full)
    counts = Counter(map(fingerprint, design.runs))
    assert set(counts.values()) == {1}


def fingerprint(run):
    """Return all that distinguishes a run: the order of its blocks and of their trials."""
    return str(
        [[dict(block.values), [dict(t.values) for t in block.trials]] for block in run.blocks]
    )


def test_a_full_balanced_design_is_even_in_every_way():
    recipe = menus(participants=menus().participants_needed)
    report = check(generate(recipe), participants_needed=recipe.participants_needed)
    assert report.findings == ()
    assert [order.level for order in report.orders] == ["block", "trial", "run"]


def test_a_square_that_is_not_full_says_how_many_are_missing():
    recipe = menus(participants=20)
    report = check(generate(recipe), participants_needed=recipe.participants_needed)
    assert (recipe.participants_needed, report.missing_participants) == (24, 4)


def test_another_seed_is_another_design():
    assert generate(menus(seed=1)).runs != generate(menus(seed=2)).runs


@pytest.mark.parametrize(("is_serial", "wanted"), [(True, list("aabbcc")), (False, list("abcabc"))])
def test_replications_are_serial_or_distributed(is_serial, wanted):
    levels = (Level(("TECH",), "fixed", 2, is_serial),)
    recipe = Recipe("x", (factor("TECH", "abc"),), levels, 1)
    [block] = generate(recipe).runs[0].blocks
    assert [trial.values["TECH"] for trial in block.trials] == wanted


def test_participants_of_each_group_are_as_many_as_of_the_other():
    groups = Counter(run.blocks[0].values["HAND"] for run in generate(menus()).runs)
    assert groups == {"l": 6, "r": 6}


def test_blocks_lie_in_blocks_and_are_numbered_through():
    factors = (factor("A", "ab"), factor("B", "xyz"), factor("C", "12"))
    levels = (Level(("A",), "fixed"), Level(("B",), "fixed"), Level(("C",), "fixed"))
    [run] = generate(Recipe("x", factors, levels, 1)).runs
    assert ["".join(block.values.values()) for block in run.blocks] == [
        "ax", "ay", "az", "bx", "by", "bz",
    ]  # fmt: skip
    assert [(block.number, block.total) for block in run.blocks] == [(n, 6) for n in range(1, 7)]


# --- practice -------------------------------------------------------------------------------------
def test_practice_has_the_value_of_the_coming_block_and_samples_the_rest():
    [run, *_] = generate(menus()).runs
    assert [block.is_practice for block in run.blocks] == [True, False] * 3
    for practice, block in zip(run.blocks[::2], run.blocks[1::2], strict=True):
        assert practice.values == block.values
        assert all(trial.values["SIZE"] in {"1", "2"} for trial in practice.trials)


def test_practice_before_everything_comes_once_with_what_is_fixed():
    practice = Practice(2, fixed=(("TECH", "b"),))
    [run, *_] = generate(menus(practice=(practice,))).runs
    assert [block.is_practice for block in run.blocks] == [True, False, False, False]
    assert run.blocks[0].values == {"TECH": "b", "HAND": run.blocks[1].values["HAND"]}


@pytest.mark.parametrize(("again", "wanted"), [(False, 3), (True, 6)])
def test_practice_comes_before_repetitions_only_where_asked(again, wanted):
    practice = Practice(1, 1, before_repetitions=again)
    levels = (Level(("TECH",), "fixed", 2), Level(("SIZE",)))
    [run, *_] = generate(menus(levels=levels, practice=(practice,))).runs
    assert sum(block.is_practice for block in run.blocks) == wanted


# --- adding runs ----------------------------------------------------------------------------------
def test_an_added_run_never_takes_an_id_that_is_there():
    design = generate(menus(participants=2))
    renamed = replace(design, runs=(design.runs[0], Run("S2", design.runs[1].blocks)))
    assert [run.id for run in extend(renamed, menus(), 2).runs] == ["S0", "S2", "S3", "S4"]


def test_no_run_less_than_one_is_added():
    with pytest.raises(DesignError, match="more_runs: Add at least one run"):
        extend(generate(menus()), menus(), 0)


def test_a_recipe_of_other_factors_adds_nothing():
    with pytest.raises(DesignError, match="factors: The design has other factors"):
        extend(generate(menus()), replace(menus(), factors=(), levels=(Level(),), practice=()), 1)


# --- what is wrong with a recipe ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": ""}, "id"),
        ({"participants": 0}, "participants"),
        ({"participants": 2001}, "participants"),
        ({"factors": ()}, "levels[0].factors"),
        ({"factors": (factor("A", ""),)}, "factors[0].values"),
        ({"factors": (factor("A", "aa"),)}, "factors[0].values"),
        ({"factors": (factor("A,B", "a"),)}, "factors[0].id"),
        ({"factors": (factor("A", [","]),)}, "factors[0].values[0].id"),
        ({"factors": (factor("A", "a", "Sideways"),)}, "factors[0].tag"),
        ({"factors": (factor("A", "a"), factor("A", "a"))}, "factors"),
        ({"factors": (replace(factor("A", "a"), default="b"),)}, "factors[0].default"),
        ({"measures": (Measure("a"), Measure("a"))}, "measures"),
        ({"levels": ()}, "levels"),
        ({"levels": (Level(("TECH", "SIZE", "TECH")),)}, "levels"),
        ({"levels": (Level(("TECH",)),)}, "levels"),
        ({"levels": (Level(("TECH", "SIZE", "HAND")),)}, "levels[0].factors"),
        ({"levels": (Level(("TECH", "SIZE"), "sorted"),)}, "levels[0].order"),
        ({"levels": (Level(("TECH", "SIZE"), replications=0),)}, "levels[0].replications"),
        ({"levels": (Level(("TECH", "SIZE"), replications=100_000),)}, "participants"),
        ({"practice": (Practice(0),)}, "practice[0].trials"),
        ({"practice": (Practice(1, 2),)}, "practice[0].level"),
        ({"practice": (Practice(1, 0, coming=("TECH",)),)}, "practice[0].coming"),
        ({"practice": (Practice(1, 1, (("TECH", "a"),), ("TECH",)),)}, "practice[0].coming"),
        ({"practice": (Practice(1, fixed=(("TECH", "z"),)),)}, "practice[0].fixed"),
        ({"practice": (Practice(1, fixed=(("HAND", "l"),)),)}, "practice[0].fixed"),
        (
            {
                "factors": tuple(factor(f"F{n}", map(str, range(100))) for n in range(3)),
                "levels": (Level(("F0", "F1", "F2")),),
            },
            "levels[0].factors",
        ),
        (
            {
                "factors": tuple(factor(f"F{n}", map(str, range(20))) for n in range(2)),
                "levels": (Level(("F0", "F1"), "all"),),
            },
            "levels[0].order",
        ),
        (
            {
                "factors": tuple(factor(f"F{n}", "a") for n in range(90)),
                "participants": 2000,
                "levels": (Level(tuple(f"F{n}" for n in range(90)), replications=20),),
            },
            "participants",
        ),
        ({"timing": Timing(trial=-1)}, "timing.trial"),
        ({"timing": Timing(trial=float("nan"))}, "timing.trial"),
    ],
)
def test_a_recipe_that_cannot_be_made_names_the_field(changes, field):
    with pytest.raises(DesignError) as caught:
        menus(**{"practice": ()} | changes)
    assert caught.value.field == field


def test_a_recipe_that_would_cross_too_much_is_refused_before_it_is_made():
    many = tuple(factor(f"F{n}", map(str, range(200)), BETWEEN) for n in range(10))
    with pytest.raises(DesignError, match="groups of participants are too many"):
        Recipe("x", many, (Level(),), 1)


def test_what_is_fixed_in_practice_survives_json():
    recipe = menus(practice=(Practice(1, fixed=(("TECH", "a"), ("SIZE", "1"))),))
    assert from_json(json.loads(json.dumps(to_json(recipe)))) == recipe


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda data: data.pop("levels"), "levels"),
        (lambda data: data.update(colour="red"), "colour"),
        (lambda data: data.update(participants="12"), "participants"),
        (lambda data: data.update(participants=True), "participants"),
        (lambda data: data.update(seed=2**70), "seed"),
        (lambda data: data.update(factors={}), "factors"),
        (lambda data: data["factors"][0].update(values=["a"]), "factors[0].values[0]."),
        (lambda data: data["levels"][1].update(order=3), "levels[1].order"),
        (lambda data: data["levels"][1].update(factors=[3]), "levels[1].factors[0]"),
        (lambda data: data["practice"][0].update(fixed=[["a"]]), "practice[0].fixed[0]"),
        (lambda data: data.update(timing={"trial": "long"}), "timing.trial"),
    ],
)
def test_json_that_is_no_recipe_names_the_field(change, field):
    data = json.loads(json.dumps(to_json(menus())))
    change(data)
    with pytest.raises(DesignError) as caught:
        from_json(data)
    assert caught.value.field == field


def test_the_hierarchy_is_written_as_touchstone_writes_it():
    times = "\N{MULTIPLICATION SIGN}"
    assert menus().notation == f"TECH {times} SIZE({times}2) {times} subject[HAND]"
