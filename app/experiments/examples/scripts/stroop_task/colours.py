"""What the Stroop task found (Stroop 1935, doi:10.1037/h0054651)."""

from statistics import fmean
from typing import Any

from experiments.scripting.told import Here, Trial


def summary(here: Here) -> str:
    """Tell a participant how the words got in their way."""
    found = report(here)
    same, other = found["rt_same_ms"], found["rt_other_ms"]
    right = f"You named {found['right']} of {found['trials']} colours correctly."
    if same is None or other is None:
        return right
    return (
        f"{right}\n\nWhen the word was the name of its colour, you took {same:.0f} ms; when it was "
        f"the name of another one, {other:.0f} ms."
    )


def many_wrong(here: Here, *, share: float = 0.2) -> bool:
    """Say whether more than this share of the colours were named wrongly."""
    trials = _trials(here)
    wrong = sum(not trial.data.get("correct") for trial in trials)
    return bool(trials) and wrong / len(trials) > share


def report(here: Here) -> dict[str, Any]:
    """Return one line for the people of the study."""
    trials = _trials(here)
    right = [trial for trial in trials if trial.data.get("correct")]
    return {
        "trials": len(trials),
        "right": len(right),
        "rt_same_ms": _mean(right, is_same=True),
        "rt_other_ms": _mean(right, is_same=False),
    }


def _trials(here: Here) -> list[Trial]:
    return [trial for trial in here.trials if trial.data.get("part") == "main"]


def _mean(trials: list[Trial], *, is_same: bool) -> float | None:
    times = [
        trial.rt_ms
        for trial in trials
        if trial.rt_ms is not None and trial.data.get("is_same") is is_same
    ]
    return round(fmean(times), 1) if times else None
