"""The area's own work: a job that shows whether jobs work here."""

import time
from typing import Any

from django.db import connection

from jobs.progress import Progress
from jobs.registry import task

STEP_S = 0.2


@task("jobs.self_test", label="Test of the background work", time_limit_s=3600, attempts=2)
def self_test(progress: Progress, *, seconds: float = 5) -> dict[str, Any]:
    """Go through what every job needs: the database, its folder, time, and being told to stop."""
    progress.report(phase="Asking the database")
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM jobs_job")
        jobs = cursor.fetchone()[0]
    progress.log(f"{connection.vendor} answers and knows {jobs} jobs")
    note = progress.folder / "self-test.txt"
    note.write_text("Written by a test of the background work.\n")
    note.unlink()
    progress.log(f"files can be written to {progress.folder}")
    waited = _wait(progress, seconds)
    return {"database": connection.vendor, "jobs": jobs, "waited_s": round(waited, 1)}


def _wait(progress: Progress, seconds: float) -> float:
    started = time.monotonic()
    while (gone := time.monotonic() - started) < seconds:
        left = f"{seconds - gone:.0f} s to go"
        progress.report(gone, seconds, phase="Waiting as long as asked", message=left)
        time.sleep(STEP_S)
    progress.log("waited as long as asked")
    return gone
