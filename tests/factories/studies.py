"""What is planned, for the tests of planning."""

from typing import Any

import numpy as np
from django.utils.timezone import now

from fmriplan.design import annealing, specification
from planning import models

SPECIFICATION = """
trials = 24
tr_s = 2.0
tick_s = 0.1
tail_s = 10.0
[gaps]
model = "uniform"
min_s = 1
max_s = 3
[[conditions]]
name = "faces"
share = 0.5
shown_s = 1.0
[[conditions]]
name = "houses"
share = 0.5
shown_s = 1.0
[[contrasts]]
faces = 1
houses = -1
[rules]
exact_counts = true
"""


def analysis(project: Any, by: Any, *, effect: float | None = 0.8, **fields: Any) -> Any:
    """Return an analysis that is done."""
    pilot = models.PilotMap.objects.create(
        project=project, name="Faces pilot", participants=15, digest="a" * 64, created_by=by
    )
    return models.PowerAnalysis.objects.create(
        pilot=pilot, question="q" * 64, mark="m" * 64, created_by=by, finished_at=now(),
        result={"effect": effect}, **fields,
    )  # fmt: skip


def plan(project: Any, by: Any, words: str = SPECIFICATION, **fields: Any) -> Any:
    named = {"name": "Faces and houses", "specification": words, "created_by": by} | fields
    return models.Plan.objects.create(project=project, **named)


def design(of: Any, *, seed: int = 0, **fields: Any) -> Any:
    """Return the best of a few designs of a plan."""
    told = specification.read(of.specification)
    found = annealing.search(told.experiment, told.goal, seed=seed, rules=told.rules, moves=200)
    return models.TaskDesign.objects.create(
        plan=of, specification=of.specification, order=found.order.tolist(),
        waits=found.waits.tolist(), worth=found.worth, scores=_plain(found), **fields,
    )  # fmt: skip


def _plain(found: annealing.Found) -> dict[str, float]:
    names = ("detection", "counterbalancing", "frequencies")
    return {name: float(np.asarray(getattr(found.scores, name)).ravel()[0]) for name in names}
