"""The whole way from a map to an answer, each step kept so that it can be shown."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy

from fmriplan.errors import NotAnOption
from fmriplan.power import bootstrap, mixture, neuropower, peaks, smoothness, thresholds
from fmriplan.power.bootstrap import Interval, Resamples
from fmriplan.power.curves import Model, Study
from fmriplan.power.maps import StatisticalMap
from fmriplan.power.mixture import Heights, Prevalence
from fmriplan.power.peaks import Peaks
from fmriplan.power.smoothness import Smoothness
from fmriplan.power.thresholds import Correction

LOWEST_SCREENING, HIGHEST_SCREENING = 1.5, 6.0
LARGEST_ALPHA = 0.2
FEW_ACTIVE = 0.1


@dataclass(frozen=True)
class Settings:
    """What a person chooses. ``screening`` above 1 is a Z value, else a p value.

    ``fwhm_mm`` is None where the map itself shall tell how smooth it is.
    """

    study: Study
    screening: float = 0.001
    alpha: float = 0.05
    fwhm_mm: tuple[float, float, float] | None = None
    negative: bool = False
    as_neuropower: bool = False
    resamples: int = bootstrap.RESAMPLES
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.alpha <= LARGEST_ALPHA:
            raise NotAnOption(f"Alpha is above 0 and at most {LARGEST_ALPHA}, such as 0.05.")
        if not self.screening > 0 or not LOWEST_SCREENING <= self.threshold <= HIGHEST_SCREENING:
            raise NotAnOption(
                "The screening threshold is a Z value "
                f"from {LOWEST_SCREENING} to {HIGHEST_SCREENING}, or a p value such as 0.001."
            )
        if not 0 <= self.resamples <= 10_000:  # noqa: PLR2004  minutes of work
            raise NotAnOption("Resamples are from 0 to 10,000.")
        if self.seed < 0:
            raise NotAnOption("A seed is 0 or more.")

    @property
    def threshold(self) -> float:
        """Return the screening threshold in Z."""
        if self.screening > 1:
            return self.screening
        return float(-scipy.special.ndtri(self.screening))


@dataclass(frozen=True, eq=False)
class Analysis:
    """All that a map says about power.

    ``model`` is None where the map shows no activation: then no sample size can be told.
    ``heights_needed`` is the Z from which a peak counts, for each correction.
    """

    settings: Settings
    found: Peaks
    smoothness: Smoothness
    prevalence: Prevalence
    heights: Heights | None
    heights_needed: dict[Correction, float | None]
    resamples: Resamples | None
    warnings: tuple[str, ...] = field(default=())

    @property
    def model(self) -> Model | None:
        if self.heights is None:
            return None
        return Model(self.settings.study, self.heights, self.found.threshold)

    @property
    def effect(self) -> float | None:
        """Return Cohen's d of active peaks."""
        return None if self.heights is None else self.settings.study.effect_of(self.heights.mean)

    def participants_for(self, power: float, correction: Correction) -> "Answer":
        """Return the sample size that gives such a power."""
        height = self.heights_needed[correction]
        if self.model is None or height is None:
            return Answer(None, None)
        interval = self.resamples and self.resamples.participants_for(power, height)
        return Answer(self.model.participants_for(power, height), interval or None)

    def power_of(self, participants: int, correction: Correction) -> float | None:
        """Return the power of a study with so many participants, pilot size or smaller included."""
        height = self.heights_needed[correction]
        if participants < 2 * self.settings.study.groups:
            raise NotAnOption("A study has at least two participants in each group.")
        if self.model is None or height is None:
            return None
        return float(self.model.power(participants, height))


@dataclass(frozen=True)
class Answer:
    """A sample size with its interval; None where not even the largest looked at is enough."""

    participants: int | None
    interval: Interval | None


def analyse(
    found: StatisticalMap,
    settings: Settings,
    *,
    progress: Callable[[int, int], object] | None = None,
) -> Analysis:
    """Return what a map says, with resampling if the settings ask for it.

    Raises
    ------
    TooFewPeaks
        The screening threshold leaves too few peaks; it says which one would not.
    """
    width = settings.fwhm_mm
    smooth = smoothness.given(found, width) if width else smoothness.estimate(found)
    tops = peaks.find(found, settings.threshold, negative=settings.negative)
    share = mixture.prevalence(tops.p)
    tells = share.shows_activation and share.active > bootstrap.LEAST_ACTIVE
    if settings.as_neuropower:
        tells = share.active > 0
    drawn = (
        bootstrap.resample(
            tops,
            settings.study,
            np.random.default_rng(settings.seed),
            resamples=settings.resamples,
            progress=progress,
        )
        if tells and settings.resamples
        else None
    )
    return Analysis(
        settings=settings,
        found=tops,
        smoothness=smooth,
        prevalence=share,
        heights=mixture.heights(tops, share.active) if tells else None,
        heights_needed=_needed(tops, settings, smooth),
        resamples=drawn,
        warnings=(*found.warnings, *_doubts(share, tells=tells)),
    )


def _needed(tops: Peaks, settings: Settings, smooth: Smoothness) -> dict[Correction, float | None]:
    if settings.as_neuropower:
        return neuropower.thresholds(tops, settings.alpha, smooth.resels[3])
    return thresholds.all_of(tops, settings.alpha, smooth.resels)


def _doubts(share: Prevalence, *, tells: bool) -> list[str]:
    if not tells:
        no = (
            "This map does not support a power analysis: its peaks look like those of noise "
            f"(likelihood ratio {share.likelihood_ratio:.2f}, needed: {mixture.NO_ACTIVATION}). "
            "A larger pilot, or a map of a stronger contrast, may."
        )
        return [no]
    if share.active < FEW_ACTIVE:
        seem = f"{100 * share.active:.0f} % of the peaks seem to be active"
        return [f"Only {seem}; the effect is uncertain."]
    return []


def digest(found: StatisticalMap, settings: Settings) -> str:
    """Return the SHA-256 of a map's values and the settings: the same for the same question."""
    told = hashlib.sha256(np.ascontiguousarray(found.z).tobytes())
    told.update(np.ascontiguousarray(found.affine).tobytes())
    told.update(repr(settings).encode())
    return told.hexdigest()


def paragraph(made: Analysis, power: float, correction: Correction, mark: str) -> str:
    """Return the words for a grant or a preregistration; ``mark`` is the analysis's digest."""
    settings, answer = made.settings, made.participants_for(power, correction)
    if made.effect is None:
        return made.warnings[-1]
    asked = "more than can be told" if answer.participants is None else str(answer.participants)
    sure = f" (95 % interval {_told(answer.interval)})" if answer.interval else ""
    groups = "one group" if settings.study.groups == 1 else "two groups"
    sign = "negative" if settings.negative else "positive"
    return (
        f"The sample size was computed from the peaks of a pilot map of {groups} with "
        f"{settings.study.participants} participants (Durnez et al., 2016). Of {len(made.found)} "
        f"{sign} peaks above Z = {settings.threshold:.2f}, "
        f"{100 * made.prevalence.active:.0f} % were "
        f"estimated to be active, with an average effect of d = {made.effect:.2f}. "
        f"To detect an active peak with a power of {100 * power:.0f} % at "
        f"alpha = {settings.alpha:g}, corrected by {correction.value}, {asked} participants are "
        f"needed{sure}. Settings and map: {mark[:12]}."
    )


def _told(interval: Interval) -> str:
    high = "no upper bound" if interval.high is None else f"{interval.high:.0f}"
    return f"{math.floor(interval.low)} to {high}"
