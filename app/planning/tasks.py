"""The work of planning that runs in the background."""

from typing import Any

from jobs.progress import Progress
from jobs.registry import task
from planning.services import power_work


@task("planning.analyse", label="Power analysis", time_limit_s=1800, memory_limit_mb=3072)
def analyse(progress: Progress, *, analysis: str) -> dict[str, Any]:
    """Answer how many participants a study needs, from the map of a pilot."""
    said = power_work.Said(
        phase=lambda words: progress.report(phase=words), resamples=progress.report
    )
    outcome = power_work.answer(analysis, said)
    progress.log(outcome)
    return {"outcome": outcome}
