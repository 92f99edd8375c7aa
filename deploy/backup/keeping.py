"""The command line of a host that keeps copies: pull, look, check, hand out."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from backup import carrying, files, manifests, pulling
from backup.errors import BackupError, Refused
from backup.nightly import alone
from backup.pulling import Source
from backup.store import Store


def say(line: str) -> None:
    print(line, flush=True)


def pull(given: Source, _: argparse.Namespace) -> bool:
    return pulling.pull(given, say)


def status(given: Source, _: argparse.Namespace) -> bool:
    """Show the last pull; what is wrong ends with 1, for whatever watches this host."""
    state = files.read_json(given.state)
    say(json.dumps(state or {"alarms": [f"nothing was pulled from {given.host} yet"]}, indent=1))
    return bool(state) and not state["alarms"]


def check(given: Source, _: argparse.Namespace) -> bool:
    """Read every held set again."""
    store = Store(given.folder)
    with alone(store):
        bad = store.set_bad_objects_aside()
        wrong = store.damages()
    for identity, said in wrong.items():
        say(f"DAMAGED: {identity}: {said}")
    say(f"{len(store.ids()) - len(wrong)} of {len(store.ids())} sets are whole")
    return not (bad or wrong)


def newest(given: Source, _: argparse.Namespace) -> bool:
    """Name the newest set that is whole."""
    store = Store(given.folder)
    damaged = store.damages()
    whole = [one for one in store.ids() if one not in damaged]
    if not whole:
        raise Refused(f"No whole set of {given.site} is held here.")
    say(whole[0])
    return True


def manifest(given: Source, words: argparse.Namespace) -> bool:
    sys.stdout.buffer.write((_chosen(given, words) / manifests.NAME).read_bytes())
    return True


def send(given: Source, words: argparse.Namespace) -> bool:
    """Write a set to standard output, without the objects that standard input names."""
    chosen = _chosen(given, words)
    present = sys.stdin.read().split()
    carrying.send(Store(given.folder), chosen.name, present, sys.stdout.buffer)
    return True


def _chosen(given: Source, words: argparse.Namespace) -> Path:
    store = Store(given.folder)
    if words.set not in store.ids():
        raise Refused(f"There is no set {words.set!r}. There are: {', '.join(store.ids())}.")
    return store.set(words.set)


VERBS = {
    "pull": pull,
    "status": status,
    "check": check,
    "newest": newest,
    "manifest": manifest,
    "send": send,
}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="studium-store", description=__doc__)
    made.add_argument("verb", choices=VERBS)
    made.add_argument("site", help="whose backups")
    made.add_argument("set", nargs="?", default="", help="manifest, send: the name of a set")
    return made


def main(arguments: Sequence[str]) -> int:
    given = parser().parse_args(arguments)
    try:
        return 0 if VERBS[given.verb](pulling.source(given.site), given) else 1
    except BackupError as error:
        print(error, file=sys.stderr)
        return 1
