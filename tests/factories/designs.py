"""Factorial designs, made of plain values."""

from typing import Any

from factorial.models import PlannedRun
from factorial.services import designs, hand_out
from factorial.values import sent
from touchstone import design as plans

TECHNIQUES = ("mouse", "pen")


def plan(code: str = "pointing", *, runs: int = 2, blocks: int = 2, trials: int = 2) -> Any:
    """Return a design: a practice block, then measured ones; the technique varies by block."""
    return plans.Design(
        id=code,
        name="Pointing",
        factors=(
            plans.Factor(
                "TECH",
                tuple(plans.Value(each, each.title()) for each in TECHNIQUES),
                name="Technique",
                kind="key",
                type="String",
                tag="Within Subject",
            ),
            plans.Factor("SIZE", (plans.Value("8"), plans.Value("32")), type="Integer"),
        ),
        measures=(
            plans.Measure("duration", type="Integer"),
            plans.Measure("hit", type="Boolean"),
            plans.Measure("pointer.x", type="Float", at_trial=False, at_event=True),
        ),
        runs=tuple(_run(f"S{number}", blocks, trials) for number in range(runs)),
    )


def _run(code: str, blocks: int, trials: int) -> Any:
    return plans.Run(code, tuple(_block(number, trials) for number in range(blocks)))


def _block(number: int, trials: int) -> Any:
    return plans.Block(
        tuple(plans.Trial({"SIZE": ("8", "32")[place % 2]}) for place in range(trials)),
        values={"TECH": TECHNIQUES[number % 2]},
        is_practice=number == 0,
        number=number or None,
    )


def design(project: Any, by: Any = None, **facts: Any) -> Any:
    settings = {name: facts.pop(name) for name in designs.SETTINGS if name in facts}
    return designs.add_design(project=project, plan=plan(**facts), by=by, **settings)


def planned(of: Any, code: str = "S0") -> Any:
    return PlannedRun.objects.at_hand().get(design=of, code=code)


def held(of: Any, code: str = "S0") -> Any:
    """Hold a run; return it with the token and the plan."""
    mine = planned(of, code)
    return hand_out.hold(planned=mine), mine


def trial(block: int, number: int, *, events: Any = (), **values: Any) -> Any:
    return sent(block=block, trial=number, values=values, events=list(events))
