"""A design as a task that can be run: a protocol's file, with a jsPsych timeline.

The format is docs/experiments/protocol.schema.json; whoever reads it knows nothing of planning.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Any

import numpy as np
from django.utils.text import slugify

from fmriplan.design import events, specification
from fmriplan.design.events import Event
from fmriplan.errors import PlanningError
from planning.errors import NotAPlan
from planning.models import TaskDesign

FORMAT = "studium-protocol/1"
PLUGIN = "html-keyboard-response"
TRIGGERS = [" ", "5", "t", "s"]
RESPONSES = ["1", "2", "3", "4"]
START = {"part": "start"}
LONGEST_NAME, LONGEST_TITLE = 60, 150
CROSS = '<p style="font-size:3rem">+</p>'


def protocol(design: TaskDesign) -> dict[str, Any]:
    """Return a protocol in which a design's conditions are shown as words, to be replaced.

    Raises
    ------
    NotAPlan
        The design cannot be read.
    """
    shown, lasts_ms = _shown(design)
    title = f"{design.plan.name}: {design}"[:LONGEST_TITLE]
    task = {
        "name": "task",
        "kind": "trial",
        "title": title,
        "text": "Look at the cross. Press the keys 1 to 4 as you were told.",
        "resume": "step",
        "timeline": [
            _start(),
            {"timeline": [_wait(), _stimulus()], "timeline_variables": list(_rows(shown))},
            _tail(lasts_ms),
        ],
    }
    end = {"name": "end", "kind": "end", "title": "Thank you", "text": "That was all."}
    name = _name(design)
    return {"format": FORMAT, "name": name, "title": title, "language": "en", "flow": [task, end]}


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


def _shown(design: TaskDesign) -> tuple[list[Event], int]:
    try:
        experiment = specification.read(design.specification).experiment
    except PlanningError as error:
        raise NotAPlan(str(error)) from None
    order, waits = (np.array(each, dtype=np.intp) for each in (design.order, design.waits))
    shown = events.of_design(experiment, order, waits)
    return shown, round(experiment.scans * experiment.tr_s * 1000)


def _start() -> dict[str, Any]:
    words = "<p>Ready. It begins with the scanner's signal (5, t or s), or with the space bar.</p>"
    return {"type": PLUGIN, "stimulus": words, "choices": TRIGGERS, "data": START}


def _wait() -> dict[str, Any]:
    return {
        "type": PLUGIN,
        "stimulus": CROSS,
        "choices": RESPONSES,
        "response_ends_trial": False,
        "trial_duration": _until({"$var": "onset_ms"}),
        "data": {"part": "wait", "trial": {"$var": "trial"}},
    }


def _stimulus() -> dict[str, Any]:
    told = ("trial", "condition", "onset_ms", "ends_ms")
    return {
        "type": PLUGIN,
        "stimulus": {"$var": "shown"},
        "choices": RESPONSES,
        "response_ends_trial": False,
        "trial_duration": _until({"$var": "ends_ms"}),
        "data": {"part": "stimulus", **{name: {"$var": name} for name in told}},
    }


def _tail(lasts_ms: int) -> dict[str, Any]:
    """Return the rest of the run, in which the last responses pass."""
    return {
        "type": PLUGIN,
        "stimulus": CROSS,
        "choices": "NO_KEYS",
        "trial_duration": _until(lasts_ms),
        "data": {"part": "tail"},
    }


def _until(ms: Any) -> dict[str, Any]:
    return {"$fn": "until", "ms": ms, "since": START}


def _rows(shown: list[Event]) -> Iterator[dict[str, Any]]:
    for number, each in enumerate(shown, 1):
        yield {
            "trial": number,
            "condition": each.condition,
            "onset_ms": round(each.onset_s * 1000),
            "ends_ms": round((each.onset_s + each.shown_s) * 1000),
            "shown": f"<p>{escape(each.condition)}</p>",
        }
