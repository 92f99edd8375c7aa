"""``python -m fmriplan``: answers on the command line, one line each, and refusals on stderr."""

import argparse
import sys
from collections.abc import Sequence

from fmriplan.design import accelerator
from fmriplan.design import command as design
from fmriplan.errors import PlanningError
from fmriplan.minutes import command as minutes
from fmriplan.power import command as power


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fmriplan", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    power.add(commands)
    design.add(commands)
    minutes.add(commands)
    build = commands.add_parser("build", help="compile what makes scoring designs faster")
    build.set_defaults(run=lambda _given: iter([str(accelerator.build())]))
    given = parser.parse_args(words)
    try:
        for line in given.run(given):
            print(line)  # noqa: T201  its job
    except (PlanningError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
