"""What a page shows of a plan: its report, its pictures and its first trials."""

from dataclasses import dataclass
from itertools import islice

from factorial import pictures
from factorial.queries.whole_designs import Line, lines
from touchstone.checker import Report, check
from touchstone.design import Design
from touchstone.recipe import Recipe

SHOWN = 60  # trials in a table


@dataclass(frozen=True)
class Preview:
    plan: Design
    report: Report
    matrices: tuple[pictures.Matrix, ...]
    lines: tuple[Line, ...]
    recipe: Recipe | None = None

    @property
    def factors(self) -> tuple[str, ...]:
        return tuple(factor.id for factor in self.plan.factors)

    @property
    def all_trials(self) -> int:
        return self.report.trials + self.report.practice_trials

    @property
    def minutes(self) -> float:
        """Return how long the longest run takes, or nothing where no times are known."""
        return self.report.duration.longest / 60


def of(
    plan: Design,
    *,
    recipe: Recipe | None = None,
    first_run: int = 0,
    logged: frozenset[str] | None = None,
) -> Preview:
    """Return a plan as a page shows it; the table begins with one of its runs."""
    report = check(
        plan,
        timing=recipe.timing if recipe else None,
        logged=logged,
        participants_needed=recipe.participants_needed if recipe else None,
    )
    shown = tuple(islice(lines(plan, plan.runs[first_run:]), SHOWN))
    squares = tuple(one for order in report.orders for one in pictures.of(order))
    return Preview(plan, report, squares, shown, recipe)
