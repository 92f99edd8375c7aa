"""Rows of planned runs and of logs, written as they lie in the tables."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from accounts.keys import digest as key_digest
from factorial import models
from runs.models import Run, Trial, TrialEvents, Visit
from touchstone import design as plans

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def design(project: Any, plan: plans.Design, **values: Any) -> Any:
    """Write a design with its factors, measures, planned runs and blocks."""
    facts = {"code": plan.id, "name": plan.name, "author": plan.author, "digest": "d" * 64}
    made = models.Design.objects.create(lab=project.lab, project=project, **facts | values)
    models.Factor.objects.bulk_create(
        models.Factor(
            design=made, position=place, code=each.id, name=each.name, type=each.type,
            kind=each.kind, tag=each.tag, default=each.default,
            values=[{"id": value.id, "name": value.name} for value in each.values],
        )
        for place, each in enumerate(plan.factors)
    )  # fmt: skip
    models.Measure.objects.bulk_create(
        models.Measure(
            design=made, position=place, code=each.id, name=each.name, type=each.type,
            at_trial=each.at_trial, at_event=each.at_event,
        )
        for place, each in enumerate(plan.measures)
    )  # fmt: skip
    for place, run in enumerate(plan.runs):
        _planned(made, place, run)
    return made


def _planned(made: Any, place: int, run: plans.Run) -> None:
    planned = models.PlannedRun.objects.create(
        design=made, position=place, code=run.id, digest="r" * 64, block_count=len(run.blocks),
        trial_count=sum(len(block.trials) for block in run.blocks),
    )  # fmt: skip
    before = measured = 0
    blocks = []
    for number, block in enumerate(run.blocks):
        facts = {"number": block.number, "total": block.total}
        blocks.append(models.Block(
            planned_run=planned, number=number, is_practice=block.is_practice,
            measured_number=None if block.is_practice else measured, first_trial=before,
            trial_count=len(block.trials), values=dict(block.values),
            trials=[dict(trial.values) for trial in block.trials],
            facts={name: value for name, value in facts.items() if value is not None},
        ))  # fmt: skip
        before += len(block.trials)
        measured += not block.is_practice
    models.Block.objects.bulk_create(blocks)


def run_of(design: Any, *, cell: str = "", **values: Any) -> Any:
    """Write a run of the record."""
    facts = {
        "source": Run.Source.FACTORIAL, "design": design.digest, "design_label": design.code,
        "key_digest": key_digest(uuid.uuid4().hex), "seed": 1, "status": Run.Status.ACTIVE,
        "environment": "test", "cell": cell, "began_at": AT,
    }  # fmt: skip
    return Run.objects.create(project=design.project, **facts | values)


def attempt(design: Any, code: str, **values: Any) -> Any:
    """Begin a planned run; the attempt takes the place of the one before."""
    run = run_of(design, cell=code, **values)
    models.PlannedRun.objects.filter(design=design, code=code).update(run=run)
    return run


def log(
    run: Any, block: int, trial: int, measures: Any, events: list[Any] | None = None, **values: Any
) -> Any:
    """Store one trial, as a client sends it."""
    visit, _ = Visit.objects.get_or_create(
        run=run, position=block, defaults={"step": f"block {block}"}
    )
    raw = measures if isinstance(measures, str) else json.dumps(measures, separators=(",", ":"))
    facts = {"raw": raw, "digest": "t" * 64, "received_at": AT} | values
    stored = Trial.objects.create(visit=visit, index=trial, **facts)
    if events:
        text = json.dumps(events, separators=(",", ":"))
        TrialEvents.objects.create(trial=stored, count=len(events), raw=text)
    return stored


def log_run(design: Any, name: str = "", **values: Any) -> Any:
    """Begin a run of the protocol of 2025."""
    run = run_of(design, **{key: values.pop(key) for key in ("is_pilot",) if key in values})
    facts = {"status": models.LogRun.Status.RUNNING} | values
    return models.LogRun.objects.create(design=design, run=run, name=name, **facts)


def sequence(log_run: Any, position: int, after: int, logs: list[tuple[int, str, Any]]) -> Any:
    """Store one sequence of logs: number, type and values of each."""
    visit = Visit.objects.create(
        run=log_run.run, position=position, step=f"sequence {position}", content={"after": after}
    )
    for number, kind, values in logs:
        raw = json.dumps(values, separators=(",", ":"))
        Trial.objects.create(visit=visit, index=number, plugin=kind, raw=raw, digest="t" * 64,
                             received_at=AT)  # fmt: skip
    return visit


def mark(run: Any, kind: str, reason: str, block: int | None = None, trial: int | None = None):
    return models.RunMark.objects.create(
        run=run, kind=kind, reason=reason, block=block, trial=trial
    )
