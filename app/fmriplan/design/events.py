"""Events: what is shown when, in the files of the programs that use them.

Formats: BIDS events (Gorgolewski et al., 2016), FSL's three columns, SPM's multiple conditions,
AFNI's timing rows, optseq2's paradigm file, and a table of trials for PsychoPy, jsPsych and others.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from fmriplan.design.experiment import Experiment, Part
from fmriplan.design.gaps import Ticks
from fmriplan.errors import PlanningError

MOST_EVENTS = 100_000
MISSING = {"n/a", ""}
EVENT_COLUMNS = 3


class UnreadableEvents(PlanningError):
    """A file holds no events; the message names the line and what is missing."""


@dataclass(frozen=True)
class Event:
    """One showing of one condition, or of a part of its trial, in s from its run's first scan."""

    onset_s: float
    shown_s: float
    condition: str
    run: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.onset_s) and math.isfinite(self.shown_s)):
            raise UnreadableEvents("An onset and a duration are numbers of seconds.")
        if self.onset_s < 0 or self.shown_s < 0:
            raise UnreadableEvents(
                f"An event at {self.onset_s:g} s lasts {self.shown_s:g} s; neither is below 0."
            )


def of_design(experiment: Experiment, order: Ticks, waits: Ticks) -> list[Event]:
    """Return the events of a design; onsets are those of the stimuli, not of the trials.

    A trial of several parts has an event for each.
    """
    ticks = experiment.onsets(order[None], waits[None])[0]
    digits = max(0, math.ceil(-math.log10(experiment.tick_s))) + 2
    made = []
    for number, (tick, each) in enumerate(zip(ticks, order, strict=True)):
        run, condition = number // experiment.run_trials, experiment.conditions[each]
        begins = int(tick) - run * experiment.run_scans * experiment.scan_ticks
        for part in condition.parts or (Part(condition.name, 0.0, condition.shown_s),):
            onset = begins * experiment.tick_s + part.begins_s
            made.append(
                Event(round(onset, digits), round(part.lasts_s, digits), part.name, run + 1)
            )
    return made


def of_run(events: Iterable[Event], run: int) -> list[Event]:
    """Return the events of one run, counted from 1."""
    return [each for each in events if each.run == run]


# --- written --------------------------------------------------------------------------------------
def bids(events: Sequence[Event]) -> str:
    """Return ``events.tsv``."""
    _by_condition(events)  # refuses names that would become one
    rows = [f"{each.onset_s:.10g}\t{each.shown_s:.10g}\t{_word(each.condition)}" for each in events]
    return "\n".join(["onset\tduration\ttrial_type", *rows]) + "\n"


def bids_sidecar(events: Iterable[Event], description: str) -> str:
    """Return ``events.json``, which says what the columns and the conditions are."""
    names = list(dict.fromkeys(each.condition for each in events))
    told = {
        "onset": {"Description": "Onset of the stimulus, from the first scan", "Units": "s"},
        "duration": {"Description": "How long the stimulus is shown", "Units": "s"},
        "trial_type": {"Description": description, "Levels": {_word(name): name for name in names}},
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def fsl(events: Sequence[Event]) -> dict[str, str]:
    """Return a file of three columns for each condition: onset, duration, 1."""
    return {
        f"{name}.txt": "".join(f"{each.onset_s:.10g}\t{each.shown_s:.10g}\t1\n" for each in found)
        for name, found in _by_condition(events).items()
    }


def afni(events: Sequence[Event]) -> dict[str, str]:
    """Return a file for each condition with the onsets of the run in one row."""
    return {
        f"{name}.1D": " ".join(f"{each.onset_s:.10g}" for each in found) + "\n"
        for name, found in _by_condition(events).items()
    }


def spm(events: Sequence[Event]) -> bytes:
    """Return a MATLAB file with the cells ``names``, ``onsets`` and ``durations``."""
    found = _by_condition(events)
    cells: dict[str, list[Any]] = {
        "names": list(found),
        "onsets": [[each.onset_s for each in some] for some in found.values()],
        "durations": [[each.shown_s for each in some] for some in found.values()],
    }
    made = io.BytesIO()
    scipy.io.savemat(made, {name: _cell(values) for name, values in cells.items()})
    return made.getvalue()


def optseq(events: Sequence[Event]) -> str:
    """Return a paradigm file: onset, code, duration, weight, label; code 0 is what lies between."""
    codes = {name: code for code, name in enumerate(_by_condition(events), 1)}
    lines, at = [], 0.0
    for each in sorted(events, key=lambda one: one.onset_s):
        if each.onset_s > at:
            lines.append(f"{at:9.4f} {0:3d} {each.onset_s - at:8.4f} {1.0:9.4f} NULL")
        name = _word(each.condition)
        lines.append(f"{each.onset_s:9.4f} {codes[name]:3d} {each.shown_s:8.4f} {1.0:9.4f} {name}")
        at = each.onset_s + each.shown_s
    return "\n".join(lines) + "\n"


def loop(events: Iterable[Event]) -> str:
    """Return a table of trials with the wait before each, for loops of PsychoPy and others."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(["trial", "condition", "onset_s", "duration_s", "wait_s"])
    at = 0.0
    for number, each in enumerate(events, 1):
        wait = f"{each.onset_s - at:.10g}"
        writer.writerow(
            [number, each.condition, f"{each.onset_s:.10g}", f"{each.shown_s:.10g}", wait]
        )
        at = each.onset_s + each.shown_s
    return made.getvalue()


def _by_condition(events: Iterable[Event]) -> dict[str, list[Event]]:
    made: dict[str, list[Event]] = {}
    names: dict[str, str] = {}
    for each in events:
        word = _word(each.condition)
        if names.setdefault(word, each.condition) != each.condition:
            raise PlanningError(
                f"{names[word]!r} and {each.condition!r} would share the file {word}: "
                "rename one of the conditions."
            )
        made.setdefault(word, []).append(each)
    return made


def _word(name: str) -> str:
    """Return a name that a file and a column can have."""
    return "".join(each if each.isalnum() or each in "-_." else "_" for each in name) or "_"


def _cell(values: Sequence[object]) -> "np.ndarray[tuple[int, int], np.dtype[np.object_]]":
    made = np.empty((1, len(values)), dtype=object)
    for place, value in enumerate(values):
        made[0, place] = value
    return made


# --- read -----------------------------------------------------------------------------------------
def read(name: str, content: bytes) -> list[Event]:
    """Return the events of a file, which is known by its name's ending and its content.

    ``.mat`` is SPM's, ``.par`` optseq2's; a table with a header is BIDS', one without FSL's three
    columns, whose condition is the file's name.
    """
    if content.startswith(b"MATLAB"):
        return _checked(_read_spm(content))
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UnreadableEvents(f"{name} is neither text nor a MATLAB file of version 5.") from None
    if name.endswith(".par"):
        return _checked(_read_optseq(lines))
    if lines and "onset" in lines[0].lower():
        return _checked(_read_bids(lines))
    return _checked(_read_fsl(name, lines))


def _checked(events: list[Event]) -> list[Event]:
    if not events:
        raise UnreadableEvents("The file holds no event.")
    if len(events) > MOST_EVENTS:
        raise UnreadableEvents(f"The file holds more than {MOST_EVENTS:,} events.")
    return sorted(events, key=lambda one: one.onset_s)


def _read_bids(lines: Sequence[str]) -> list[Event]:
    separator = "\t" if "\t" in lines[0] else ","
    rows = list(csv.reader(lines, delimiter=separator))
    head = [each.strip().lower() for each in rows[0]]
    places = {column: head.index(column) for column in ("onset", "duration") if column in head}
    if len(places) < 2:  # noqa: PLR2004  both of them
        raise UnreadableEvents("Line 1 names no column duration beside onset.")
    kind = next((head.index(each) for each in ("trial_type", "condition") if each in head), None)
    made = []
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < len(head):
            raise UnreadableEvents(f"Line {number} has {len(row)} of {len(head)} columns.")
        condition = row[kind].strip() if kind is not None else "event"
        if condition in MISSING:
            continue
        onset = _number(row[places["onset"]], number, "onset")
        shown = row[places["duration"]].strip()
        made.append(
            Event(onset, 0.0 if shown in MISSING else _number(shown, number, "duration"), condition)
        )
    return made


def _read_fsl(name: str, lines: Sequence[str]) -> list[Event]:
    condition = name.rpartition("/")[2].rpartition(".")[0] or name
    made = []
    for number, line in enumerate(lines, 1):
        if not (words := line.split()):
            continue
        if len(words) != EVENT_COLUMNS:
            raise UnreadableEvents(
                f"Line {number} has {len(words)} columns. Three are onset, duration and weight; "
                "a table with more begins with their names."
            )
        if _number(words[2], number, "weight"):
            made.append(
                Event(
                    _number(words[0], number, "onset"),
                    _number(words[1], number, "duration"),
                    condition,
                )
            )
    return made


def _read_optseq(lines: Sequence[str]) -> list[Event]:
    made = []
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        if len(words) < EVENT_COLUMNS:
            raise UnreadableEvents(f"Line {number} has {len(words)} columns; a .par file has five.")
        code = words[1]
        if _number(code, number, "code") == 0:
            continue
        label = words[4] if len(words) > 4 else code  # noqa: PLR2004  the fifth column
        made.append(
            Event(_number(words[0], number, "onset"), _number(words[2], number, "duration"), label)
        )
    return made


def _read_spm(content: bytes) -> list[Event]:
    try:
        held = scipy.io.loadmat(io.BytesIO(content))
        names, onsets, durations = (held[each].ravel() for each in ("names", "onsets", "durations"))
        return [
            Event(float(onset), float(shown), str(np.ravel(name)[0]))
            for name, some, lasting in zip(names, onsets, durations, strict=True)
            for onset, shown in zip(
                *np.broadcast_arrays(np.ravel(some), np.ravel(lasting)), strict=True
            )
        ]
    except UnreadableEvents:
        raise
    except Exception as error:  # whatever the library trips over, the file is what is wrong
        raise UnreadableEvents(
            "The MATLAB file holds no names, onsets and durations of multiple conditions."
        ) from error


def _number(word: str, line: int, what: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise UnreadableEvents(f"Line {line}: the {what} {word[:20]!r} is no number.") from None
