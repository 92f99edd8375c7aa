"""Plans of tasks, and searches for their designs, done here without a worker."""

import mmap
import os
from pathlib import Path
from typing import Any

from django.utils.timezone import now

from fmriplan.design.pieces import Effort
from jobs.models import Job, Status
from jobs.progress import Progress, Wish
from planning import models
from planning.services import islands, searches

SPECIFICATION = """
trials = 20
tr_s = 2.0
tail_s = 10.0

[[conditions]]
name = "faces"
share = 0.5
shown_s = 1.0

[[conditions]]
name = "houses"
share = 0.5
shown_s = 1.0

[gaps]
model = "exponential"
min_s = 2.0
mean_s = 4.0
max_s = 8.0
"""
IMPOSSIBLE = (
    SPECIFICATION.replace("share = 0.5", "share = 0.8", 1).replace("share = 0.5", "share = 0.2")
    + """
[rules]
longest_run = 1
exact_counts = true
"""
)


def plan(project: Any, name: str = "Faces", *, specification: str = SPECIFICATION) -> Any:
    return models.Plan.objects.create(project=project, name=name, specification=specification)


def search(plan: Any, by: Any, **told: Any) -> Any:
    """Begin a small search."""
    rest = {name: told.pop(name) for name in ("seconds", "tells_by_mail") if name in told}
    effort = Effort(**{"seed": 3, "moves": 200, "restarts": 4, "generations": 20} | told)
    return searches.begin(plan=plan, by=by, wish=searches.Wish(effort=effort, **rest))


def progress(job: Any, *, wish: Wish = Wish.GO_ON) -> Progress:
    """Return what the process of a job is given, whose words nobody reads."""
    asked = mmap.mmap(-1, 1)
    asked[0] = wish
    nowhere = os.open(os.devnull, os.O_WRONLY)
    return Progress(job_id=job.pk, folder=Path(job.folder), messages=nowhere, wish=asked)


def work(search: Any, *numbers: int, wish: Wish = Wish.GO_ON) -> list[Any]:
    """Do islands of a search one after the other, all unless some are named."""
    rows = models.Island.objects.filter(search=search).select_related("job")
    done = []
    for island in [each for each in rows if not numbers or each.number in numbers]:
        Job.objects.filter(pk=island.job_id).update(status=Status.SUCCEEDED, finished_at=now())
        told = progress(island.job, wish=wish)
        done.append(islands.work(told, search=str(search.pk), island=island.number))
    return done


def done(plan: Any, by: Any, **told: Any) -> Any:
    """Return a search that has ended."""
    made = search(plan, by, **told)
    work(made)
    made.refresh_from_db()
    return made
