"""The work of planning that runs in the background."""

import uuid
from typing import Any

from jobs.progress import Progress
from jobs.registry import Elsewhere, task
from planning.services import elsewhere, endings, islands, mails, power_work


@task("planning.analyse", label="Power analysis", time_limit_s=1800, memory_limit_mb=3072)
def analyse(progress: Progress, *, analysis: str) -> dict[str, Any]:
    """Answer how many participants a study needs, from the map of a pilot."""
    said = power_work.Said(
        phase=lambda words: progress.report(phase=words), resamples=progress.report
    )
    outcome = power_work.answer(analysis, said)
    progress.log(outcome)
    return {"outcome": outcome}


@task("planning.search", label="Search for designs", time_limit_s=3600, memory_limit_mb=1024,
      attempts=4, backoff_s=2, patience_s=20,
      elsewhere=Elsewhere(task="planning.island", pack=elsewhere.pack,
                          unpack=elsewhere.unpack))  # fmt: skip
def search(progress: Progress, *, search: str, island: int) -> dict[str, Any]:
    """Do one island of a search; another attempt goes on where the last one stored."""
    return islands.work(progress, search=search, island=island)


@task("planning.island", label="Search for designs", time_limit_s=3600, memory_limit_mb=1024,
      patience_s=20, portable=True)  # fmt: skip
def island(progress: Progress, **packed: Any) -> dict[str, Any]:
    """Do one island of a search on a machine that knows nothing of the site."""
    return elsewhere.work(progress, **packed)


@task("planning.settle", label="End a search", time_limit_s=300, memory_limit_mb=1024)
def settle(_progress: Progress, *, search: str) -> dict[str, Any]:
    """End a search whose last process was killed before it could do so."""
    return {"settled": endings.settle(uuid.UUID(search))}


@task("planning.send_letter", label="Send mail", time_limit_s=120, attempts=8,
      backoff_s=30)  # fmt: skip
def send_letter(_progress: Progress, *, letter: int) -> dict[str, Any]:
    return {"sent": mails.send(letter=letter)}
