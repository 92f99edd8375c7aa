"""A design as a task that can be run: a protocol's file, with a jsPsych timeline.

The format is docs/experiments/protocol.schema.json; whoever reads it knows nothing of planning.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Any

from django.utils.text import slugify

from fmriplan.design import events
from fmriplan.design.events import Event
from fmriplan.design.experiment import Experiment
from fmriplan.errors import PlanningError
from planning.errors import NotAPlan
from planning.models import TaskDesign
from planning.queries import kept_designs

FORMAT = "studium-protocol/1"
PLUGIN = "html-keyboard-response"
TRIGGERS = [" ", "5", "t", "s"]
RESPONSES = ["1", "2", "3", "4"]
LONGEST_NAME, LONGEST_TITLE = 60, 150
CROSS = '<p style="font-size:3rem">+</p>'


def protocol(design: TaskDesign) -> dict[str, Any]:
    """Return a protocol in which a design's conditions are shown as words, to be replaced.

    Raises
    ------
    NotAPlan
        The design cannot be read.
    """
    experiment, shown = _shown(design)
    title = f"{design.plan.name}: {design}"[:LONGEST_TITLE]
    lasts_ms = round(experiment.run_scans * experiment.tr_s * 1000)
    runs = range(1, experiment.runs + 1)
    task = {
        "name": "task",
        "kind": "trial",
        "title": title,
        "text": "Look at the cross. Press the keys 1 to 4 as you were told.",
        "resume": "step",
        "timeline": [
            node
            for run in runs
            for node in _run(run, experiment.runs, events.of_run(shown, run), lasts_ms)
        ],
    }
    end = {"name": "end", "kind": "end", "title": "Thank you", "text": "That was all."}
    name = _name(design)
    return {"format": FORMAT, "name": name, "title": title, "language": "en", "flow": [task, end]}


def _run(run: int, runs: int, shown: list[Event], lasts_ms: int) -> Iterator[dict[str, Any]]:
    """Yield what one run of the scanner consists of: its start, its trials, its tail."""
    start = {"part": "start", "run": run}
    yield _start(start, f" (run {run} of {runs})" if runs > 1 else "")
    rows = list(_rows(shown))
    yield {"timeline": [_wait(start), _stimulus(start)], "timeline_variables": rows}
    yield _tail(start, lasts_ms)


def file(design: TaskDesign) -> str:
    """Return the protocol as a file's text."""
    return json.dumps(protocol(design), indent=1, ensure_ascii=False) + "\n"


def file_name(design: TaskDesign) -> str:
    return f"{_name(design)}.json"


def _name(design: TaskDesign) -> str:
    """Return a name that is the design's alone, so that it takes the place of no other protocol."""
    mark = sha256(json.dumps([design.specification, design.order, design.waits]).encode())
    named = slugify(design.plan.name)[:LONGEST_NAME].strip("-") or "design"
    return f"{named if named[0].isalpha() else f'design-{named}'}-{mark.hexdigest()[:8]}"


def _shown(design: TaskDesign) -> tuple[Experiment, list[Event]]:
    held = kept_designs.usable(design)
    try:
        return held.told.experiment, events.of_design(held.told.experiment, held.order, held.waits)
    except (PlanningError, IndexError, ValueError) as error:
        raise NotAPlan(f"The stored design is none of its plan: {error}.") from None


def _start(start: dict[str, Any], which: str) -> dict[str, Any]:
    words = (
        f"<p>Ready{which}. It begins with the scanner's signal (5, t or s), "
        "or with the space bar.</p>"
    )
    return {"type": PLUGIN, "stimulus": words, "choices": TRIGGERS, "data": start}


def _wait(start: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": PLUGIN,
        "stimulus": CROSS,
        "choices": RESPONSES,
        "response_ends_trial": False,
        "trial_duration": _until({"$var": "onset_ms"}, start),
        "data": {"part": "wait", "run": start["run"], "trial": {"$var": "trial"}},
    }


def _stimulus(start: dict[str, Any]) -> dict[str, Any]:
    told = ("trial", "condition", "onset_ms", "ends_ms")
    data = {"part": "stimulus", "run": start["run"], **{name: {"$var": name} for name in told}}
    return {
        "type": PLUGIN,
        "stimulus": {"$var": "shown"},
        "choices": RESPONSES,
        "response_ends_trial": False,
        "trial_duration": _until({"$var": "ends_ms"}, start),
        "data": data,
    }


def _tail(start: dict[str, Any], lasts_ms: int) -> dict[str, Any]:
    """Return the rest of a run, in which the last responses pass."""
    return {
        "type": PLUGIN,
        "stimulus": CROSS,
        "choices": "NO_KEYS",
        "trial_duration": _until(lasts_ms, start),
        "data": {"part": "tail", "run": start["run"]},
    }


def _until(ms: Any, start: dict[str, Any]) -> dict[str, Any]:
    return {"$fn": "until", "ms": ms, "since": start}


def _rows(shown: list[Event]) -> Iterator[dict[str, Any]]:
    for number, each in enumerate(shown, 1):
        yield {
            "trial": number,
            "condition": each.condition,
            "onset_ms": round(each.onset_s * 1000),
            "ends_ms": round((each.onset_s + each.shown_s) * 1000),
            "shown": f"<p>{escape(each.condition)}</p>",
        }
