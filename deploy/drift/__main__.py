"""Compare this host with what is declared, and repair it: studium-drift --help.

The exit code is the verdict: 0 as declared, 1 it differs or was not repaired, 2 nobody can tell.
"""

import argparse
import fcntl
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict

from drift import ask, look, record, repair
from drift.findings import Finding, report
from drift.machine import Machine
from drift.store import NotDeclaredError, Store

OK, DIFFERS, UNKNOWN = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    if given.verb == "ask":
        return ask.main(apply=given.apply, as_json=given.json)
    if given.verb == "record":
        return record.main()
    if os.geteuid() != 0:
        print("Only root sees the whole host. By a deploy key: fab drift:SITE", file=sys.stderr)
        return UNKNOWN
    try:
        return _alone(
            {"check": check, "apply": apply, "undo": undo, "keep": keep}[given.verb], given
        )
    except NotDeclaredError as error:
        print(error, file=sys.stderr)
        return UNKNOWN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="studium-drift", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, says in (
        ("check", "compare, and note the result for the site (root)"),
        ("apply", "repair: validate, back up, install, verify; else undo (root)"),
        ("undo", "undo a repair that was interrupted (root)"),
        ("keep", "keep what Ansible has just declared (root)"),
        ("ask", "let root compare, and show what it says (deploy)"),
        ("record", "write a changed result into the ledger (deploy)"),
    ):
        verb = verbs.add_parser(name, help=says)
        verb.add_argument("--json", action="store_true", help="plain data")
        if name == "keep":
            verb.add_argument("--part", action="store_true", help="a part of the playbook ran")
        if name == "apply":
            verb.add_argument("--asked", action="store_true", help="a deploy key asks, not root")
        if name == "undo":
            verb.add_argument("--boot", action="store_true", help="nothing runs yet")
        if name == "ask":
            verb.add_argument("--apply", action="store_true", help="let root repair")
    return parser


Work = Callable[[argparse.Namespace], int]


def _alone(work: Work, given: argparse.Namespace) -> int:
    """Let one at a time look or repair; another one waits."""
    home = Store(Machine()).home
    home.mkdir(mode=0o755, exist_ok=True)
    descriptor = os.open(home, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return work(given)
    finally:
        os.close(descriptor)


def check(given: argparse.Namespace) -> int:
    store = Store(Machine())
    found = look.compare(store.machine, store)
    look.note(store, found)
    say(found, as_json=given.json)
    return DIFFERS if found else OK


def say(
    found: Sequence[Finding], *, as_json: bool, outcome: str = "", said: Sequence[str] = ()
) -> None:
    if as_json:
        facts = {"outcome": outcome, "said": list(said), "findings": [asdict(one) for one in found]}
        print(json.dumps(facts))
    else:
        print("\n".join([*said, report(found)]))


def apply(given: argparse.Namespace) -> int:
    store = Store(Machine())
    done = repair.repair(store, asked_by_key=given.asked)
    look.note(store, done.left)
    say(done.left, as_json=given.json, outcome=done.outcome, said=done.said)
    return DIFFERS if done.left or done.outcome == "undone" else OK


def undo(given: argparse.Namespace) -> int:
    store = Store(Machine())
    for line in repair.undo_interrupted(store, at_boot=given.boot):
        print(line, file=sys.stderr)  # a socket's answer is what was asked for, and nothing else
    return OK


def keep(given: argparse.Namespace) -> int:
    machine = Machine()
    store = Store(machine)
    is_new = store.keep_part() if given.part else store.keep()
    if is_new:
        machine.run("systemctl", "start", "--no-block", "studium-drift.service")
    print("kept anew" if is_new else "as kept")
    return OK


if __name__ == "__main__":
    sys.exit(main())
