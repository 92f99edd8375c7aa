"""Fill a database with a pointing study whose pointers were recorded: a million events."""

import json
from itertools import islice
from typing import Any

from tests.factories import accounts
from tests.factories import factorial as make

from accounts.services import tokens
from factorial.models import PlannedRun
from runs.models import Participant, Run, Trial, TrialEvents, Visit
from touchstone.design import Block, Design, Factor, Measure, Value
from touchstone.design import Run as PlanRun
from touchstone.design import Trial as PlanTrial

RUNS, BLOCKS = 40, 5
STATES = ("idle", "moving", "over", "pressed")


def plan(trials: int) -> Design:
    widths = ("8", "16", "32")
    block = Block(tuple(PlanTrial({"WIDTH": widths[n % 3]}) for n in range(trials)),
                  {"TECHNIQUE": "mouse"})  # fmt: skip
    at_event = {"at_trial": False, "at_event": True}
    return Design(
        id="pointing",
        factors=(
            Factor("TECHNIQUE", (Value("mouse"), Value("pen")), type="String"),
            Factor("WIDTH", tuple(map(Value, widths)), type="Integer"),
        ),
        measures=(
            Measure("duration", type="Float"),
            Measure("hit", type="Boolean"),
            Measure("time", type="Integer", **at_event),
            Measure("pointer.x", type="Float", **at_event),
            Measure("pointer.y", type="Float", **at_event),
            Measure("pressure", type="Float", **at_event),
            Measure("button", type="Integer", **at_event),
            Measure("state", type="String", **at_event),
        ),
        runs=tuple(PlanRun(f"S{number}", (block,) * BLOCKS) for number in range(RUNS)),
    )


def event(number: int) -> dict[str, Any]:
    return {
        "time": 12_000 + 8 * number,
        "pointer.x": 400 + (number * 7919 % 10_007) / 100,
        "pointer.y": 300 + (number * 104_729 % 10_009) / 100,
        "pressure": (number % 100) / 100,
        "button": number % 2,
        "state": STATES[number % 4],
    }


def fill(events: int, each: int) -> dict[str, Any]:
    """Write so many events, ``each`` to a trial; return who may read them."""
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role="experimenter")
    project = accounts.project(lab)
    trials = events // each // RUNS // BLOCKS
    design = make.design(project, plan(trials))
    texts = [json.dumps([event(first + n) for n in range(each)], separators=(",", ":"))
             for first in range(16)]  # fmt: skip
    for planned in PlannedRun.objects.filter(design=design):
        _attempt(design, planned, project, trials, (texts, each))
    _, secret = tokens.create_token(user=ann, name="benchmark", scope="read")
    return {"design": design.pk, "token": secret, "events": trials * each * RUNS * BLOCKS,
            "trials": trials * RUNS * BLOCKS}  # fmt: skip


def _attempt(design: Any, planned: Any, project: Any, trials: int, said: Any) -> None:
    texts, each = said
    run = make.run_of(design, cell=planned.code, ended_at=make.AT, status=Run.Status.COMPLETED,
                      participant=Participant.objects.create(project=project))  # fmt: skip
    planned.run, planned.done = run, planned.trial_count
    planned.save()
    visits = Visit.objects.bulk_create(
        Visit(run=run, position=number, step=f"block {number}") for number in range(BLOCKS)
    )
    rows = iter(
        Trial(visit=visit, index=index, digest="t" * 64, received_at=make.AT,
              raw=json.dumps({"duration": 800.5 + index, "hit": index % 5 > 0}))
        for visit in visits
        for index in range(trials)
    )  # fmt: skip
    while some := list(islice(rows, 200)):
        stored = Trial.objects.bulk_create(some)
        TrialEvents.objects.bulk_create(
            TrialEvents(trial=row, count=each, raw=texts[row.index % len(texts)]) for row in stored
        )
