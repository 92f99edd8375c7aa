"""Charts of a design: the order and its waits, the expected signals, what is alike."""

import numpy as np

from common.charts import Drawing, Series, bars, heat, lines
from common.charts.marks import SERIES
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.gaps import Ticks
from fmriplan.design.specification import Specification
from planning.queries.design_scores import Scores

MOST_DRAWN = 300  # trials or scans of one chart
STRIP_HEIGHT = 190.0
MOST_CELLS, MOST_ACROSS = 12, 120


def columns(told: Specification) -> list[str]:
    """Return the names of what a design tells apart: conditions, or parts of their trials."""
    return list(told.experiment.columns)


def strip(told: Specification, order: Ticks, waits: Ticks) -> Drawing:
    """Return the order of the conditions with the wait before each trial, one bar a trial."""
    experiment = told.experiment
    names = [each.name for each in experiment.conditions]
    many = len(order) > MOST_DRAWN
    shown = order[:MOST_DRAWN]
    pauses = np.maximum(0, np.diff(experiment.rests, prepend=0))  # a run begins without one
    before = (waits + pauses)[:MOST_DRAWN] * experiment.tick_s
    return bars(
        [f"{place}. {names[each]}" for place, each in enumerate(shown, 1)],
        [float(each) for each in before],
        title="Order of the trials, and the wait before each"
        + (f" (the first {MOST_DRAWN})" if many else ""),
        x_label="trial",
        y_label="wait before it, s",
        kinds=[int(each) % SERIES for each in shown],
        kind_names=names[:SERIES],
        height=STRIP_HEIGHT,
    )


def signals(told: Specification, order: Ticks, waits: Ticks) -> Drawing:
    """Return the expected signal of each condition over the scans."""
    experiment = told.experiment
    made = Evaluation(experiment).signals(order, waits)[:SERIES, :MOST_DRAWN]
    some = f" (the first {MOST_DRAWN} scans)" if experiment.scans > MOST_DRAWN else ""
    at = [scan * experiment.tr_s for scan in range(made.shape[1])]
    return lines(
        [Series(name, at, row.tolist()) for name, row in zip(columns(told), made, strict=False)],
        title=f"Expected signal of each condition{some}",
        x_label="time, s",
        y_label="signal",
    )


def likeness(told: Specification, scores: Scores) -> Drawing:
    """Return the correlations of the expected signals."""
    names = columns(told)[:MOST_CELLS]
    rows = [
        [0.0 if each is None else each for each in row[:MOST_CELLS]]
        for row in scores.correlation[:MOST_CELLS]
    ]
    return heat(
        rows, title="Correlation of the expected signals", rows=names, columns=names, low=-1.0,
        high=1.0,
    )  # fmt: skip


def eigenvalues(scores: Scores) -> Drawing:
    """Return the eigenvalues of the correlations, the largest first."""
    found = [0.0 if each is None else each for each in scores.eigenvalues]
    return bars(
        [str(place) for place in range(1, len(found) + 1)], found,
        title="Eigenvalues of the correlations", x_label="eigenvalue", y_label="size",
        height=STRIP_HEIGHT,
    )  # fmt: skip


def matrix(told: Specification, order: Ticks, waits: Ticks) -> Drawing:
    """Return the design matrix: each condition's signal over the scans, from little to much."""
    experiment = told.experiment
    names = columns(told)[:MOST_CELLS]
    made = Evaluation(experiment).signals(order, waits)[:MOST_CELLS]
    each = -(-made.shape[1] // MOST_ACROSS)
    shown = made[:, ::each]
    most = float(np.abs(shown).max()) or 1.0
    return heat(
        [[float(one) / most for one in row] for row in shown],
        title="Design matrix" + (f" (each {each}. scan)" if each > 1 else ""),
        rows=names,
        columns=[f"{scan * each * experiment.tr_s:g}" for scan in range(shown.shape[1])],
        low=-1.0,
        high=1.0,
        x_label="time, s",
    )


def all_of(told: Specification, order: Ticks, waits: Ticks, scores: Scores) -> list[Drawing]:
    """Return all charts of a design, as its page shows them."""
    return [
        strip(told, order, waits),
        signals(told, order, waits),
        matrix(told, order, waits),
        likeness(told, scores),
        eigenvalues(scores),
    ]
