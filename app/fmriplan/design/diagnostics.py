"""What to look at before a design is used: collinearity, and what a participant could foresee."""

from dataclasses import dataclass

import numpy as np

from fmriplan.design.criteria import Array, correlation, inflation, transitions
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.gaps import Ticks


@dataclass(frozen=True, eq=False)
class Collinearity:
    """How alike the expected signals are.

    Attributes
    ----------
    correlation : (columns, columns) array
        Of the signals, after drift and autocorrelation are removed.
    inflation : (columns,) array
        Variance inflation factors; above 5, a signal is hard to tell from the others.
    eigenvalues : (columns,) array
        Of the correlations, the largest first.
    """

    correlation: Array
    inflation: Array
    eigenvalues: Array


def collinearity(evaluation: Evaluation, order: Ticks, waits: Ticks) -> Collinearity:
    """Return how alike the signals of a design are; conditions that never come are no numbers."""
    information = evaluation.information(order[None], waits[None])[0]
    alike, factors = correlation(information), inflation(information)
    if np.isnan(factors).any():
        return Collinearity(alike, factors, np.full(len(factors), np.nan))
    return Collinearity(alike, factors, np.asarray(np.linalg.eigvalsh(alike)[::-1], dtype=float))


@dataclass(frozen=True)
class Foresight:
    """What a participant could learn to expect.

    Attributes
    ----------
    surprise
        Entropy of the next condition given the one before, in bits, at most ``most``.
    most
        Entropy of the conditions alone, in bits.
    longest_run
        How often a condition comes in a row at most.
    wait_autocorrelation
        Of neighbouring waits; far above 0, long waits come together like hidden rests.
    """

    surprise: float
    most: float
    longest_run: int
    wait_autocorrelation: float


def foresight(order: Ticks, waits: Ticks, conditions: int, runs: int = 1) -> Foresight:
    """Return what could be foreseen of one design: order and waits are (trials,)."""
    rows, between = order.reshape(runs, -1), waits.reshape(runs, -1).astype(float)[:, 1:]
    pairs = transitions(rows, conditions, 1).sum(axis=0).astype(float)
    before = pairs.sum(axis=0)
    given = pairs / np.where(before, before, 1)
    shares = before / max(1.0, before.sum())
    return Foresight(
        surprise=float(sum(s * _bits(given[:, each]) for each, s in enumerate(shares))),
        most=_bits(np.bincount(order, minlength=conditions) / len(order)),
        longest_run=max(_longest_run(row) for row in rows),
        wait_autocorrelation=_autocorrelation(between),
    )


def _longest_run(row: Ticks) -> int:
    changes = np.flatnonzero(np.diff(row)) + 1
    return int(np.diff(np.concatenate([[0], changes, [len(row)]])).max())


def _bits(shares: Array) -> float:
    positive = shares[shares > 0]
    return float(-(positive * np.log2(positive)).sum()) + 0.0


def _autocorrelation(waits: Array) -> float:
    """Return the correlation of neighbouring waits (runs, waits of a run)."""
    before, after = waits[:, :-1].ravel(), waits[:, 1:].ravel()
    if len(before) < 2 or np.ptp(before) == 0 or np.ptp(after) == 0:  # noqa: PLR2004  two pairs
        return 0.0
    return float(np.corrcoef(before, after)[0, 1])
