"""Genotypes by the rules of a line and by those of Mendel: pure, no database.

A zygosity is a number, as it is stored: 0 is -/-, 1 is +/-, 2 is +/+, 3 is + (one or two copies).
None stands for what nobody knows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

ABSENT, HETEROZYGOUS, HOMOZYGOUS, PRESENT = range(4)
COPIES_HANDED_ON = {ABSENT: Fraction(0), HETEROZYGOUS: Fraction(1, 2), HOMOZYGOUS: Fraction(1)}

# What follows for an animal from its parents, whichever of the two is which.
FROM_PARENTS: dict[frozenset[int | None], int] = {
    frozenset({HOMOZYGOUS}): HOMOZYGOUS,
    frozenset({HOMOZYGOUS, HETEROZYGOUS}): PRESENT,
    frozenset({HOMOZYGOUS, PRESENT}): PRESENT,
    frozenset({HOMOZYGOUS, ABSENT}): HETEROZYGOUS,
    frozenset({HOMOZYGOUS, None}): HETEROZYGOUS,
    frozenset({ABSENT}): ABSENT,
    frozenset({ABSENT, None}): ABSENT,
}


@dataclass(frozen=True)
class Rule:
    """What follows for one allele from the results of one or two tests."""

    value: int
    first: tuple[Any, int]  # a sequence, and whether it was found
    second: tuple[Any, int] | None = None
    position: int = 0
    key: str = ""

    @property
    def rank(self) -> tuple[int, bool, str]:
        """Return its place in the order in which rules are asked: it depends on nothing else."""
        return self.position, self.second is None, self.key

    def matches(self, results: Mapping[Any, int]) -> bool:
        """Say whether the tests came out so; a rule of one test asks for no second result."""
        wanted = [self.first, *([self.second] if self.second else [])]
        return all(results.get(sequence) == result for sequence, result in wanted)


def decide(rules: Iterable[Rule], results: Mapping[Any, int]) -> int | None:
    """Return what the first rule says that matches the results of an animal's tests."""
    matching = (rule for rule in sorted(rules, key=lambda rule: rule.rank) if rule.matches(results))
    found = next(matching, None)
    return found.value if found else None


def results_of(tests: Iterable[tuple[Any, int | None]]) -> tuple[dict[Any, int], set[Any]]:
    """Return what tests say of each sequence, and the sequences of which they say both."""
    found: dict[Any, set[int]] = {}
    for sequence, result in tests:
        if result is not None:
            found.setdefault(sequence, set()).add(result)
    clear = {sequence: min(said) for sequence, said in found.items() if len(said) == 1}
    return clear, set(found) - set(clear)


def from_parents(one: int | None, other: int | None) -> int | None:
    """Return what follows for their young, or None where the parents leave it open."""
    return FROM_PARENTS.get(frozenset({one, other}))


def from_family(father: int | None, mothers: Sequence[int | None]) -> int | None:
    """Return what follows whichever of the mothers it was, or None where that matters."""
    possible = {from_parents(father, mother) for mother in mothers or [None]}
    return possible.pop() if len(possible) == 1 else None


def cross(one: int | None, other: int | None) -> dict[int, Fraction] | None:
    """Return how often each zygosity is expected among young, by Mendel; None if nobody knows."""
    if one not in COPIES_HANDED_ON or other not in COPIES_HANDED_ON:
        return None
    p, q = COPIES_HANDED_ON[one], COPIES_HANDED_ON[other]
    shares = {ABSENT: (1 - p) * (1 - q), HETEROZYGOUS: p * (1 - q) + q * (1 - p), HOMOZYGOUS: p * q}
    return {value: share for value, share in shares.items() if share}
