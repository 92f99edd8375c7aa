"""The area's background work."""

from typing import Any

from jobs.progress import Progress
from jobs.registry import task
from runs.services import letters


@task("runs.send_letter", label="Mail to a participant", time_limit_s=120, attempts=6, backoff_s=60)
def send_letter(progress: Progress, *, letter: str) -> dict[str, Any]:
    """Send one letter; what could not be sent is tried again by another attempt of the job."""
    progress.report(phase="Sending mail")
    return {"sent": letters.send(letter=letter)}
