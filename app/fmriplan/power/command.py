"""``python -m fmriplan power MAP``: from a pilot's map to sample sizes."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fmriplan.power import maps, nifti
from fmriplan.power.analysis import Analysis, Answer, Settings, analyse, digest, paragraph
from fmriplan.power.bootstrap import RESAMPLES
from fmriplan.power.curves import Study, need_power
from fmriplan.power.thresholds import Correction


def add(commands: Any) -> None:
    parser = commands.add_parser("power", help="from a pilot's Z or T map to sample sizes")
    parser.add_argument("map", type=Path, help="a NIfTI file, gzipped or not")
    parser.add_argument("-n", "--participants", type=int, required=True, help="of the pilot")
    parser.add_argument("--groups", type=int, choices=[1, 2], default=1)
    parser.add_argument("--t", action="store_true", help="the map holds T values, not Z")
    parser.add_argument("--mask", type=Path)
    parser.add_argument("--screening", type=float, default=0.001, help="Z above 1, else p")
    parser.add_argument("--alpha", type=float, default=0.05)
    parser.add_argument("--power", type=float, default=0.8)
    parser.add_argument("--fwhm", type=float, nargs=3, metavar="MM", help="x y z; else estimated")
    parser.add_argument("--negative", action="store_true", help="look at negative peaks")
    parser.add_argument("--as-neuropower", action="store_true", help="its definitions, not ours")
    parser.add_argument("--resamples", type=int, default=RESAMPLES, help="0: no intervals")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> Iterator[str]:
    need_power(given.power)  # before minutes of work
    study = Study(given.participants, given.groups)
    settings = Settings(
        study=study,
        screening=given.screening,
        alpha=given.alpha,
        fwhm_mm=tuple(given.fwhm) if given.fwhm else None,
        negative=given.negative,
        as_neuropower=given.as_neuropower,
        resamples=given.resamples,
        seed=given.seed,
    )
    mask = nifti.read(given.mask.read_bytes()) if given.mask else None
    freedom = study.degrees_of_freedom if given.t else None
    found = maps.prepare(nifti.read(given.map.read_bytes()), mask=mask, degrees_of_freedom=freedom)
    made = analyse(found, settings)
    yield from told(made, given.power, digest(found, settings))


def told(made: Analysis, power: float, mark: str) -> Iterator[str]:
    """Say what an analysis found, a line for each thing."""
    share, width = made.prevalence, made.smoothness
    yield f"peaks above Z = {made.found.threshold:.3f}: {len(made.found)}"
    yield f"smoothness (mm): {' '.join(f'{each:.2f}' for each in width.fwhm_mm)}"
    yield f"resels: {width.resels[3]:.1f}"
    yield f"active (pi1): {share.active:.4f}, likelihood ratio {share.likelihood_ratio:.2f}"
    for warning in made.warnings:
        yield f"warning: {warning}"
    if made.effect is None:
        return
    yield f"effect (Cohen's d): {made.effect:.3f}"
    for correction, height in made.heights_needed.items():
        yield _row(correction, height, power, made.participants_for(power, correction))
    yield paragraph(made, power, Correction.RANDOM_FIELD, mark)


def _row(correction: Correction, height: float | None, power: float, answer: Answer) -> str:
    if height is None:
        return f"{correction.value}: no peak of the pilot passes"
    if answer.participants is None:
        return f"{correction.value}: Z from {height:.4f}, more than can be told for power {power:g}"
    interval = answer.interval
    sure = ""
    if interval:
        high = "no bound" if interval.high is None else f"{interval.high:.0f}"
        sure = f" ({interval.low:.0f} to {high})"
    return f"{correction.value}: Z from {height:.4f}, {answer.participants} participants{sure}"
