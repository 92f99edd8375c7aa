"""A run as our own client is told of it: what it plans, with values of the types of the design."""

from collections.abc import Callable, Mapping
from typing import Any

from factorial.models import Block, Factor, Measure, PlannedRun
from runs.models import Run

NUMBERS: Mapping[str, Callable[[str], float]] = {"integer": int, "float": float}


def standing(planned: PlannedRun, run: Run) -> dict[str, Any]:
    """Return what a run is and how far it is."""
    design = planned.design
    return {
        "run": str(run.pk),
        "code": planned.code,
        "design": {"lab": design.lab.slug, "code": design.code, "name": design.name},
        "participant": run.participant.pseudonym if run.participant else "",
        "is_pilot": run.is_pilot,
        "done": planned.done,
        "trial_count": planned.trial_count,
        "seed": run.seed,
        "lease_seconds": design.lease_seconds,
    }


def plan(planned: PlannedRun) -> dict[str, Any]:
    """Return the factors and measures of a design, and the blocks of one run of it."""
    factors = list(Factor.objects.filter(design=planned.design_id))
    measures = Measure.objects.filter(design=planned.design_id, is_declared=True)
    kinds = {each.code: each.type for each in factors}
    defaults = {each.code: each.default for each in factors if each.default}
    return {
        "factors": {each.code: _factor(each) for each in factors},
        "measures": {
            each.code: {
                "name": each.name,
                "type": each.type,
                "levels": _levels(each),
            }
            for each in measures
        },
        "instructions": planned.instructions,
        "blocks": [_block(each, defaults, kinds) for each in planned.blocks.all()],
    }


def _levels(measure: Measure) -> list[str]:
    levels = {"trial": measure.at_trial, "event": measure.at_event}
    return [level for level, is_there in levels.items() if is_there]


def _factor(factor: Factor) -> dict[str, Any]:
    return {
        "name": factor.name,
        "type": factor.type,
        "kind": factor.kind,
        "tag": factor.tag,
        "values": {each["id"]: each["name"] for each in factor.values},
    }


def _block(block: Block, defaults: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, Any]:
    whole = {**defaults, **block.values}
    return {
        "number": block.number,
        "measured_number": block.measured_number,
        "is_practice": block.is_practice,
        "values": typed(whole, kinds),
        "trials": [{"values": typed({**whole, **each}, kinds)} for each in block.trials],
        "facts": block.facts,
    }


def typed(values: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of factors as what their types say; what is no number stays a text."""
    return {code: as_typed(value, kinds.get(code, "")) for code, value in values.items()}


def as_typed(value: str, kind: str) -> Any:
    read = NUMBERS.get(kind.strip().lower())
    if read is None:
        return value
    try:
        return read(value)
    except ValueError:
        return value
