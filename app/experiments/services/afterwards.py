"""What a lab does when a run is over: once, in the background, tried again if it fails."""

from typing import Any

from django.utils.timezone import now

from experiments.models import Sitting
from experiments.services import scripts
from experiments.services.told import Record
from jobs.services.requests import enqueue
from runs.models import Event, Run

DONE = "afterwards"
COUNTS = (Run.Status.COMPLETED, Run.Status.SCREENED_OUT, Run.Status.TIMED_OUT)


def plan(run: Run) -> None:
    """Ask for it, in the transaction that ends the run."""
    if run.status not in COUNTS or not hasattr(run, "sitting"):
        return
    if run.sitting.revision.read.afterwards:
        enqueue("experiments.afterwards", arguments={"run": str(run.pk)}, key=str(run.pk),
                project=run.project)  # fmt: skip


def work(*, run: str) -> Any:
    """Return what the function said; what was done already is not done again.

    Raises
    ------
    ScriptFailed, StillDeciding
        Another attempt of the job tries it again.
    """
    sitting = Sitting.objects.select_related("run__participant", "revision").get(run=run)
    hook = sitting.revision.read.afterwards
    if hook is None:
        return None
    with scripts.alone(sitting):
        done = Event.objects.filter(run=sitting.run, kind=DONE).first()
        if done:
            return done.data["said"]
        here = Record(sitting).here(step="", position=sitting.position)
        said = scripts.ask(sitting=sitting, hook=hook, use="afterwards", here=here)
        data = {"call": hook.call, "said": said}
        Event.objects.create(run=sitting.run, kind=DONE, received_at=now(), data=data)
    return said
