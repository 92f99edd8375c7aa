"""The area's background work."""

from typing import Any

from experiments.services import confirming
from jobs.progress import Progress
from jobs.registry import task


@task("experiments.confirm", label="Tell a recruiter of an end", time_limit_s=180, attempts=12,
      backoff_s=20)  # fmt: skip
def confirm(progress: Progress, *, arrival: int) -> dict[str, Any]:
    """Tell it once; what it has not accepted is told again by another attempt of the job."""
    progress.report(phase="Telling the recruiter")
    return {"state": confirming.confirm(arrival=arrival)}
