"""What the Makefile calls: ``python3 -m laptop up|down|status|…``."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from laptop import down, keeper, up
from laptop.console import Console
from laptop.errors import LaptopError
from laptop.layout import CLONE, Clone
from pipeline import site as facts
from pipeline.errors import PipelineError

INTERRUPTED = 130


def main(words: list[str]) -> int:
    given = parser().parse_args(words)
    action: Callable[[argparse.Namespace], int | None] = given.action
    try:
        return action(given) or 0
    except (LaptopError, PipelineError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What was done so far stays; the same command goes on from there.", file=sys.stderr)
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="laptop", description=__doc__)
    verbs = root.add_subparsers(required=True, metavar="VERB")
    add(verbs, "up", lambda _: up.up(Clone(CLONE), Console()), "build and release both sites")
    add(verbs, "down", lambda _: down.down(Clone(CLONE), Console()), "end both sites")
    keep = add(verbs, "keep", _keep, "keep the worker and cron of a site running")
    keep.add_argument("site_file", type=Path)
    return root


def add(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    action: Callable[[argparse.Namespace], int | None],
    text: str,
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=text, description=text)
    verb.set_defaults(action=action)
    return verb


def _keep(given: argparse.Namespace) -> None:
    keeper.Keeper(facts.load(given.site_file)).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
