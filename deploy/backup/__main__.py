"""The programs of backups: on the host of a site, and where copies are kept."""

import argparse
import grp
import json
import os
import pwd
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from backup import carrying, facts, files, host, leaving, making, manifests, nightly, restoring
from backup.errors import BackupError, Refused
from backup.facts import Facts
from backup.making import Order
from backup.sealing import Seal
from backup.store import Store

INCOMING = Path("/var/backups/studium-incoming")
USER, READS = "studium-backup", ("studium", "www-data")
Given = argparse.Namespace


def say(line: str) -> None:
    """Speak to whoever listens; that nobody does any more must not stop a way back."""
    with suppress(OSError):
        print(line, flush=True)


def tell(line: str) -> None:
    """Speak beside a stream."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def do_nightly(known: Facts, _: Given) -> bool:
    return nightly.nightly(known, say)


def do_check(known: Facts, _: Given) -> bool:
    return nightly.check(known, say)


def do_facts(known: Facts, _: Given) -> bool:
    """Say what this host is like, for a plan or to compare it with another."""
    say(json.dumps(host.described(known)))
    return True


def do_copy(known: Facts, _: Given) -> bool:
    """Make a set in the clear that goes straight to another host by ssh; print its name."""
    become(USER, READS)
    moving = Store(known.folder / "moving")
    files.private_folder(moving.folder)
    order = Order(Seal(), with_secrets=True, is_proven=False)
    say(making.make(known, moving, order, tell).id)
    return True


def do_send(known: Facts, given: Given) -> bool:
    """Write a set of `copy` to standard output, without the objects that standard input names."""
    moving = Store(known.folder / "moving")
    carrying.send(moving, given.set, sys.stdin.read().split(), sys.stdout.buffer)
    return True


def do_forget(known: Facts, _: Given) -> bool:
    """Remove what `copy` made, and what was received."""
    files.remove(known.folder / "moving")
    files.remove(INCOMING)
    return True


def do_have(_: Facts, __: Given) -> bool:
    say("\n".join(carrying.present(Store(INCOMING))))
    return True


def do_receive(_: Facts, __: Given) -> bool:
    """Take a set from standard input, checked; print its name."""
    files.private_folder(INCOMING)
    say(carrying.receive(Store(INCOMING), sys.stdin.buffer).id)
    return True


def do_plan(known: Facts, given: Given) -> bool:
    """Say what `restore` would do with the manifest on standard input, or with a received set."""
    manifest = manifests.parse(sys.stdin.buffer.read(), "the set")
    wanted = restoring.plan(known, manifest, replace=given.replace, keyed=given.key != "")
    for line in wanted.says:
        say(f"would {line}")
    for line in wanted.refusals:
        say(f"BUT: {line}")
    return not wanted.refusals


def do_restore(known: Facts, given: Given) -> bool:
    """Bring a received set back; a key comes by standard input, and lies in memory alone."""
    store = Store(INCOMING)
    with a_key(given.key) as key:
        manifest = store.manifest(given.set)
        wish = restoring.Wish(key, replace=given.replace, rehearse=given.rehearse)
        restoring.restore(known, store, manifest, wish, say)
    return True


def do_freeze(known: Facts, _: Given) -> bool:
    """Let nobody write a row any more."""
    leaving.freeze(known)
    return True


def do_leave(_: Facts, given: Given) -> bool:
    """Hand every connection on to another address, where the site lives now."""
    leaving.leave(given.set)
    return True


def do_stay(known: Facts, _: Given) -> bool:
    """Serve here, whatever was done before."""
    leaving.stay()
    leaving.thaw(known)
    return True


VERBS: dict[str, Callable[[Facts, Given], bool]] = {
    "nightly": do_nightly,
    "check": do_check,
    "facts": do_facts,
    "copy": do_copy,
    "send": do_send,
    "forget": do_forget,
    "have": do_have,
    "receive": do_receive,
    "plan": do_plan,
    "restore": do_restore,
    "freeze": do_freeze,
    "leave": do_leave,
    "stay": do_stay,
}


def become(user: str, groups: Sequence[str]) -> None:
    """Give root's rights away before anything is read."""
    if os.geteuid() == 0:
        one = pwd.getpwnam(user)
        os.setgroups([grp.getgrnam(group).gr_gid for group in groups])
        os.setgid(one.pw_gid)
        os.setuid(one.pw_uid)


@contextmanager
def a_key(given: str) -> Iterator[Path | None]:
    if not given:
        yield None
        return
    if given != "-":
        raise Refused("A key comes by standard input: --key -")
    with tempfile.TemporaryDirectory(prefix="studium-key-", dir="/run") as folder:
        key = Path(folder) / "key"
        files.write(key, sys.stdin.buffer.read())
        yield key


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="studium-backup", description=__doc__)
    made.add_argument("verb", choices=VERBS)
    made.add_argument(
        "set", nargs="?", default="", help="send, restore: the name of a set; leave: an address"
    )
    made.add_argument("--key", default="", help="-: an age key comes by standard input")
    made.add_argument("--replace", action="store_true", help="move aside what the host holds")
    made.add_argument("--rehearse", action="store_true", help="restore, and then back again")
    return made


def main(arguments: Sequence[str]) -> int:
    given = parser().parse_args(arguments)
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that every way back is gone
    try:
        return 0 if VERBS[given.verb](facts.load(), given) else 1
    except BackupError as error:
        print(error, file=sys.stderr)
        return 1
