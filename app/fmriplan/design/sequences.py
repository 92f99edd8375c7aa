"""Orders with a structure of their own: m-sequences and blocks.

m-sequences: Buracas & Boynton (2002), NeuroImage 16:801. One is a run of a shift register over a
finite field; its taps are drawn until the run is as long as it can be, so no table has to be right.
"""

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from fmriplan.design.gaps import Ticks
from fmriplan.errors import NotAnOption

LONGEST = 20_000
# Irreducible polynomials of the fields whose size is a power of a prime, lowest coefficient first.
FIELDS = {4: (2, (1, 1, 1)), 8: (2, (1, 1, 0, 1)), 9: (3, (2, 1, 1))}
PRIMES = (2, 3, 5, 7, 11, 13)
BASES = tuple(sorted((*PRIMES, *FIELDS)))
LONGEST_BLOCK = 10


@cache
def field(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the sums and the products of a finite field (size, size).

    Raises
    ------
    NotAnOption
        There is no such field here.
    """
    if size in PRIMES:
        each = np.arange(size)
        return (each[:, None] + each) % size, (each[:, None] * each) % size
    if size not in FIELDS:
        raise NotAnOption(
            f"An m-sequence has {', '.join(map(str, BASES))} conditions; {size} is none of them."
        )
    return _extended(size)


def _extended(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    prime, modulus = FIELDS[size]
    degree = len(modulus) - 1
    digits = [[each // prime**place % prime for place in range(degree)] for each in range(size)]

    def number(coefficients: list[int]) -> int:
        return sum(each % prime * prime**place for place, each in enumerate(coefficients[:degree]))

    def product(one: list[int], other: list[int]) -> int:
        made = [0] * (2 * degree - 1)
        for place, each in enumerate(one):
            for further, more in enumerate(other):
                made[place + further] += each * more
        for place in range(2 * degree - 2, degree - 1, -1):
            for back in range(degree + 1):
                made[place - degree + back] -= (made[place] if back < degree else 0) * modulus[back]
        return number(made)

    sums = [
        [number([a + b for a, b in zip(one, other, strict=True)]) for other in digits]
        for one in digits
    ]
    products = [[product(one, other) for other in digits] for one in digits]
    return np.array(sums), np.array(products)


@lru_cache(maxsize=512)
def register(base: int, taps: tuple[int, ...]) -> tuple[int, ...]:
    """Return what a shift register gives until it is where it began, beginning with ones."""
    sums, products = field(base)
    state = first = (1,) * len(taps)
    made: list[int] = []
    while len(made) < base ** len(taps):
        value = 0
        for tap, held in zip(taps, state, strict=True):
            value = int(sums[value, products[tap, held]])
        made.append(value)
        state = (value, *state[:-1])
        if state == first:
            break
    return tuple(made)


def m_sequence(base: int, power: int, rng: np.random.Generator) -> Ticks:
    """Return ``base ** power - 1`` numbers in which each ``power`` in a row come once, but zeros.

    Raises
    ------
    NotAnOption
        No field has so many elements, or the sequence would be longer than can be used.
    """
    field(base)
    if power < 2 or base**power > LONGEST:  # noqa: PLR2004  of power 1, nothing is balanced
        raise NotAnOption(f"The power of an m-sequence is 2 or more, its length below {LONGEST:,}.")
    while True:  # at least one in `power` times a few tries is maximal
        taps = tuple(int(each) for each in rng.integers(base, size=power))
        if taps[-1] and len(made := register(base, taps)) == base**power - 1:
            return np.array(made, dtype=np.intp)


def of_m_sequence(conditions: int, trials: int, rng: np.random.Generator) -> Ticks:
    """Return an order (trials,) that begins somewhere in an m-sequence and goes round."""
    power = 2
    while conditions**power - 1 < trials and conditions ** (power + 1) <= LONGEST:
        power += 1
    made = np.roll(m_sequence(conditions, power, rng), int(rng.integers(conditions**power - 1)))
    return np.asarray(np.resize(made, trials))


def in_blocks(shares: NDArray[np.float64], trials: int, rng: np.random.Generator) -> Ticks:
    """Return an order (trials,) of blocks of one length, at most 9, whose conditions are drawn."""
    length = int(rng.integers(1, LONGEST_BLOCK))
    blocks = rng.choice(len(shares), size=-(-trials // length), p=shares)
    return np.repeat(blocks, length)[:trials].astype(np.intp)
