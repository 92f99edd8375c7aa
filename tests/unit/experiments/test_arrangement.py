"""Orders by chance: of one run always the same, of many runs each as often as the others."""

from collections import Counter

from experiments.definition.arrangement import arranged, matrices
from experiments.definition.items import Item, Option, Scale

FREE = [Option(code, code.upper()) for code in "abcd"]
LAST = [Option("x", "Another", is_other=True), Option(-9, "Cannot say", is_missing=True)]
CHOICE = Item("liked", "Liked?", "choice", Scale(options=(*FREE, *LAST)), order="random")
TEXTS = [Item(f"t{number}", "Text?", "text") for number in range(4)]
SCALE = Scale(options=tuple(FREE))
ROWS = [Item(f"m{number}", "How?", "choice", SCALE, display="matrix") for number in range(3)]


def names(items, **more):
    given = {"seed": 7, "position": 3, "is_random": True} | more
    return [item.name for item in arranged(items, **given)]


def codes(seed, position=0):
    [item] = arranged([CHOICE], seed=seed, position=position, is_random=False)
    return [option.code for option in item.scale.options]


def test_a_run_sees_its_options_in_one_order_and_another_run_in_another():
    assert codes(7) == codes(7, position=9)
    assert len({tuple(codes(seed)) for seed in range(200)}) == 24


def test_what_stays_keeps_its_place_behind_what_is_mixed():
    for seed in range(50):
        assert codes(seed)[4:] == ["x", -9]
        assert sorted(codes(seed)[:4]) == ["a", "b", "c", "d"]


def test_each_option_stands_first_about_as_often_as_the_others():
    firsts = Counter(codes(seed)[0] for seed in range(4000))
    assert all(abs(count - 1000) < 120 for count in firsts.values()), firsts  # more than 4 sigma


def test_items_are_mixed_anew_at_each_showing_and_the_same_at_a_reload():
    assert names(TEXTS) == names(TEXTS)
    assert len({tuple(names(TEXTS, position=at)) for at in range(60)}) > 10
    assert names(TEXTS, is_random=False) == ["t0", "t1", "t2", "t3"]


def test_a_matrix_stays_together():
    assert [len(unit) for unit in matrices([*TEXTS, *ROWS])] == [1, 1, 1, 1, 3]
    for position in range(30):
        found = names([*TEXTS, *ROWS], position=position)
        places = [found.index(row.name) for row in ROWS]
        assert max(places) - min(places) == 2
        assert sorted(found) == sorted(item.name for item in [*TEXTS, *ROWS])
