"""Designs at the command line: python -m touchstone check|convert|generate FILE.

What is wanted goes to the output, everything else to the error output. Ends with 0, with 1 where
`check` found something, and with 2 where a file cannot be read.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from touchstone import formats, table, tsl, xml
from touchstone.checker import Report, check
from touchstone.design import Design
from touchstone.errors import DesignError
from touchstone.generator import generate
from touchstone.recipe import Recipe
from touchstone.recipe_json import from_json

WRITERS: Mapping[str, Callable[[Design], str]] = {
    "xml": xml.write,
    "csv": table.write,
    "touchstone2": table.write_touchstone2,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the words ask for; return how it ended."""
    given = _parser().parse_args(arguments)
    try:
        document = sys.stdin.buffer.read() if given.file == "-" else Path(given.file).read_bytes()
        ended: int = given.act(document, given)
    except OSError as error:
        sys.stderr.write(f"{given.file}: {error.strerror}\n")
        return 2
    except DesignError as error:
        sys.stderr.write(f"{_place(given.file, error)}: {error.message}\n")
        return 2
    return ended


def _place(file: str, error: DesignError) -> str:
    numbers = [str(number) for number in (error.line, error.column) if number]
    return ":".join([file, *numbers, *filter(None, [error.field])])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m touchstone", description="Check, convert and generate factorial designs."
    )
    acts = parser.add_subparsers(required=True, metavar="check | convert | generate")
    checking = _act(acts, "check", _check, "say what a design is like, and what is worth a look")
    checking.add_argument("--json", action="store_true", help="all that was found, as JSON")
    converting = _act(acts, "convert", _convert, "write a design in another format")
    for one in (checking, converting):
        one.add_argument("--from", dest="form", choices=formats.FORMATS, default="")
        one.add_argument("--participants", type=int, default=0, help="of TSL, which does not say")
        one.add_argument("--id", default="", help="of a file that has none")
    making = _act(acts, "generate", _generate, "make a design from a recipe, which is JSON")
    converting.add_argument("--to", choices=sorted(WRITERS), default="xml")
    making.add_argument("--to", choices=sorted([*WRITERS, "tsl"]), default="xml")
    return parser


def _act(
    acts: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    act: Callable[[bytes, argparse.Namespace], int],
    about: str,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = acts.add_parser(name, help=about, description=about)
    parser.add_argument("file", help="- for what is piped in")
    parser.set_defaults(act=act)
    return parser


# --- what can be asked for ------------------------------------------------------------------------
def _check(document: bytes, given: argparse.Namespace) -> int:
    design = _read(document, given)
    report = check(design)
    if given.json:
        json.dump(asdict(report) | {"findings": report.findings}, sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _told(design, report))
    return 1 if report.findings else 0


def _told(design: Design, report: Report) -> Iterator[str]:
    yield f"{design.id}: {len(design.factors)} factors, {len(design.measures)} measures"
    practice = f"{report.practice_trials} of practice"
    yield f"{report.runs} runs, {report.blocks} blocks, {report.trials} trials, {practice}"
    for order in report.orders:
        yield f"{order.factor} is varied by {order.level}"
        for value, counts in zip(order.values, order.positions, strict=True):
            yield f"  {value}: {' '.join(map(str, counts))}"
    yield from (f"worth a look: {finding}" for finding in report.findings)


def _convert(document: bytes, given: argparse.Namespace) -> int:
    sys.stdout.write(WRITERS[given.to](_read(document, given)))
    return 0


def _generate(document: bytes, given: argparse.Namespace) -> int:
    recipe = _recipe(document)
    text = tsl.recipe_as_tsl(recipe) + "\n" if given.to == "tsl" else None
    sys.stdout.write(text or WRITERS[given.to](generate(recipe)))
    return 0


def _read(document: bytes, given: argparse.Namespace) -> Design:
    words = {"form": given.form, "participants": given.participants, "code": given.id}
    design = formats.read(document, **words)
    for warning in design.warnings:
        sys.stderr.write(f"{warning}\n")
    return design


def _recipe(document: bytes) -> Recipe:
    try:
        data = json.loads(document)
    except json.JSONDecodeError as error:
        message = f"This is no JSON ({error.msg}). A recipe is one object."
        raise DesignError(message, error.lineno, error.colno) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise DesignError("This is no JSON. Save the recipe as UTF-8.", 1) from error
    return from_json(data)


if __name__ == "__main__":
    sys.exit(main())
