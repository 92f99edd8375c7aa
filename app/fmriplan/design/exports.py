"""A design as the files of the programs that run it or analyse it, under the names they expect.

``TASK_events.tsv`` is BIDS' (Gorgolewski et al., 2016); each program has a folder of its own.
"""

import io
import json
import platform
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import metadata
from typing import Any

from fmriplan.design import events
from fmriplan.design.events import Event
from fmriplan.design.gaps import Ticks
from fmriplan.design.specification import Specification
from fmriplan.design.writing import write

PINNED = ("numpy", "scipy")
MATLAB = b"MATLAB 5.0 MAT-file, by Studium"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # of a ZIP, so that the same design is the same file
SCRIPT = '''"""Makes the design of this folder again, and searches it once more from its seed.

Needs the package fmriplan of Studium, and: {pins} (Python {python}).
Run it as: PYTHONPATH=studium/app python repeat.py
"""

import json
from pathlib import Path

import numpy as np

from fmriplan.design import specification
from fmriplan.design.annealing import search
from fmriplan.design.evaluation import Evaluation

here = Path(__file__).parent
told = specification.read((here / "specification.toml").read_bytes())
kept = json.loads((here / "design.json").read_text())
order, waits = np.array(kept["order"]), np.array(kept["waits"])
scores = Evaluation(told.experiment).score(order[None], waits[None], estimation=True)
print("detection", scores.detection[0], "estimation", scores.estimation[0])
print("counterbalancing", scores.counterbalancing[0], "frequencies", scores.frequencies[0])

found = search(told.experiment, told.goal, rules=told.rules, seed={seed})
print("searched again:", found.scores.detection[0], "worth", found.worth)
'''
MODEL = '''"""First-level model of one participant by nilearn, from the events of this design."""

import pandas as pd
from nilearn.glm.first_level import FirstLevelModel

events = pd.read_csv("{events}", sep="\\t")
model = FirstLevelModel(
    t_r={tr}, hrf_model="spm", drift_model="{drift}", high_pass={high_pass}, noise_model="ar1"
)
model = model.fit("sub-01_{task}_bold.nii.gz", events=events)
contrasts = {contrasts}
for name, definition in contrasts.items():
    model.compute_contrast(definition, output_type="z_score").to_filename(name + ".nii.gz")
'''
READ_ME = """{task}: a task design

{trials} trials in {scans} scans of {tr:g} s.
Onsets are those of the stimuli, in s from the first scan.

{events}            BIDS, with its description beside it in JSON
fsl/                  three columns for each condition (onset, duration, 1)
spm/                  multiple conditions: names, onsets, durations
afni/                 stimulus times, one row a run
optseq/               paradigm file of optseq2
psychopy/, jspsych/   the trials as a table for a loop
nilearn/              a first-level model
specification.toml    the plan that the design was searched for
design.json           the order and the waits, in ticks
repeat.py             scores the design again, and repeats the search
"""


def label(name: str) -> str:
    """Return a name as BIDS' labels are: letters and digits only."""
    words = "".join(each if each.isascii() and each.isalnum() else " " for each in name).split()
    return "".join(words[:1] + [word[:1].upper() + word[1:] for word in words[1:]]) or "task"


def files(
    told: Specification,
    order: Ticks,
    waits: Ticks,
    *,
    name: str = "task",
    seed: int = 0,
) -> dict[str, bytes]:
    """Return what a design is written as, by path.

    Raises
    ------
    PlanningError
        Two conditions would share a file.
    """
    task = f"task-{label(name)}"
    shown = events.of_design(told.experiment, order, waits)
    levels = json.loads(events.bids_sidecar(shown, ""))["trial_type"]["Levels"]
    made: dict[str, bytes] = {}
    for run in range(1, told.experiment.runs + 1):
        made |= _of_run(events.of_run(shown, run), task, run if told.experiment.runs > 1 else 0)
    kept = {"order": order.tolist(), "waits": waits.tolist(), "seed": seed}
    texts = {
        f"{task}_events.json": events.bids_sidecar(shown, "Condition of the trial"),
        "nilearn/first_level.py": model(told, levels, task),
        "specification.toml": write(told),
        "design.json": _as_json(kept),
        "repeat.py": script(seed),
        "README.txt": _read_me(told, task),
    }
    return {**made, **{path: text.encode() for path, text in texts.items()}}


def _of_run(shown: Sequence[Event], task: str, run: int) -> dict[str, bytes]:
    """Return the files of one run; run 0 is the only one, and is not named."""
    named, start = (f"{task}_run-{run}", f"run-{run}_") if run else (task, "")
    texts = {
        f"{named}_events.tsv": events.bids(shown),
        **{f"fsl/{start}{file}": text for file, text in events.fsl(shown).items()},
        **{f"afni/{start}stim_{file}": text for file, text in events.afni(shown).items()},
        f"optseq/{named}.par": events.optseq(shown),
        f"psychopy/{start}conditions.csv": events.loop(shown),
        f"jspsych/{start}timeline_variables.json": timeline_variables(shown),
    }
    made = {path: text.encode() for path, text in texts.items()}
    return {**made, f"spm/{named}_conditions.mat": _undated(events.spm(shown))}


def _undated(content: bytes) -> bytes:
    """Return a MATLAB file without the time of its writing: the same design is the same file."""
    return MATLAB.ljust(116) + content[116:]


def timeline_variables(shown: Sequence[Event]) -> str:
    """Return the trials as jsPsych's timeline variables; times in ms, as it counts."""
    made, at = [], 0.0
    for number, each in enumerate(shown, 1):
        made.append(
            {
                "trial": number,
                "condition": each.condition,
                "wait_ms": round((each.onset_s - at) * 1000, 3),
                "onset_ms": round(each.onset_s * 1000, 3),
                "duration_ms": round(each.shown_s * 1000, 3),
            }
        )
        at = each.onset_s + each.shown_s
    return _as_json(made)


def script(seed: int) -> str:
    """Return a script that makes the design again, and names the versions that made it."""
    pins = ", ".join(f"{name}=={metadata.version(name)}" for name in PINNED)
    return SCRIPT.format(pins=pins, python=platform.python_version(), seed=seed)


def model(told: Specification, words: Mapping[str, str], task: str) -> str:
    """Return a first-level model of nilearn with the plan's contrasts.

    ``words`` has the condition of each word of the column ``trial_type``.
    """
    experiment = told.experiment
    written = {name: word for word, name in words.items()}
    columns = [written.get(name, name) for name in experiment.columns]
    contrasts = {
        f"contrast{number}": " ".join(
            f"{weight:+g} * {column}"
            for column, weight in zip(columns, row, strict=False)
            if weight
        ).lstrip("+")
        for number, row in enumerate(experiment.contrasts, 1)
    }
    period = experiment.high_pass_s
    return MODEL.format(
        events=f"../{task}{'_run-1' if experiment.runs > 1 else ''}_events.tsv",
        task=task,
        tr=experiment.tr_s,
        drift="cosine" if period else "polynomial",
        high_pass=round(1 / period, 6) if period else None,
        contrasts=json.dumps(contrasts, indent=4, ensure_ascii=False),
    )


def _read_me(told: Specification, task: str) -> str:
    experiment = told.experiment
    return READ_ME.format(
        task=task,
        events=f"{task}_events.tsv",
        trials=experiment.trials,
        scans=experiment.scans,
        tr=experiment.tr_s,
    )


def packed(found: Mapping[str, bytes], *, at: datetime | None = None) -> bytes:
    """Return files as one ZIP."""
    moment = at.timetuple()[:6] if at else EARLIEST
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(found.items()):
            archive.writestr(zipfile.ZipInfo(path, moment), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _as_json(told: Any) -> str:
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"
