"""What the Makefile calls: ``python3 -m laptop up|down|status|…``."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from laptop import (
    configure,
    develop,
    down,
    environment,
    fleet,
    fresh,
    keeper,
    lint,
    lock_files,
    logs,
    overview,
    rings,
    smoke,
    up,
)
from laptop.console import Console
from laptop.daemons import clean_environment
from laptop.errors import LaptopError
from laptop.layout import CLONE, SITES, Clone, chosen
from pipeline import site as facts
from pipeline.errors import PipelineError

INTERRUPTED = 130
Given = argparse.Namespace
Action = Callable[[Given], int | None]


def main(words: list[str]) -> int:
    given = parser().parse_args(words)
    action: Action = given.action
    try:
        return action(given) or 0
    except (LaptopError, PipelineError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print(
            "\nInterrupted. What was done so far stays; the same command goes on.", file=sys.stderr
        )
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="laptop", description=__doc__)
    verbs = root.add_subparsers(required=True, metavar="VERB")
    for name, (action, arguments) in VERBS.items():
        verb = verbs.add_parser(name)
        verb.set_defaults(action=action)
        for word, options in arguments:
            verb.add_argument(word, **options)
    return root


def _up(_: Given) -> None:
    up.up(Clone(CLONE), Console())


def _down(_: Given) -> None:
    down.down(Clone(CLONE), Console())


def _status(_: Given) -> int:
    return overview.overview(Clone(CLONE), Console())


def _logs(given: Given) -> None:
    follow = not given.no_follow
    try:
        logs.show(Clone(CLONE), site=given.site, only=given.only, lines=given.lines, follow=follow)
    except KeyboardInterrupt:
        print()


def _configure(given: Given) -> None:
    configure.configure(Clone(CLONE), Console(), site=given.site, defaults=given.defaults)


def _fresh(given: Given) -> None:
    fresh.fresh(Clone(CLONE), Console(), name=given.site, confirmed=given.confirm)


def _manage(given: Given) -> None:
    """Become a management command of a site's live release."""
    root = Clone(CLONE).site_root(chosen(given.site or SITES[0]))
    program = root / "bin" / "manage"
    if not program.exists():
        raise LaptopError("No site was built in this clone yet. Type: make up")
    words = given.words or ["help"]
    argv = [str(program), *words]
    os.execve(program, argv, clean_environment())


def _keep(given: Given) -> None:
    keeper.Keeper(facts.load(given.site_file)).run()


def _run(given: Given) -> int:
    return develop.run(Clone(CLONE), Console(), https=given.https)


def _environment(_: Given) -> None:
    place = environment.ensure(Clone(CLONE), Console())
    print(f"The developer's tools are in .venv/bin ({place}).")


def _tool(given: Given) -> int:
    return rings.tool(Clone(CLONE), Console(sys.stderr), given.words)


def _lint(_: Given) -> int:
    clone = Clone(CLONE)
    place = environment.ensure(clone, Console(sys.stderr))
    return 1 if lint.run(clone, environment.variables(clone, place)) else 0


def _lock(_: Given) -> None:
    clone = Clone(CLONE)
    place = environment.ensure(clone, Console())
    lock_files.lock(clone, place, environment.variables(clone, place), Console())


def _test(given: Given) -> int:
    return rings.test(Clone(CLONE), Console(), given.words)


def _fleet(given: Given) -> int:
    return fleet.fleet(Clone(CLONE), Console(), since=given.since, subset=given.subset)


def _smoke(_: Given) -> None:
    smoke.smoke(Clone(CLONE), Console())


Argument = tuple[str, dict[str, Any]]
SITE: Argument = ("--site", {"default": ""})
WORDS: Argument = ("words", {"nargs": argparse.REMAINDER})
VERBS: dict[str, tuple[Action, list[Argument]]] = {
    "up": (_up, []),
    "down": (_down, []),
    "status": (_status, []),
    "logs": (
        _logs,
        [
            SITE,
            ("--only", {"default": ""}),
            ("--lines", {"type": int, "default": 20}),
            ("--no-follow", {"action": "store_true"}),
        ],
    ),
    "configure": (_configure, [SITE, ("--defaults", {"action": "store_true"})]),
    "fresh": (_fresh, [SITE, ("--confirm", {"default": ""})]),
    "manage": (_manage, [SITE, WORDS]),
    "keep": (_keep, [("site_file", {"type": Path}), ("--version", {"default": ""})]),
    "run": (_run, [("--https", {"action": "store_true"})]),
    "environment": (_environment, []),
    "tool": (_tool, [WORDS]),
    "lint": (_lint, []),
    "lock": (_lock, []),
    "test": (_test, [WORDS]),
    "fleet": (_fleet, [("--since", {"default": ""}), ("--subset", {"action": "store_true"})]),
    "smoke": (_smoke, []),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
