"""Which measures of a design have come in so far."""

import json

from django.db.models import Exists, OuterRef

from factorial.models import Design
from factorial.values import event_names
from runs.models import Answer, Measure, TrialEvents

LOOKED_AT = 20  # trials whose events are looked into: the newest ones


def logged(design: Design) -> frozenset[str] | None:
    """Return the names of what was logged; nothing is known before the first trial.

    Trials are asked completely, events in the newest of them alone: there may be millions.
    """
    rows = Measure.objects.filter(project=design.project_id, design=design.digest)
    told = rows.filter(Exists(Answer.objects.filter(measure=OuterRef("pk"))))
    events = TrialEvents.objects.filter(
        trial__visit__run__project=design.project_id, trial__visit__run__design=design.digest
    ).order_by("-trial_id")[:LOOKED_AT]
    names = set(told.values_list("name", flat=True))
    seen = [event_names(json.loads(raw)) for raw in events.values_list("raw", flat=True)]
    return frozenset(names.union(*seen)) if names or seen else None
