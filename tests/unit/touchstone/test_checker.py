"""What the checker says of designs that were written by hand."""

from touchstone.checker import Cell, Duration, check
from touchstone.design import Block, Design, Factor, Measure, Run, Trial, Value
from touchstone.recipe import Timing

TECH = Factor("TECH", (Value("a"), Value("b"), Value("c")))
SIZE = Factor("SIZE", (Value("1"), Value("2")))


def block(tech, *sizes, **words):
    return Block(tuple(Trial({"SIZE": size}) for size in sizes), {"TECH": tech}, **words)


def design(*runs, factors=(TECH, SIZE), measures=()):
    return Design("x", factors, measures, tuple(Run(f"S{n}", one) for n, one in enumerate(runs)))


def test_cells_are_counted_in_all_and_in_a_run():
    report = check(design((block("a", "1", "1"), block("b", "2")), (block("a", "1"),)))
    tech, size = report.balances
    assert tech.cells[0] == Cell((("TECH", "a"),), 3, 1, 2)
    assert tech.cells[2] == Cell((("TECH", "c"),), 0, 0, 0)
    assert (tech.missing, tech.is_even, size.missing, size.is_even) == (1, False, 0, False)
    assert report.crossed.missing == 4
    assert [cell.total for cell in report.crossed.cells] == [3, 1]


def test_practice_counts_for_nothing_but_the_length():
    report = check(design((block("a", "1", is_practice=True), block("b", "2"))))
    assert (report.trials, report.practice_trials) == (1, 1)
    assert report.balances[0].cells[0].total == 0
    assert ("TECH", "a") not in report.unused


def test_order_says_who_comes_where_and_before_whom():
    run = (block("a", "1"), block("a", "1"), block("b", "1"), block("c", "1"))
    [order] = check(design(run, run[::-1], factors=(TECH,))).orders
    assert order.level == "block"
    assert order.positions == ((1, 0, 1), (0, 2, 0), (1, 0, 1))
    assert order.follows == ((0, 1, 0), (1, 0, 1), (0, 1, 0))
    assert not order.has_even_positions
    assert not order.has_even_followers


def test_trials_keep_their_places_when_a_value_comes_again_at_once():
    runs = ((block("a", "1", "1", "2"),), (block("a", "2", "1", "1"),))
    [order] = check(design(*runs, factors=(SIZE,))).orders
    assert order.level == "trial"
    assert order.positions == ((1, 2, 1), (1, 0, 1))
    assert order.follows == ((2, 1), (1, 0))


def test_a_factors_level_is_what_keeps_its_value():
    between = Factor("HAND", (Value("l"), Value("r")))
    runs = tuple(
        Run(hand, tuple(Block(one.trials, {**one.values, "HAND": hand}) for one in blocks))
        for hand in "lr"
        for blocks in [(block("a", "1", "2"), block("b", "2", "1"))]
    )
    report = check(Design("x", (TECH, SIZE, between), (), runs))
    assert [order.level for order in report.orders] == ["block", "trial", "run"]


def test_what_no_trial_uses_or_sets_is_named():
    report = check(design((Block((Trial({"SIZE": "1"}), Trial())),)))
    assert report.unused == (("TECH", "a"), ("TECH", "b"), ("TECH", "c"), ("SIZE", "2"))
    assert report.unset == (("TECH", 2), ("SIZE", 1))
    assert "2 trials have no value of TECH." in report.findings


def test_a_default_is_a_value():
    factors = (Factor("SIZE", SIZE.values, default="2"),)
    report = check(design((Block((Trial(),)),), factors=factors))
    assert report.unset == ()
    assert report.balances[0].cells[1].total == 1


def test_twins_clashes_empty_runs_and_measures_that_were_never_logged_are_named():
    measures = (Measure("SIZE"), Measure("time"), Measure("time"), Measure("hit"))
    report = check(design((), measures=measures), logged={"time"})
    assert report.twins == ("measure time",)
    assert report.clashes == ("SIZE",)
    assert (
        "A measure and a factor are both called SIZE; exports keep them apart." in report.findings
    )
    assert report.empty_runs == ("S0",)
    assert report.never_logged == ("SIZE", "hit")
    assert check(design((), measures=measures)).never_logged == ()


def test_the_length_adds_up_what_lies_between():
    run = (block("a", "1", "1", is_practice=True), block("a", "1", "1", "1"), block("b", "1"))
    timing = Timing(setup=100, trial=10, intertrial=1, interblock=50, interpractice=20)
    wanted = 100 + 6 * 10 + (1 + 2) * 1 + 50 + 20
    assert check(design(run, ()), timing=timing).duration == Duration(100, wanted, wanted + 100)


def test_a_design_without_anything_has_a_report_too():
    report = check(Design("x", (), (), ()))
    assert (report.runs, report.trials, report.findings) == (0, 0, ())
    assert report.crossed is None


def test_cells_that_are_too_many_to_list_are_counted():
    factors = tuple(Factor(name, tuple(Value(str(n)) for n in range(30))) for name in "AB")
    trials = tuple(Trial({"A": str(a), "B": str(b)}) for a in range(30) for b in range(30))
    crossed = check(Design("x", factors, (), (Run("1", (Block(trials),)),))).crossed
    assert (len(crossed.cells), crossed.possible, crossed.missing) == (400, 900, 0)
    assert crossed.is_even
