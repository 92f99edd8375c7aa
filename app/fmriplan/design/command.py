"""``python -m fmriplan design SPEC`` and ``score EVENTS``."""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fmriplan.design import diagnostics, events, robustness, specification
from fmriplan.design.annealing import MOVES, Found, merge, need_work, scales_of, search
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.events import Event
from fmriplan.design.experiment import Experiment
from fmriplan.design.scoring import score
from fmriplan.design.specification import Specification


def add(commands: Any) -> None:
    make = commands.add_parser("design", help="search a design for a specification in TOML")
    make.add_argument("specification", type=Path)
    make.add_argument("--to", type=Path, default=Path(), help="a folder for what is written")
    make.add_argument("--seed", type=int, default=0)
    make.add_argument("--moves", type=int, default=MOVES)
    make.add_argument("--restarts", type=int, default=1)
    make.add_argument("--islands", type=int, default=1, help="searches of which the best is taken")
    make.add_argument("--patience", type=int, default=0, help="moves without a gain; 0: no end")
    make.set_defaults(run=run_design)
    judge = commands.add_parser("score", help="what the events of a design made elsewhere tell")
    judge.add_argument(
        "events",
        type=Path,
        nargs="+",
        help="events.tsv, FSL, SPM .mat, .par; of several runs with run-1 in the names",
    )
    judge.add_argument("--tr", type=float, required=True, help="seconds for a scan")
    judge.add_argument("--scans", type=int, required=True, help="of each run")
    judge.add_argument("--rho", type=float, default=0.3, help="of the noise")
    judge.add_argument("--high-pass", type=float, default=128.0, help="its period in s")
    judge.set_defaults(run=run_score)


def run_design(given: argparse.Namespace) -> Iterator[str]:
    told = specification.read(given.specification.read_bytes())
    found = _search(told, given)
    for name, content in files(told, found).items():
        place = given.to / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    yield from said(told, found)


def _search(told: Specification, given: argparse.Namespace) -> Found:
    need_work(given.seed, islands=given.islands, moves=given.moves)
    asked = {"rules": told.rules, "moves": given.moves, "realities": told.realities}
    scales = scales_of(told.experiment, told.goal, seed=given.seed, **asked)
    islands = [
        search(
            told.experiment,
            told.goal,
            seed=given.seed + number,
            restarts=given.restarts,
            patience=given.patience,
            scales=scales,
            **asked,
        )
        for number in range(given.islands)
    ]
    return merge(islands)


def files(told: Specification, found: Found) -> dict[str, bytes]:
    """Return what a design is written as, by name; of several runs, each in a folder of its own."""
    shown = events.of_design(told.experiment, found.order, found.waits)
    if told.experiment.runs == 1:
        return _files(shown)
    return {
        f"run-{run}/{name}": content
        for run in range(1, told.experiment.runs + 1)
        for name, content in _files(events.of_run(shown, run)).items()
    }


def _files(shown: Sequence[Event]) -> dict[str, bytes]:
    texts = {
        "events.tsv": events.bids(shown),
        "events.json": events.bids_sidecar(shown, "Condition of the trial"),
        "trials.csv": events.loop(shown),
        "design.par": events.optseq(shown),
        **{f"fsl/{name}": text for name, text in events.fsl(shown).items()},
        **{f"afni/{name}": text for name, text in events.afni(shown).items()},
    }
    return {**{name: text.encode() for name, text in texts.items()}, "spm.mat": events.spm(shown)}


def said(told: Specification, found: Found) -> Iterator[str]:
    experiment, scores = told.experiment, found.scores
    yield f"{experiment.trials} trials in {experiment.scans} scans of {experiment.tr_s:g} s"
    if experiment.runs > 1:
        yield f"{experiment.runs} runs of {experiment.run_trials} trials"
    yield from (f"warning: {doubt}" for doubt in experiment.doubts)
    yield f"detection {scores.detection[0]:.4f}, of {found.scale:.4f} found for it alone"
    yield f"counterbalancing {scores.counterbalancing[0]:.4f} of 1"
    yield f"frequencies {scores.frequencies[0]:.4f} of 1"
    seen = diagnostics.foresight(
        found.order, found.waits, len(experiment.conditions), experiment.runs
    )
    yield f"surprise {seen.surprise:.3f} of {seen.most:.3f} bits, longest run {seen.longest_run}"
    yield f"autocorrelation of the waits {seen.wait_autocorrelation:.2f}"
    alike = diagnostics.collinearity(Evaluation(experiment), found.order, found.waits)
    for name, factor in zip(experiment.columns, alike.inflation, strict=False):
        yield f"variance inflation of {name} {factor:.2f}"
    yield from _estimation(experiment, found)
    for one in robustness.report(experiment, found.order, found.waits, told.realities):
        yield f"{one.name}: detection {one.detection:.4f}, kept if not known {one.kept:.2f}"


def _estimation(experiment: Experiment, found: Found) -> Iterator[str]:
    why = Evaluation(experiment).why_not_estimable(found.order, found.waits)
    if why:
        yield f"estimation: none. {why}"
    else:
        told = Evaluation(experiment).estimation(found.order[None], found.waits[None])[0]
        yield f"estimation {told:.4f}, in {experiment.bins[1]} bins"


def _run_of(file: Path) -> int:
    """Return the run that a file is of, by ``run-2`` in its name or its folder's; else 1."""
    found = re.search(r"run-0*(\d+)", f"{file.parent.name}/{file.name}")
    return int(found[1]) if found else 1


def run_score(given: argparse.Namespace) -> Iterator[str]:
    shown = [
        replace(one, run=_run_of(file))
        for file in given.events
        for one in events.read(file.name, file.read_bytes())
    ]
    made = score(
        shown, tr_s=given.tr, scans=given.scans, rho=given.rho, high_pass_s=given.high_pass
    )
    if made.after_the_end:
        yield f"warning: {made.after_the_end} events begin after the last scan"
    yield f"detection of the conditions together {made.detection:.4f}"
    rows = zip(made.conditions, made.counts, made.precision, made.inflation, strict=True)
    for name, count, precision, factor in rows:
        yield f"{name}: {count} events, precision {precision:.4f}, variance inflation {factor:.2f}"
