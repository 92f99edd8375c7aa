"""Charts: what stands where, what is escaped, and the same numbers as a table."""

import itertools
from xml.etree import ElementTree as ET

import pytest

from common import charts
from common.charts import scales, svg
from common.charts.marks import Box, Dot, Line, Words
from common.samples import sample_charts


def of(kind, drawing):
    return [mark for mark in drawing.marks if isinstance(mark, kind)]


def lines(*series, **more):
    return charts.lines(series, title="T", x_label="x", y_label="y", **more)


@pytest.mark.parametrize("span", [0.003, 0.9, 1, 7, 48, 1234])
def test_ticks_are_round_and_few(span):
    scale = scales.Scale(0.0, span, 0, 100)
    assert 3 <= len(scale.ticks()) <= 12
    assert all(scale.low <= tick <= scale.high + 1e-9 for tick in scale.ticks())


@pytest.mark.parametrize("values", [[], [5.0], [5.0, 5.0], [0.0], [None], [float("nan")]])
def test_bounds_are_never_the_same(values):
    low, high = scales.around(values)
    assert low < high


@pytest.mark.parametrize("low", [0.0, 5.0, 7.0])
def test_a_given_lowest_stays(low):
    assert scales.around([5.0], low=low)[0] == low
    assert scales.around([5.0], low=low)[1] > low


def test_bounds_hold_every_number():
    low, high = scales.around([-3.2, 8.9])
    assert low <= -3.2
    assert high >= 8.9


def test_a_higher_number_lies_higher():
    drawn = lines(charts.Series("a", [0, 1], [1, 2]))
    [line] = [mark for mark in of(Line, drawn) if mark.tone == "series-1"]
    (left, low), (right, high) = line.places
    assert left < right
    assert high < low  # places count from above


def test_what_is_missing_leaves_a_gap():
    drawn = lines(charts.Series("a", [0, 1, 2, 3, 4], [1, 2, None, 2, 1]))
    assert len([mark for mark in of(Line, drawn) if mark.tone == "series-1"]) == 2


def test_a_single_number_between_gaps_is_a_dot():
    drawn = lines(charts.Series("a", [0, 1, 2], [None, 2, float("nan")]))
    assert len(of(Dot, drawn)) == 1


def test_labels_at_the_ends_do_not_meet():
    same = [charts.Series(f"line {n}", [0, 1], [1, 2]) for n in range(5)]
    named = [mark for mark in of(Words, lines(*same)) if mark.tone.startswith("series")]
    heights = sorted(mark.at[1] for mark in named)
    assert len(heights) == 5
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 15


def test_series_differ_by_more_than_colour():
    drawn = lines(charts.Series("a", [0, 1], [1, 2]), charts.Series("b", [0, 1], [2, 1]))
    dashes = {mark.dash for mark in of(Line, drawn) if mark.tone.startswith("series")}
    assert len(dashes) == 2


def test_the_table_has_the_numbers_and_their_intervals():
    drawn = lines(charts.Series("a", [10, 20], [0.5, None], [0.4, None], [0.6, None]))
    assert drawn.table.columns == ("x", "a")
    assert drawn.table.rows == (("10", "0.5 (0.4 to 0.6)"), ("20", "\N{EN DASH}"))


def test_a_table_of_very_many_numbers_is_thinned():
    drawn = lines(charts.Series("a", range(10_000), range(10_000)))
    assert len(drawn.table.rows) <= 200


def test_a_guide_outside_of_the_frame_is_left_out():
    drawn = lines(charts.Series("a", [0, 1], [0, 1]), guides=[charts.Guide("g", y=5)], y_high=1)
    assert "g" not in [mark.text for mark in of(Words, drawn)]


def test_bars_stand_on_zero_also_below_it():
    drawn = charts.bars(["a", "b"], [2, -1], title="T", x_label="x", y_label="y")
    up, down = of(Box, drawn)
    assert up.at[1] + up.height == pytest.approx(down.at[1])


def test_a_histogram_has_a_box_for_each_height():
    drawn = charts.histogram([0, 1, 2], [3, 4], title="T", x_label="x", y_label="y")
    assert len(of(Box, drawn)) == 2
    assert drawn.table.rows == (("0 to 1", "3"), ("1 to 2", "4"))


def test_a_field_shades_what_is_below_zero_otherwise():
    drawn = charts.heat([[1, -1, 0]], title="T", rows=["r"], columns=["a", "b", "c"], low=-1)
    assert [box.tone for box in of(Box, drawn)] == ["shade-8", "under-4", "shade-0"]


def test_points_lead_where_they_say():
    point = charts.Point(1, 2, "one", link="/there/?a=1&b=2", is_chosen=True)
    text = svg.page(charts.scatter([point], title="T", x_label="x", y_label="y"))
    assert 'href="/there/?a=1&amp;b=2"' in text
    assert 'aria-current="true"' in text


@pytest.mark.parametrize("write", [svg.page, svg.file])
@pytest.mark.parametrize("drawing", sample_charts(), ids=lambda each: each.title)
def test_every_kind_is_well_formed(drawing, write):
    found = ET.fromstring(write(drawing))  # noqa: S314  our own
    assert len(found) > 5


@pytest.mark.parametrize("write", [svg.page, svg.file])
def test_words_of_people_are_escaped(write):
    bad = '<script>"&'
    drawn = charts.bars([bad], [1], title=bad, x_label=bad, y_label=bad)
    assert "<script>" not in write(drawn)
    ET.fromstring(write(drawn))  # noqa: S314  our own


@pytest.mark.parametrize("kind", [
    lines,
    lambda: charts.bars([], [], title="T", x_label="x", y_label="y"),
    lambda: charts.heat([], title="T", rows=[], columns=[]),
    lambda: charts.scatter([], title="T", x_label="x", y_label="y"),
])  # fmt: skip
def test_nothing_can_be_drawn_too(kind):
    ET.fromstring(svg.page(kind()))  # noqa: S314  our own


def test_rows_of_a_wide_field_are_tall_enough_for_their_names():
    drawn = charts.heat([[0] * 200] * 2, title="T", rows=["a", "b"], columns=["c"] * 200)
    first, second = (mark.at[1] for mark in of(Words, drawn))
    assert second - first >= 20
