"""How many participants, and how many minutes of scanning each: one question with two answers.

After Mumford & Nichols (2008), NeuroImage 39:261: an estimate varies between participants by what
they are, and within each by what the scanner's noise leaves, which shrinks with the minutes.
"""

from fmriplan.minutes.effect import Effect, alike, of_pilot, of_signal, precision_per_minute
from fmriplan.minutes.study import (
    Cheapest,
    Costs,
    Criterion,
    IsoPower,
    Limits,
    OutOfReach,
    Surface,
    cheapest,
    iso_power,
    participants_for,
    power,
    surface,
)

__all__ = [
    "Cheapest",
    "Costs",
    "Criterion",
    "Effect",
    "IsoPower",
    "Limits",
    "OutOfReach",
    "Surface",
    "alike",
    "cheapest",
    "iso_power",
    "of_pilot",
    "of_signal",
    "participants_for",
    "power",
    "precision_per_minute",
    "surface",
]
