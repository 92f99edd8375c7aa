"""Runs and their pages."""

from typing import Any

from runs.services import runs
from runs.services.runs import Design

DESIGN = Design("protocol", "d" * 64, "Stroop")


def run(project: Any, **values: Any) -> Any:
    begun = runs.begin(project=project, design=DESIGN, **values)
    runs.start(run=begun.run)
    begun.run.refresh_from_db()
    return begun


def visit(run: Any, position: int = 0, step: str = "stroop", **values: Any) -> Any:
    return runs.show(run=run, position=position, step=step, **values)


def row(index: int, **data: Any) -> dict[str, Any]:
    """Return a row as jsPsych makes it."""
    data = {
        "trial_type": "html-keyboard-response",
        "trial_index": index,
        "time_elapsed": 500 + 700 * index,
        "onset": 700 * index,
        "rt": 412.5,
        "response": "r",
    } | data
    return {"index": index, "data": data}
