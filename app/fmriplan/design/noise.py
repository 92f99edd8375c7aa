"""What a design has to stand out from: autocorrelated noise and slow drift.

Both are removed by one linear map: whitening of an AR(1) process of innovation variance 1, then
projection off the whitened drift: the generalised least squares of Worsley & Friston (1995).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fmriplan.errors import NotAnOption

MOST_DRIFT = 5_000_000  # numbers of the drift of a run: what is removed in a second


def legendre(scans: int, order: int) -> NDArray[np.float64]:
    """Return Legendre polynomials up to an order over the scans (scans, order + 1)."""
    return np.asarray(np.polynomial.legendre.legvander(np.linspace(-1, 1, scans), order))


def cosines(scans: int, scan_s: float, cutoff_s: float) -> NDArray[np.float64]:
    """Return a constant and all cosines slower than a period (scans, functions).

    The discrete cosine set of SPM's high-pass filter; ``cutoff_s`` is its period, 128 s say.
    """
    if not cutoff_s > 2 * scan_s:
        raise NotAnOption("The high-pass filter's period is longer than two scans, such as 128 s.")
    count = int(2 * scans * scan_s / cutoff_s) + 1
    if scans * count > MOST_DRIFT:
        raise NotAnOption(
            f"The high-pass filter has {count:,} functions over {scans:,} scans of a run: "
            "that is too many to remove. Make its period longer, or runs shorter."
        )
    at = (np.arange(scans) + 0.5) / scans
    return np.cos(np.pi * at[:, None] * np.arange(count))


@dataclass(frozen=True, eq=False)
class Noise:
    """Autocorrelation ``rho`` of neighbouring scans, and drift functions (scans, functions).

    Both are those of one of ``runs``, and begin anew with each; signals are rows of all scans.
    """

    rho: float
    drift: NDArray[np.float64]
    runs: int = 1
    whitened_drift: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        if not -1 < self.rho < 1:
            raise NotAnOption("The autocorrelation of the noise is between -1 and 1, such as 0.3.")
        basis, _ = np.linalg.qr(self._whiten(self.drift.T).T)
        object.__setattr__(self, "whitened_drift", basis)

    @property
    def first(self) -> float:
        """Return the weight of a run's first scan, which has none before it."""
        return float(np.sqrt(1 - self.rho**2))

    def whiten(self, signal: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return signals (..., scans) whose noise is white of variance 1."""
        return self._whiten(self.by_run(signal)).reshape(signal.shape)

    def _whiten(self, signal: NDArray[np.float64]) -> NDArray[np.float64]:
        white = signal.astype(float, copy=True)
        white[..., 1:] -= self.rho * signal[..., :-1]
        white[..., 0] *= self.first
        return white

    def by_run(self, signal: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return signals (..., scans) as (..., runs, scans of a run)."""
        return signal.reshape(*signal.shape[:-1], self.runs, -1)

    def information(self, signal: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the information matrix (..., k, k) of signals (..., k, scans)."""
        return self.of_white(self.whiten(signal))

    def of_white(self, white: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the information matrix (..., k, k) of whitened signals (..., k, scans)."""
        lost = self.by_run(white) @ self.whitened_drift  # (..., k, runs, functions)
        lost = lost.reshape(*white.shape[:-1], -1)
        return np.asarray(white @ white.swapaxes(-1, -2) - lost @ lost.swapaxes(-1, -2))
