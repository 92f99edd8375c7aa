"""Four criteria of a design, each for a whole batch of designs at once.

Detection and estimation: Dale (1999), Human Brain Mapping 8:109; Liu & Frank (2004),
NeuroImage 21:387. Counterbalancing and frequencies: Wager & Nichols (2003), NeuroImage 18:293.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fmriplan.errors import NotAnOption

ILL = 1e10  # condition number beyond which an information matrix tells nothing
Array = NDArray[np.float64]
Orders = NDArray[np.intp]


class Optimality(StrEnum):
    """A: the mean variance of the contrasts. D: the volume of their confidence region."""

    A = "A"
    D = "D"


def checked_contrasts(contrasts: Array, conditions: int) -> Array:
    """Return contrasts (contrasts, conditions).

    Raises
    ------
    NotAnOption
        A contrast is of another size, or of zeros.
    """
    made = np.atleast_2d(np.asarray(contrasts, dtype=float))
    if made.shape[1] != conditions or not len(made):
        raise NotAnOption(f"Each contrast has {conditions} weights, one for each condition.")
    for number, row in enumerate(made, 1):
        if not np.isfinite(row).all() or not row.any():
            raise NotAnOption(f"Contrast {number} compares nothing: a weight must differ from 0.")
    return made


def row_basis(contrasts: Array) -> Array:
    """Return rows that span what the contrasts span, for D-optimality, which needs that."""
    kept: list[Array] = []
    for row in contrasts:
        if np.linalg.matrix_rank(np.array([*kept, row])) > len(kept):
            kept.append(row)
    return np.array(kept)


def efficiency(information: Array, contrasts: Array, optimality: Optimality) -> Array:
    """Return how precisely contrasts (rows, k) are told by information matrices (..., k, k).

    0 where a design cannot tell them at all.
    """
    rows = row_basis(contrasts) if optimality is Optimality.D else contrasts
    usable = _well_conditioned(information)
    safe = np.where(usable[..., None, None], information, np.eye(information.shape[-1]))
    variance = rows @ np.linalg.inv(safe) @ rows.T
    if optimality is Optimality.A:
        made = len(rows) / np.trace(variance, axis1=-2, axis2=-1)
    else:
        made = np.linalg.det(variance) ** (-1 / len(rows))
    return np.where(usable, made, 0.0)


def _well_conditioned(information: Array) -> NDArray[np.bool_]:
    values = np.linalg.eigvalsh(information)
    return np.asarray(values[..., 0] * ILL > np.maximum(values[..., -1], np.finfo(float).tiny))


def correlation(information: Array) -> Array:
    """Return how alike signals are (k, k); not a number for what is never shown."""
    size = np.sqrt(information.diagonal())
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(information / np.outer(size, size))


def inflation(information: Array) -> Array:
    """Return variance inflation factors (k,); not numbers where something is never shown."""
    alike = correlation(information)
    if not np.isfinite(alike).all():
        return np.full(len(alike), np.nan)
    return np.asarray(np.linalg.pinv(alike, hermitian=True).diagonal())


def transitions(orders: Orders, conditions: int, back: int) -> NDArray[np.intp]:
    """Return how often condition i comes ``back`` trials after j (designs, i, j)."""
    designs, trials = orders.shape
    if back >= trials:
        return np.zeros((designs, conditions, conditions), dtype=np.intp)
    pair = orders[:, back:] * conditions + orders[:, :-back]
    pair = pair + (np.arange(designs) * conditions**2)[:, None]
    counts = np.bincount(pair.ravel(), minlength=designs * conditions**2).astype(np.intp)
    return counts.reshape(designs, conditions, conditions)


def imbalance_of_order(
    orders: Orders, probabilities: Array, depth: int, *, pairs: bool = True, runs: int = 1
) -> Array:
    """Return how far the transitions are from independence, summed over 1 to ``depth`` (designs,).

    There are trials - r pairs at distance r, none of them from a run to the next; neurodesign
    expects trials + 1: ``pairs=False``.
    """
    trials, conditions = orders.shape[1], len(probabilities)
    total = np.zeros(len(orders))
    for back in range(1, depth + 1):
        expected = np.outer(probabilities, probabilities)
        expected = expected * (trials - back * runs if pairs else trials + 1)
        counts = transitions(orders.reshape(len(orders) * runs, -1), conditions, back)
        counts = counts.reshape(len(orders), runs, conditions, conditions).sum(axis=1)
        total += np.abs(counts - expected).sum(axis=(1, 2))
    return total


def imbalance_of_counts(orders: Orders, probabilities: Array) -> Array:
    """Return how far the numbers of trials are from their probabilities (designs,)."""
    trials, conditions = orders.shape[1], len(probabilities)
    shifted = orders + (np.arange(len(orders)) * conditions)[:, None]
    counts = np.bincount(shifted.ravel(), minlength=len(orders) * conditions)
    away = np.abs(counts.reshape(-1, conditions) - trials * probabilities)
    return np.asarray(away.sum(axis=1))
