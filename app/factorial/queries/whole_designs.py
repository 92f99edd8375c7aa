"""Designs as `touchstone` knows them, out of the database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from factorial.models import Block, Design, PlannedRun
from touchstone import design as plans


def plan_of(design: Design) -> plans.Design:
    """Return what a design plans, as its file said it. Four questions, however large it is."""
    blocks: dict[int, list[plans.Block]] = {}
    rows = Block.objects.filter(planned_run__design=design).order_by("planned_run", "number")
    for row in rows.iterator(chunk_size=2000):
        blocks.setdefault(row.planned_run_id, []).append(_block(row))
    runs = PlannedRun.objects.filter(design=design).only("code", "instructions", "position")
    return plans.Design(
        design.code,
        tuple(map(_factor, design.factors.all())),
        tuple(map(_measure, design.measures.filter(is_declared=True))),
        tuple(_run(run, blocks.get(run.pk, [])) for run in runs.order_by("position")),
        name=design.name,
        author=design.author,
        description=design.description,
    )


def _factor(row: Any) -> plans.Factor:
    values = tuple(plans.Value(one["id"], one["name"]) for one in row.values)
    words = {"kind": row.kind, "type": row.type, "tag": row.tag, "default": row.default}
    return plans.Factor(row.code, values, name=row.name, **words)


def _measure(row: Any) -> plans.Measure:
    return plans.Measure(row.code, row.name, row.type, at_trial=row.at_trial, at_event=row.at_event)


def _run(row: PlannedRun, blocks: list[plans.Block]) -> plans.Run:
    return plans.Run(row.code, tuple(blocks), tuple(map(_instruction, row.instructions)))


def _block(row: Block) -> plans.Block:
    facts = row.facts
    return plans.Block(
        tuple(plans.Trial(values) for values in row.trials),
        row.values,
        is_practice=row.is_practice,
        number=facts.get("number"),
        total=facts.get("total"),
        name=facts.get("class", ""),
        criterion_trial=facts.get("criterion_trial", ""),
        before=tuple(map(_instruction, facts.get("before", ()))),
    )


def _instruction(facts: Mapping[str, str]) -> plans.Instruction:
    return plans.Instruction(facts["place"], facts.get("class", ""), facts.get("criterion", ""))


@dataclass(frozen=True)
class Line:
    """One trial as a table shows it."""

    run: str
    block: int
    is_practice: bool
    trial: int
    values: tuple[str, ...]


def lines(plan: plans.Design, runs: tuple[plans.Run, ...]) -> Iterator[Line]:
    """Yield the trials of some runs of a plan, in their order, counted from 1."""
    names = [factor.id for factor in plan.factors]
    for run in runs:
        for number, block in enumerate(run.blocks, 1):
            for place, trial in enumerate(block.trials, 1):
                values = plan.values_of(block, trial)
                cells = tuple(values.get(name, "") for name in names)
                yield Line(run.id, number, block.is_practice, place, cells)
