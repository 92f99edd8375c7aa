"""The area's background work."""

from typing import Any

from experiments.services import afterwards, alarms, confirming
from jobs.progress import Progress
from jobs.registry import task


@task("experiments.confirm", label="Tell a recruiter of an end", time_limit_s=180, attempts=12,
      backoff_s=20)  # fmt: skip
def confirm(progress: Progress, *, arrival: int) -> dict[str, Any]:
    """Tell it once; what it has not accepted is told again by another attempt of the job."""
    progress.report(phase="Telling the recruiter")
    return {"state": confirming.confirm(arrival=arrival)}


@task("experiments.afterwards", label="Do what comes after a run", time_limit_s=120, attempts=8,
      backoff_s=60)  # fmt: skip
def after_run(_progress: Progress, *, run: str) -> dict[str, Any]:
    """Call the lab's function once; a failure is tried again, for some hours."""
    return {"said": afterwards.work(run=run)}


@task("experiments.alarm", label="Tell of a function that failed", time_limit_s=120, attempts=5,
      backoff_s=60)  # fmt: skip
def alarm(_progress: Progress, *, revision: str, call: str) -> dict[str, Any]:
    return {"sent": alarms.send(revision=revision, call=call)}
