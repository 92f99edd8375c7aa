"""A design as the XML that TouchStone and LightMill read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from touchstone.design import Block, Design, Factor, Instruction, Measure, Run
from touchstone.errors import DesignError
from touchstone.rules import UNWRITABLE

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
LEVELS = {(True, False): "log", (False, True): "cine", (True, True): "cine_log"}
ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    | {character: f"&#{ord(character)};" for character in "\t\n\r"}
)


def write(design: Design) -> str:
    """Return the document of a design; reading it gives the same design."""
    words = {"name": design.name, "author": design.author, "description": design.description}
    lines = [HEAD, _tag("experiment", {"id": design.id, **words}, is_open=True)]
    lines += _inside(line for factor in design.factors for line in _factor(factor))
    lines += _inside(_measure(measure) for measure in design.measures)
    lines += _inside(line for run in design.runs for line in _run(run))
    return "\n".join([*lines, "</experiment>", ""])


def _factor(factor: Factor) -> Iterator[str]:
    words = {"name": factor.name, "kind": factor.kind, "type": factor.type, "tag": factor.tag}
    yield _tag("factor", {"id": factor.id, **words}, is_open=True)
    for value in factor.values:
        default = {"default": "true"} if value.id == factor.default else {}
        yield "  " + _tag("value", {"id": value.id, "name": value.name, **default})
    yield "</factor>"


def _measure(measure: Measure) -> str:
    level = LEVELS.get((measure.at_trial, measure.at_event), "log")
    words = {"id": measure.id, "name": measure.name, "type": measure.type}
    return _tag("measure", {**words, level: "ok"})


def _run(run: Run) -> Iterator[str]:
    first = 1 + max(
        (n for n, one in enumerate(run.instructions) if one.place == "setup"), default=-1
    )
    yield _tag("run", {"id": run.id}, is_open=True)
    yield from _inside(_alone(one) for one in run.instructions[:first])
    yield from _inside(_wrapped(run.blocks))
    yield from _inside(_alone(one) for one in run.instructions[first:])
    yield "</run>"


def _wrapped(blocks: Sequence[Block]) -> Iterator[str]:
    """Put blocks into what is around them; what stands between trials goes around neighbours."""
    standing: list[Instruction] = []
    for block in blocks:
        kept = _shared(standing, block.before)
        yield from _closed(standing, kept)
        standing = list(block.before)
        for depth in range(kept, len(standing)):
            yield "  " * depth + _tag(standing[depth].place, _words(standing[depth]), is_open=True)
        yield from ("  " * len(standing) + line for line in _block(block))
    yield from _closed(standing, 0)


def _shared(standing: Sequence[Instruction], wanted: Sequence[Instruction]) -> int:
    """Return how many of the open wrappers stay: an instruction before a block is its own."""
    kept = 0
    for old, new in zip(standing, wanted, strict=False):
        if old != new or old.place != "intertrial":
            break
        kept += 1
    return kept


def _closed(standing: Sequence[Instruction], kept: int) -> Iterator[str]:
    for depth in range(len(standing) - 1, kept - 1, -1):
        yield "  " * depth + f"</{standing[depth].place}>"


def _block(block: Block) -> Iterator[str]:
    tag = "practice" if block.is_practice else "block"
    words = {"class": block.name, "values": _pairs(block.values)}
    words |= {"criterionTrial": block.criterion_trial} if block.criterion_trial else {}
    numbers = {"number": block.number, "total": block.total}
    words |= {name: str(number) for name, number in numbers.items() if number is not None}
    yield _tag(tag, words, is_open=True)
    total = {} if block.is_practice else {"total": str(len(block.trials))}
    for number, trial in enumerate(block.trials):
        place = {} if block.is_practice else {"number": str(number), **total}
        values = {"values": _pairs(trial.values)} if trial.values else {}
        yield "  " + _tag("trial", {**place, **values})
    yield f"</{tag}>"


def _alone(instruction: Instruction) -> str:
    return _tag(instruction.place, _words(instruction))


def _words(instruction: Instruction) -> dict[str, str]:
    criterion = {"criterion": instruction.criterion} if instruction.criterion else {}
    return {"class": instruction.name, **criterion}


def _pairs(values: Mapping[str, str]) -> str:
    return ",".join(f"{factor}={value}" for factor, value in values.items())


def _tag(name: str, attributes: Mapping[str, str], *, is_open: bool = False) -> str:
    words = "".join(f' {key}="{_escaped(text)}"' for key, text in attributes.items())
    return f"<{name}{words}>" if is_open else f"<{name}{words}/>"


def _escaped(text: str) -> str:
    if UNWRITABLE.search(text):
        raise DesignError(f"{text!r} holds a character that XML cannot write. Remove it.")
    return text.translate(ESCAPES)


def _inside(lines: Iterable[str]) -> Iterator[str]:
    return ("  " + line for line in lines)
