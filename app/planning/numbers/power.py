"""An analysis of a pilot's map as plain numbers, and the same analysis from them.

``result`` of a `PowerAnalysis` has what is below `as_result`; ``peaks`` has a row for each peak:
voxel x, y, z; millimetres x, y, z; height in Z; p. Heights of resamples without activation are
null.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fmriplan.power.analysis import Analysis, Settings
from fmriplan.power.bootstrap import Resamples
from fmriplan.power.curves import Study
from fmriplan.power.maps import StatisticalMap
from fmriplan.power.mixture import Heights, Prevalence
from fmriplan.power.peaks import Peaks
from fmriplan.power.smoothness import Smoothness
from fmriplan.power.thresholds import Correction

Numbers = dict[str, Any]


def as_chosen(settings: Settings) -> Numbers:
    """Return the settings without the study, which is the map's."""
    return {
        one.name: _plain(getattr(settings, one.name))
        for one in fields(settings)
        if one.name != "study"
    }


def settings_of(chosen: Mapping[str, Any], *, participants: int, groups: int) -> Settings:
    """Return settings as they were chosen.

    Raises
    ------
    NotAnOption
        One of them is out of its range.
    """
    width = chosen.get("fwhm_mm")
    rest = {name: value for name, value in chosen.items() if name != "fwhm_mm"}
    study = Study(participants, groups)
    return Settings(study=study, fwhm_mm=tuple(width) if width else None, **rest)


def question(files: Sequence[str], settings: Settings, kind: str) -> str:
    """Return the SHA-256 of what is asked of which files."""
    study = asdict(settings.study)
    told = json.dumps([list(files), kind, study, as_chosen(settings)], sort_keys=True)
    return sha256(told.encode()).hexdigest()


def as_result(made: Analysis, found: StatisticalMap) -> Numbers:
    share = made.prevalence
    return {
        "threshold": made.found.threshold,
        "peaks": len(made.found),
        "voxels": found.voxels,
        "shape": list(found.z.shape),
        "voxel_mm": found.voxel_mm.tolist(),
        "smoothness": asdict(made.smoothness),
        "prevalence": asdict(share) | {"active": share.active, "ratio": share.likelihood_ratio},
        "heights": made.heights and asdict(made.heights),
        "effect": made.effect,
        "needed": {name.value: height for name, height in made.heights_needed.items()},
        "resamples": made.resamples and _as_resamples(made.resamples),
        "warnings": list(made.warnings),
    }


def _as_resamples(drawn: Resamples) -> Numbers:
    names = ("active", "mean", "spread")
    return {name: _with_nulls(getattr(drawn, name)) for name in names}


def _with_nulls(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def as_rows(found: Peaks) -> list[list[float]]:
    return [
        [*index, *mm, height, p]
        for index, mm, height, p in zip(
            found.index.tolist(),
            np.round(found.mm, 3).tolist(),
            found.height.tolist(),
            found.p.tolist(),
            strict=True,
        )
    ]


def analysis_of(settings: Settings, result: Numbers, rows: Sequence[Sequence[float]]) -> Analysis:
    """Return the analysis that these numbers came from."""
    heights = result["heights"]
    share = result["prevalence"]
    return Analysis(
        settings=settings,
        found=_peaks(rows, result["threshold"]),
        smoothness=_smoothness(result["smoothness"]),
        prevalence=Prevalence(share["a"], share["lam"], share["log_likelihood"]),
        heights=Heights(**heights) if heights else None,
        heights_needed={Correction(name): value for name, value in result["needed"].items()},
        resamples=_resamples(settings.study, result),
        warnings=tuple(result["warnings"]),
    )


def _smoothness(kept: Numbers) -> Smoothness:
    fwhm, resels = (tuple(kept[name]) for name in ("fwhm_mm", "resels"))
    return Smoothness(fwhm, resels, kept["is_estimated"])


def _peaks(rows: Sequence[Sequence[float]], threshold: float) -> Peaks:
    table = np.array(rows, dtype=float).reshape(-1, 8)
    index, mm = table[:, :3].astype(np.intp), table[:, 3:6]
    return Peaks(index, mm, table[:, 6], table[:, 7], threshold)


def _resamples(study: Study, result: Numbers) -> Resamples | None:
    kept = result["resamples"]
    if not kept:
        return None
    drawn = {name: np.array(values, dtype=float) for name, values in kept.items()}
    return Resamples(study, result["threshold"], **drawn)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
