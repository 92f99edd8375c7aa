"""What each trial adds to which signals, for one assumed response and noise.

A piece is what a trial of one condition adds to one signal: the same few numbers at whatever tick
it begins, whitened. Detection has a piece for each part of a trial and each derivative; estimation
has one for each bin of the impulse response.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fmriplan.design import criteria
from fmriplan.design.criteria import Array
from fmriplan.design.experiment import Condition, Experiment, Part
from fmriplan.design.gaps import Ticks
from fmriplan.design.noise import Noise
from fmriplan.design.response import at_scans, of_trial


@dataclass(frozen=True, eq=False)
class SignalModel:
    """Pieces of signals, and what is asked of the signals.

    Attributes
    ----------
    added : (pieces, phases, scans) array
        What a piece adds to the scans from its first on, by how many ticks the first scan after
        the stimulus is away.
    skip : (pieces,) array
        How many scans after the stimulus a piece begins.
    column : (pieces,) array
        The signal that a piece is of.
    first : (conditions + 1,) array
        The pieces of condition c are those from ``first[c]`` to before ``first[c + 1]``.
    contrasts : (rows, columns) array
    """

    experiment: Experiment
    added: Array
    skip: Ticks
    column: Ticks
    first: Ticks
    contrasts: Array

    @property
    def noise(self) -> Noise:
        return self.experiment.noise

    @property
    def columns(self) -> int:
        return int(self.contrasts.shape[1])

    @property
    def has_one_shape(self) -> bool:
        """Say whether each condition has a signal of its own, to which all add the same."""
        pieces = len(self.added)
        same = pieces == len(self.first) - 1 and len(set(self.column.tolist())) == pieces
        return bool(
            same and (self.added == self.added[0]).all() and (self.skip == self.skip[0]).all()
        )

    def white_signals(self, orders: Ticks, waits: Ticks) -> Array:
        """Return the whitened signals of designs (designs, columns, scans)."""
        experiment, count = self.experiment, len(orders)
        length, scans = self.added.shape[2], experiment.run_scans
        width = scans + length  # what lies beyond a run's last scan falls off
        onsets = experiment.onsets(orders, waits)
        first = -(-onsets // experiment.scan_ticks)
        phase = first * experiment.scan_ticks - onsets
        run = np.arange(experiment.trials) // experiment.run_trials
        inside = first - run * scans
        made = np.zeros(count * self.columns * experiment.runs * width)
        design = np.broadcast_to(np.arange(count)[:, None] * self.columns, orders.shape)
        for number in range(int(np.diff(self.first).max())):
            piece = self.first[orders] + number
            has = piece < self.first[orders + 1]
            at = ... if has.all() else has  # to choose costs more than to leave all
            piece = piece[at]
            row = (design[at] + self.column[piece]) * experiment.runs
            row += np.broadcast_to(run, orders.shape)[at]
            start = np.minimum(inside[at] + self.skip[piece], scans)
            place = (row * width + start)[..., None] + np.arange(length)
            weights = self.added[piece, phase[at]].ravel()
            made += np.bincount(place.ravel(), weights, minlength=len(made))
        white = made.reshape(count, self.columns, experiment.runs, width)[..., :scans]
        white[..., 0] *= experiment.noise.first
        return np.ascontiguousarray(white).reshape(count, self.columns, experiment.scans)


def detecting(experiment: Experiment) -> SignalModel:
    """Return the model of a known response, with its derivatives beside it."""
    contrasts = _contrasts(experiment)
    shapes = experiment.response.with_derivatives(experiment.tick_s, experiment.derivatives)
    beside = np.zeros((len(contrasts), contrasts.shape[1] * (len(shapes) - 1)))
    pieces = [
        [
            (column + number * len(experiment.columns), _delayed(of_trial(shape, lasts), begins))
            for column, begins, lasts in _parts(experiment, condition)
            for number, shape in enumerate(shapes)
        ]
        for condition in experiment.conditions
    ]
    return _model(experiment, pieces, np.hstack([contrasts, beside]))


def estimating(experiment: Experiment) -> SignalModel:
    """Return the model of a response that is told bin by bin."""
    size, bins = experiment.bins
    pieces = [
        [
            (column * bins + number, _delayed(np.ones(size), begins + number * size))
            for column, begins, _ in _parts(experiment, condition)
            for number in range(bins)
        ]
        for condition in experiment.conditions
    ]
    contrasts = np.asarray(np.kron(_contrasts(experiment), np.eye(bins)), dtype=float)
    return _model(experiment, pieces, contrasts)


def _contrasts(experiment: Experiment) -> Array:
    return criteria.checked_contrasts(np.array(experiment.contrasts), len(experiment.columns))


def _parts(experiment: Experiment, condition: Condition) -> Iterator[tuple[int, int, int]]:
    """Yield the column of each part of a trial, the tick it begins at, and how many it lasts."""
    whole = Part(condition.name, 0.0, condition.shown_s)
    for part in condition.parts or (whole,):
        begins, lasts = (
            experiment.ticks(each, part.name) for each in (part.begins_s, part.lasts_s)
        )
        yield experiment.columns.index(part.name), begins, lasts


def _delayed(added: Array, ticks: int) -> Array:
    return np.concatenate([np.zeros(ticks), added])


def _model(
    experiment: Experiment, pieces: list[list[tuple[int, Array]]], contrasts: Array
) -> SignalModel:
    every = [piece for some in pieces for piece in some]
    tables = [_whitened(added, experiment) for _, added in every]
    skip = [_leading_zeros(table) for table in tables]
    cut = [table[:, first : _end(table)] for table, first in zip(tables, skip, strict=True)]
    added = np.zeros((len(cut), experiment.scan_ticks, max(table.shape[1] for table in cut)))
    for number, table in enumerate(cut):
        added[number, :, : table.shape[1]] = table
    return SignalModel(
        experiment=experiment,
        added=added,
        skip=np.array(skip, dtype=np.intp),
        column=np.array([column for column, _ in every], dtype=np.intp),
        first=np.cumsum([0, *(len(some) for some in pieces)], dtype=np.intp),
        contrasts=contrasts,
    )


def _whitened(added: Array, experiment: Experiment) -> Array:
    """Return what a piece adds at the scans from the stimulus on, whitened (phases, scans)."""
    plain = at_scans(added, experiment.scan_ticks)
    made = np.zeros((plain.shape[0], plain.shape[1] + 1))
    made[:, :-1] = plain
    made[:, 1:] -= experiment.noise.rho * plain
    return made


def _leading_zeros(table: NDArray[np.float64]) -> int:
    return int(np.argmax(np.abs(table).max(axis=0) > 0))


def _end(table: NDArray[np.float64]) -> int:
    return int(np.flatnonzero(np.abs(table).max(axis=0)).max()) + 1
