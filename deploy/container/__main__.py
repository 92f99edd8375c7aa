"""Studium in containers: the commands that a person types, `deploy/container/studium VERB`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from container import engine, facts, life
from container.engine import Engine
from container.errors import ContainerError
from pipeline.errors import PipelineError

ROOT = Path(__file__).resolve().parents[2]
LOCAL = "https://localhost:8443"
Verb = Callable[[Engine, argparse.Namespace], int | None]


def _up(machine: Engine, given: argparse.Namespace) -> None:
    life.up(machine, given.url)


def _down(machine: Engine, _: argparse.Namespace) -> int:
    return machine.run("down")


def _update(machine: Engine, given: argparse.Namespace) -> None:
    life.update(machine, given.revision, is_fresh=given.fresh)


def _status(machine: Engine, _: argparse.Namespace) -> int:
    return life.status(machine)


def _backup(machine: Engine, given: argparse.Namespace) -> None:
    life.save(machine, "pack", Path(given.file))


def _export(machine: Engine, given: argparse.Namespace) -> None:
    life.save(machine, "export", Path(given.file))


def _restore(machine: Engine, given: argparse.Namespace) -> None:
    life.restore(machine, Path(given.file), LOCAL)


def _set(machine: Engine, given: argparse.Namespace) -> None:
    """Take a secret from standard input, so that no list of processes and no history shows it."""
    machine.step("owner", "put", given.name, source=sys.stdin.buffer)
    print(f"{given.name} is kept. Take it over: deploy/container/studium restart")


def _certificate(machine: Engine, given: argparse.Namespace) -> None:
    life.bring_certificate(machine, Path(given.certificate), Path(given.key))


def _restart(machine: Engine, _: argparse.Namespace) -> None:
    life.restart(machine)


def _broker(machine: Engine, _: argparse.Namespace) -> None:
    life.broker(machine)


def _manage(machine: Engine, given: argparse.Namespace) -> int:
    terminal = () if sys.stdin.isatty() else ("-T",)
    return machine.run("exec", *terminal, "web", "studium-inside", "manage", *given.words)


def _logs(machine: Engine, given: argparse.Namespace) -> int:
    return machine.run("logs", "--follow", *given.words)


def _compose(machine: Engine, given: argparse.Namespace) -> int:
    return machine.run(*given.words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="studium", description=__doc__)
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def verb(name: str, does: Verb, help_: str, *arguments: str) -> argparse.ArgumentParser:
        found = verbs.add_parser(name, help=help_)
        for argument in arguments:
            found.add_argument(argument)
        found.set_defaults(does=does)
        return found

    found = verb("up", _up, "build what is missing, make secrets, start everything")
    found.add_argument(
        "url", nargs="?", default=LOCAL, help="the site's address; asked at the first time"
    )
    found = verb("update", _update, "build a commit and let it take over; nobody waits")
    found.add_argument("revision", nargs="?", default="HEAD")
    found.add_argument("--fresh", action="store_true", help="with the newest packages of Debian")
    verb("down", _down, "end everything gracefully; all data stays in its volumes")
    verb("restart", _restart, "start the application anew, with its present settings")
    verb("status", _status, "which release is live, and is it well")
    verb("backup", _backup, "write everything into one file: database, files, secrets", "file")
    verb("export", _export, "write tables as CSV and files into one file, for people", "file")
    verb("restore", _restore, "fill an empty site from a backup, and start it", "file")
    verb("set", _set, "keep a secret, such as EMAIL_URL, from standard input", "name")
    verb("certificate", _certificate, "bring a certificate and its key", "certificate", "key")
    verb("broker", _broker, "start RabbitMQ as well")
    for name, does, help_ in (
        ("manage", _manage, "a management command of the live release"),
        ("logs", _logs, "follow the logs, of all services or of one"),
        ("compose", _compose, "anything else: words for compose"),
    ):
        verb(name, does, help_).add_argument("words", nargs=argparse.REMAINDER)
    return parser


CHANGING = {_up, _down, _update, _restart, _restore, _certificate}


def main() -> int:
    given = _parser().parse_args()
    try:
        own = facts.of(ROOT)
        with own.turn(is_needed=given.does in CHANGING):
            return given.does(engine.find(ROOT, own), given) or 0
    except (ContainerError, PipelineError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
