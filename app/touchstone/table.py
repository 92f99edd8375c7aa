"""Tables of trials: a line for each trial, as TouchStone and Touchstone2 export them.

TouchStone: ``Participant,Practice,Block,Trial,<factor…>``. Touchstone2:
``DesignName,ParticipantID,TrialID,Block1,…,<factor…>``. A value that all trials of a block share
belongs to the block.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from types import MappingProxyType
from typing import NoReturn

from touchstone.decoding import decoded
from touchstone.design import Block, Design, Factor, Run, Trial, Value
from touchstone.errors import DesignError
from touchstone.recipe import BETWEEN, WITHIN
from touchstone.rules import MOST_FACTORS, trouble_with_id, trouble_with_size

__all__ = ["read", "write", "write_touchstone2"]

SEPARATORS = ",;\t"
HEAD = ("Participant", "Practice", "Block", "Trial")
HEAD2 = ("DesignName", "ParticipantID", "TrialID")
IS_PRACTICE = {
    "true": True,
    "1": True,
    "yes": True,
    "false": False,
    "0": False,
    "no": False,
    "": False,
}
BLOCK = re.compile(r"block\d+", re.IGNORECASE)
WHOLE, REAL = re.compile(r"[+-]?\d{1,9}"), re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
MOST_LINES = 300_000


@dataclass(frozen=True)
class Columns:
    """Where the columns of a table are."""

    participant: int
    practice: int | None
    blocks: tuple[int, ...]
    name: int | None
    factors: Mapping[str, int]


@dataclass(frozen=True)
class Line:
    """One trial of a table."""

    participant: str
    is_practice: bool
    block: tuple[str, ...]
    values: Mapping[str, str]


# --- reading --------------------------------------------------------------------------------------
def read(document: bytes, charset: str = "", *, code: str = "") -> Design:
    """Return the design of a table; its id is the table's own, or the one that is given."""
    text, warning = decoded(document, charset)
    rows = _rows(text)
    line, head = next(rows, (1, []))
    columns = _columns(head, line)
    names: dict[str, None] = {}
    lines = [_line(columns, row, number, names) for number, row in rows]
    if not lines:
        raise DesignError("The table has no trials. Write one line for each.", line)
    if trouble := trouble_with_size(len(columns.factors), len(lines)):
        raise DesignError(trouble, line)
    factors = tuple(_factors(columns, lines))
    code = code or _only(names) or "table"
    if trouble := trouble_with_id("experiment", code):
        raise DesignError(trouble, 2)
    return Design(code, factors, (), tuple(_runs(lines)), warnings=(warning,) if warning else ())


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its line; rows without anything are left out."""
    found = re.search(f"[{SEPARATORS}]", text.partition("\n")[0])
    separator = found[0] if found else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            message = f"This is no table ({error}). Close each quotation mark, or export it again."
            raise DesignError(message, max(reader.line_num, 1)) from error
        if row is None:
            return
        if number > MOST_LINES:
            raise DesignError(f"More than {MOST_LINES:,} lines. Split the table.", number)
        if any(row):
            yield number, row


def _columns(head: Sequence[str], line: int) -> Columns:
    lower = [name.strip().lower() for name in head]
    known = {name: lower.index(name) for name in {*map(str.lower, HEAD + HEAD2)} & set(lower)}
    is_second = "participantid" in known
    if not is_second and "participant" not in known:
        first, second = ", ".join(HEAD), ", ".join(HEAD2)
        message = f"The first line has to name the columns: {first}, or {second}, and the factors."
        raise DesignError(message, line, 1)
    blocks = {n for n, name in enumerate(lower) if is_second and BLOCK.fullmatch(name)}
    blocks |= {known["block"]} if "block" in known and not is_second else set()
    own = HEAD2 if is_second else HEAD
    taken = blocks | {known[name.lower()] for name in own if name.lower() in known}
    factors = [(name, n) for n, name in enumerate(head) if n not in taken]
    _check(factors, line)
    participant = known["participantid" if is_second else "participant"]
    practice = None if is_second else known.get("practice")
    design = known.get("designname") if is_second else None
    return Columns(participant, practice, tuple(sorted(blocks)), design, dict(factors))


def _check(factors: Sequence[tuple[str, int]], line: int) -> None:
    if len(factors) > MOST_FACTORS:
        raise DesignError(f"More than {MOST_FACTORS} factors. Leave columns out.", line)
    seen: set[str] = set()
    for name, place in factors:
        trouble = trouble_with_id("factor", name)
        if trouble or name in seen:
            twice = f"The column {name!r} is there twice. Name each factor once."
            raise DesignError(f"Column {place + 1}: {trouble or twice}", line)
        seen.add(name)


def _line(columns: Columns, row: list[str], number: int, names: dict[str, None]) -> Line:
    wanted = 1 + max(
        [columns.participant, *columns.blocks, *columns.factors.values(), columns.practice or 0]
    )
    if len(row) < wanted:
        _refuse(number, f"{len(row)} cells where {wanted} are wanted. Fill the line up.")
    participant = row[columns.participant]
    if trouble := trouble_with_id("run", participant):
        _refuse(number, f"Participant: {trouble}")
    said = row[columns.practice].strip().lower() if columns.practice is not None else ""
    if said not in IS_PRACTICE:
        _refuse(number, f"Practice is {said[:40]!r}. Write true or false.")
    if columns.name is not None:
        names[row[columns.name].strip()] = None
        if len(names) > 1:
            _refuse(number, "Another design begins here. Bring each in from a table of its own.")
    values = {name: row[place] for name, place in columns.factors.items() if row[place]}
    for name, value in values.items():
        if trouble := trouble_with_id("value", value):
            _refuse(number, f"{name}: {trouble}")
    block = tuple(row[place].strip() for place in columns.blocks)
    return Line(participant, IS_PRACTICE[said], block, values)


def _refuse(number: int, message: str) -> NoReturn:
    raise DesignError(message, number)


def _only(names: Mapping[str, None]) -> str:
    return next(iter(names), "")


def _factors(columns: Columns, lines: Sequence[Line]) -> Iterator[Factor]:
    for name in columns.factors:
        values = dict.fromkeys(line.values[name] for line in lines if name in line.values)
        of_runs: dict[str, set[str]] = {}
        for line in lines:
            of_runs.setdefault(line.participant, set()).add(line.values.get(name, ""))
        is_between = len(values) > 1 and all(len(found) == 1 for found in of_runs.values())
        yield Factor(
            name,
            tuple(map(Value, values)),
            type=_type(values),
            tag=BETWEEN if is_between else WITHIN,
        )


def _type(values: Mapping[str, None]) -> str:
    if values and all(map(WHOLE.fullmatch, values)):
        return "Integer"
    return "Float" if values and all(map(REAL.fullmatch, values)) else "String"


def _runs(lines: Sequence[Line]) -> Iterator[Run]:
    runs: dict[str, list[Line]] = {}
    for line in lines:
        runs.setdefault(line.participant, []).append(line)
    depth = _depth(list(runs.values()))
    for code, own in runs.items():
        blocks = [_block(list(group)) for _, group in groupby(own, lambda one: _key(one, depth))]
        yield Run(code, tuple(_numbered(blocks)))


def _key(line: Line, depth: int) -> tuple[object, ...]:
    return (line.is_practice, line.block[:depth])


def _depth(runs: Sequence[Sequence[Line]]) -> int:
    """Return how many columns make a block: not the last of several, if it counts trials."""
    depth = len(runs[0][0].block)
    if depth < len(("blocks", "trials")):
        return depth
    is_alone = all(
        sum(1 for _ in group) == 1
        for run in runs
        for _, group in groupby(run, lambda one: _key(one, depth))
    )
    return depth - 1 if is_alone else depth


def _block(lines: Sequence[Line]) -> Block:
    shared = dict(lines[0].values)
    for line in lines[1:]:
        shared = {name: value for name, value in shared.items() if line.values.get(name) == value}
    if len(lines) == 1:
        shared = {}
    trials = ({n: v for n, v in line.values.items() if n not in shared} for line in lines)
    return Block(
        tuple(Trial(MappingProxyType(values)) for values in trials),
        MappingProxyType(shared),
        is_practice=lines[0].is_practice,
    )


def _numbered(blocks: Sequence[Block]) -> Iterator[Block]:
    total, number = sum(not block.is_practice for block in blocks), 0
    for block in blocks:
        number += not block.is_practice
        yield block if block.is_practice else replace(block, number=number, total=total)


# --- writing --------------------------------------------------------------------------------------
def write(design: Design) -> str:
    """Return TouchStone's table of the trials; blocks are numbered from 1, practice too."""
    names = [factor.id for factor in design.factors]
    lines = (
        [run, "true" if block.is_practice else "false", number, trial, *_cells(names, values)]
        for run, number, trial, block, values in _trials(design)
    )
    return _text([*HEAD, *names], lines)


def write_touchstone2(design: Design) -> str:
    """Return Touchstone2's table of the trials, which says nothing of practice."""
    names = [factor.id for factor in design.factors]
    lines = (
        [design.id, run, trial, number, *_cells(names, values)]
        for run, number, trial, _, values in _trials(design)
    )
    return _text([*HEAD2, "Block1", *names], lines)


def _trials(design: Design) -> Iterator[tuple[str, int, int, Block, Mapping[str, str]]]:
    for run in design.runs:
        for number, block in enumerate(run.blocks, 1):
            for place, trial in enumerate(block.trials, 1):
                yield run.id, number, place, block, design.values_of(block, trial)


def _cells(names: Sequence[str], values: Mapping[str, str]) -> list[str]:
    return [values.get(name, "") for name in names]


def _text(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(lines)
    return text.getvalue()
