"""The design that LightMill's server of 2020 was asked about when its answers were written down.

It has the ids and the order of the sample design of lightmill-js (MIT), and is made here.
"""

from typing import Any

from touchstone import design as plans
from touchstone import xml

# Of each run: a practice block or not, the value of factorInt that the block says, and its trials.
S0 = [
    (True, "", ["2 10.254 foo", "1 10.254 bar"]),
    (True, "2", ["10.254 bar", "10.254 foo"]),
    (False, "2", [".5 foo", "10.254 foo", ".5 bar", "10.254 bar"]),
    (True, "1", ["10.254 bar", "10.254 foo"]),
    (False, "1", ["10.254 bar", "10.254 foo", ".5 bar", ".5 foo"]),
]
S1 = [
    (True, "", ["2 .5 foo", "2 10.254 foo"]),
    (True, "1", ["10.254 foo", "10.254 bar"]),
    (False, "1", [".5 bar", ".5 foo", "10.254 foo", "10.254 bar"]),
    (True, "2", ["10.254 bar", ".5 foo"]),
    (False, "2", ["10.254 bar", ".5 bar", ".5 foo", "10.254 foo"]),
]
FACTORS = ("factorInt", "factorFloat", "factorString")


def document() -> bytes:
    return xml.write(plan()).encode()


def plan() -> Any:
    return plans.Design(
        id="test",
        name="Test",
        description="Some useless text",
        factors=(
            _factor("factorInt", "UselessName", "Integer", "1", "2"),
            _factor("factorFloat", "UselessOtherName", "Float", ".5", "10.254"),
            _factor("factorString", "", "String", "foo", "bar"),
        ),
        measures=(),
        runs=(_run("S0", S0), _run("S1", S1)),
    )


def _factor(code: str, name: str, kind: str, *values: str) -> Any:
    levels = tuple(plans.Value(value) for value in values)
    return plans.Factor(code, levels, name=name, kind="key", type=kind, tag="Within Subject")


def _run(code: str, blocks: Any) -> Any:
    return plans.Run(code, tuple(_block(*block) for block in blocks))


def _block(practice: bool, value: str, trials: list[str]) -> Any:
    return plans.Block(
        tuple(_trial(trial, with_int=not value) for trial in trials),
        values={"factorInt": value} if value else {},
        is_practice=practice,
    )


def _trial(words: str, *, with_int: bool) -> Any:
    names = FACTORS if with_int else FACTORS[1:]
    return plans.Trial(dict(zip(names, words.split(), strict=True)))
