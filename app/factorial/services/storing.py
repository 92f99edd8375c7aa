"""The rows that a design becomes, and what it is known by."""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from factorial.errors import NotADesign
from factorial.models import Block, Design, Factor, Measure, PlannedRun
from factorial.values import KINDS
from runs.models import Measure as Registered
from runs.models.answers import measure_id
from touchstone import design as plans

LONGEST = 255
LONGEST_WORD = 60  # of a kind, a type, a tag
AT_ONCE = 500


# --- what a design is known by ------------------------------------------------------------------


def digest_of(plan: plans.Design) -> str:
    """Return the hash of a design's id, factors and measures: all that its rows are rows of."""
    factors = [
        [each.id, each.type, each.default, [value.id for value in each.values]]
        for each in plan.factors
    ]
    measures = [[each.id, each.type, each.at_trial, each.at_event] for each in plan.measures]
    return _hash([plan.id, factors, measures])


def run_digest(run: plans.Run) -> str:
    """Return the hash of what a run lets somebody do."""
    blocks = [
        [block.is_practice, dict(block.values), [dict(trial.values) for trial in block.trials]]
        for block in run.blocks
    ]
    return _hash([run.id, blocks])


def _hash(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


# --- writing ------------------------------------------------------------------------------------


def write_factors(design: Design, factors: Iterable[plans.Factor]) -> None:
    Factor.objects.bulk_create(
        [
            Factor(
                design=design,
                position=position,
                code=factor.id,
                name=factor.name,
                kind=factor.kind,
                type=factor.type,
                tag=factor.tag,
                default=factor.default,
                values=[{"id": value.id, "name": value.name} for value in factor.values],
            )
            for position, factor in enumerate(factors)
        ],
        batch_size=AT_ONCE,
    )


def write_measures(design: Design, measures: Sequence[plans.Measure]) -> None:
    """Write what is measured, for this area and for the record of what happened."""
    Measure.objects.bulk_create(
        [
            Measure(
                design=design,
                position=position,
                code=measure.id,
                name=measure.name,
                type=measure.type,
                at_trial=measure.at_trial or not measure.at_event,
                at_event=measure.at_event,
            )
            for position, measure in enumerate(measures)
        ],
        batch_size=AT_ONCE,
    )
    Registered.objects.bulk_create(
        [registered(design, each.id, label=each.name, type_=each.type) for each in measures],
        batch_size=AT_ONCE,
        ignore_conflicts=True,
    )


def registered(
    design: Design, name: str, *, label: str = "", type_: str = "", unforeseen: bool = False
) -> Registered:
    """Return the line of the codebook for a measure of a design."""
    return Registered(
        pk=measure_id(design.project_id, design.digest, name),
        project_id=design.project_id,
        design=design.digest,
        name=name,
        label=label,
        kind=KINDS.get(type_.strip().lower(), Registered.Kind.ANY),
        is_unforeseen=unforeseen,
    )


def write_runs(design: Design, runs: Iterable[plans.Run], *, first: int) -> None:
    planned = PlannedRun.objects.bulk_create(
        [_planned(design, run, position) for position, run in enumerate(runs, first)],
        batch_size=AT_ONCE,
    )
    Block.objects.bulk_create(
        [
            block
            for mine, run in zip(planned, runs, strict=True)
            for block in _blocks(mine, run.blocks)
        ],
        batch_size=AT_ONCE,
    )


def _planned(design: Design, run: plans.Run, position: int) -> PlannedRun:
    return PlannedRun(
        design=design,
        position=position,
        code=run.id,
        digest=run_digest(run),
        instructions=[_instruction(each) for each in run.instructions],
        block_count=len(run.blocks),
        trial_count=sum(len(block.trials) for block in run.blocks),
    )


def _blocks(planned: PlannedRun, blocks: Iterable[plans.Block]) -> Iterable[Block]:
    before = measured = 0
    for number, block in enumerate(blocks):
        yield Block(
            planned_run=planned,
            number=number,
            measured_number=None if block.is_practice else measured,
            is_practice=block.is_practice,
            first_trial=before,
            trial_count=len(block.trials),
            values=dict(block.values),
            trials=[dict(trial.values) for trial in block.trials],
            facts=_facts(block),
        )
        before += len(block.trials)
        measured += not block.is_practice


def _facts(block: plans.Block) -> dict[str, Any]:
    facts = {
        "number": block.number,
        "total": block.total,
        "class": block.name,
        "criterion_trial": block.criterion_trial,
        "before": [_instruction(each) for each in block.before],
    }
    return {name: value for name, value in facts.items() if value not in (None, "", [])}


def _instruction(one: plans.Instruction) -> dict[str, str]:
    facts = {"place": one.place, "class": one.name, "criterion": one.criterion}
    return {name: value for name, value in facts.items() if value}


# --- what cannot be stored ----------------------------------------------------------------------


def check(plan: plans.Design) -> None:
    _check_ids("design", [plan.id])
    _check_ids("factor", [each.id for each in plan.factors])
    _check_ids("measure", [each.id for each in plan.measures])
    _check_ids("run", [each.id for each in plan.runs])
    names = [*(each.name for each in plan.factors), *(each.name for each in plan.measures)]
    for name in (plan.name, plan.author, *names):
        if len(name) > LONGEST:
            raise NotADesign(f"The name “{name[:60]}…” has more than {LONGEST} letters.")
    for factor in plan.factors:
        for word in (factor.kind, factor.type, factor.tag):
            _check_word(word, factor.id)
    for measure in plan.measures:
        _check_word(measure.type, measure.id)


def _check_word(word: str, of: str) -> None:
    if len(word) > LONGEST_WORD:
        raise NotADesign(f"“{of}” has a word of more than {LONGEST_WORD} letters: “{word[:60]}…”.")


def _check_ids(what: str, ids: Sequence[str]) -> None:
    seen: set[str] = set()
    for each in ids:
        if not each:
            raise NotADesign(f"A {what} has no id.")
        if len(each) > LONGEST:
            raise NotADesign(f"The id “{each[:60]}…” has more than {LONGEST} letters.")
        if each in seen:
            raise NotADesign(f"Two have the same id: the {what} “{each}” is there twice.")
        seen.add(each)
