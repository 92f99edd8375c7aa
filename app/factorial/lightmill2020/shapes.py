"""What the protocol says of a design, its runs, blocks and trials."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from factorial.models import Block, Design, Factor, PlannedRun
from factorial.values import as_text, flattened
from runs.models import Trial

Facts = dict[str, Any]


def design(one: Design) -> Facts:
    return {
        "id": one.code,
        "name": title(one.code, one.name),
        "description": one.description or None,
        "runs": list(one.planned_runs.order_by("position").values_list("code", flat=True)),
        "factors": {each.code: _factor(each) for each in one.factors.all()},
        "measures": {each.code: _measure(each) for each in one.measures.all()},
    }


def title(code: str, name: str) -> str:
    """Return a name that is never empty: clients bring a design in anew when it has none."""
    return name or code


def _factor(one: Factor) -> Facts:
    facts: Facts = {
        "tag": one.tag or None,
        "name": one.name or None,
        "type": one.type or None,
        "values": {value["id"]: value["name"] or None for value in one.values},
        "defaultValue": one.default or None,
    }
    return facts | ({"default_value": one.default} if one.default else {})


def _measure(one: Any) -> Facts:
    levels = [("trial", one.at_trial), ("event", one.at_event)]
    return {
        "name": one.name or None,
        "levels": [name for name, is_there in levels if is_there],
        "type": one.type or None,
    }


def run(one: PlannedRun, experiment: str, at: datetime) -> Facts:
    return {
        "id": one.code,
        "experimentId": experiment,
        "completed": one.done >= one.trial_count,
        "started": one.done > 0,
        "trialCount": one.trial_count,
        "blockCount": one.block_count,
        "locked": is_locked(one, at),
    }


def is_locked(one: PlannedRun, at: datetime) -> bool:
    """Say whether somebody has the run; the lease of who is quiet for long has lapsed."""
    held = one.run
    if held is None or not held.holder:
        return False
    return not held.is_open or not held.held_until or held.held_until > at


def block(one: Block) -> Facts:
    return {
        "number": one.number,
        "measuredBlockNumber": one.measured_number,
        "factorValues": one.values,
        "trialCount": one.trial_count,
        "practice": one.is_practice,
    }


def planned_block(
    one: Block, defaults: Mapping[str, str], done: Mapping[tuple[int, int], datetime]
) -> Facts:
    """Return a block as a plan has it; the number among measured ones is there for those alone."""
    facts: Facts = {
        "number": one.number,
        "factorValues": one.values,
        "trials": [
            {
                "number": number,
                "factorValues": {**defaults, **one.values, **own},
                "completionDate": moment(done.get((one.number, number))),
            }
            for number, own in enumerate(one.trials)
        ],
        "practice": one.is_practice,
    }
    return facts if one.is_practice else facts | {"measuredBlockNumber": one.measured_number}


def trial(  # noqa: PLR0913  all that is said of one
    named: Mapping[str, Any],
    one: Block,
    number: int,
    *,
    defaults: Mapping[str, str],
    measures: Mapping[str, Any],
    at: datetime | None,
) -> Facts:
    """Return a trial; its values are texts."""
    return {
        "experimentId": named["experiment"],
        "runId": named["run"],
        "number": number,
        "blockNumber": one.number,
        "measuredBlockNumber": one.measured_number,
        "factorValues": {**defaults, **one.values, **one.trials[number]},
        "measures": {name: as_text(value) for name, value in measures.items()},
        "practice": one.is_practice,
        "completionDate": moment(at),
    }


def logged(row: Trial | None) -> dict[str, Any]:
    """Return what a stored trial logged, by dotted names."""
    return flattened(json.loads(row.raw)) if row else {}


def moment(at: datetime | None) -> int | None:
    return int(at.timestamp() * 1000) if at else None
