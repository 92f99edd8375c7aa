"""A pointing task after Fitts: two distances times three widths, the order varied by run.

The order of the six conditions is a row of a balanced Latin square (Williams 1949), so that in six
runs each condition comes once at each place and once after each other one.
"""

from touchstone.design import Block, Design, Factor, Measure, Run, Trial, Value

CODE, NAME = "pointing", "Pointing"
DISTANCES, WIDTHS = ("120", "240"), ("16", "32", "64")
CONDITIONS = [{"D": distance, "W": width} for distance in DISTANCES for width in WIDTHS]
BLOCKS = 3
RUNS = 12


def design(code: str = CODE) -> Design:
    return Design(
        id=code,
        name=NAME,
        author="Studium",
        description="How the time to point at something depends on its distance and its width.",
        factors=(
            _factor("D", "Distance", DISTANCES),
            _factor("W", "Width", WIDTHS),
        ),
        measures=(
            Measure("duration", "Time from the start to the hit, in ms", "Float"),
            Measure("misses", "Presses beside the target", "Integer"),
            Measure("input", "What it was pressed with", "String"),
            Measure("at_ms", "Time since the trial began, in ms", "Float", False, True),
            Measure("kind", "What happened", "String", False, True),
            Measure("x", "Place in the field, from its left, in px", "Float", False, True),
            Measure("y", "Place in the field, from its top, in px", "Float", False, True),
        ),
        runs=tuple(Run(f"S{number}", _blocks(_order(number))) for number in range(RUNS)),
    )


def _factor(code: str, name: str, values: tuple[str, ...]) -> Factor:
    levels = tuple(Value(each, f"{each} px") for each in values)
    return Factor(code, levels, name, kind="key", type="Integer", tag="Within Subject")


def _order(number: int) -> list[dict[str, str]]:
    """Return a row of the square: 0, 1, n-1, 2, n-2 … , shifted by the number of the run."""
    count = len(CONDITIONS)
    zigzag = [(at + 1) // 2 if at % 2 else (count - at // 2) % count for at in range(count)]
    return [CONDITIONS[(place + number) % count] for place in zigzag]


def _blocks(order: list[dict[str, str]]) -> tuple[Block, ...]:
    trials = tuple(Trial(values) for values in order)
    measured = [Block(trials, number=number + 1, total=BLOCKS) for number in range(BLOCKS)]
    return (Block(trials, is_practice=True), *measured)
