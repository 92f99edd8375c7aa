"""A factorial design: its factors, its measures, and the runs that it plans.

All of it is immutable. Ids are those of the design's file; an id may hold spaces and begin with a
dot, but no comma. A name may be empty, as TouchStone writes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Value:
    """One level of a factor."""

    id: str
    name: str = ""


@dataclass(frozen=True)
class Factor:
    """What is varied. ``kind``, ``type`` and ``tag`` are TouchStone's words, kept as they came."""

    id: str
    values: tuple[Value, ...]
    name: str = ""
    kind: str = ""
    type: str = ""
    tag: str = ""
    default: str = ""  # the id of a value, or nothing


@dataclass(frozen=True)
class Measure:
    """What is logged: once in a trial, at events inside it, or both."""

    id: str
    name: str = ""
    type: str = ""
    at_trial: bool = True
    at_event: bool = False


@dataclass(frozen=True)
class Instruction:
    """A wrapper or an end condition of the file: kept and shown, never run."""

    place: str  # setup, unsetup, intertrial, interblock
    name: str = ""  # the attribute ``class``
    criterion: str = ""


@dataclass(frozen=True)
class Trial:
    """One trial: the values that its block does not say already, or says otherwise."""

    values: Mapping[str, str] = field(default_factory=lambda: NOTHING)  # factor id → value id


@dataclass(frozen=True)
class Block:
    """Trials that belong together; practice is a block too.

    ``number`` and ``total`` are the file's own, from 1; whoever counts from 0 counts the places.
    """

    trials: tuple[Trial, ...]
    values: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    is_practice: bool = False
    number: int | None = None
    total: int | None = None
    name: str = ""  # the attribute ``class``
    criterion_trial: str = ""
    before: tuple[Instruction, ...] = ()  # the wrappers around it, the outermost first


@dataclass(frozen=True)
class Run:
    """What one participant does."""

    id: str
    blocks: tuple[Block, ...]
    instructions: tuple[Instruction, ...] = ()  # setup and unsetup


@dataclass(frozen=True)
class Design:
    """A whole design.

    ``warnings`` are what its reader noticed and could live with, each a sentence that names the
    line.
    """

    id: str
    factors: tuple[Factor, ...]
    measures: tuple[Measure, ...]
    runs: tuple[Run, ...]
    name: str = ""
    author: str = ""
    description: str = ""
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def defaults(self) -> dict[str, str]:
        """Return the values of factors that neither a block nor a trial needs to name."""
        return {factor.id: factor.default for factor in self.factors if factor.default}

    def values_of(self, block: Block, trial: Trial) -> dict[str, str]:
        """Return a trial's value of each factor: its own, else its block's, else the default."""
        return {**self.defaults, **block.values, **trial.values}
