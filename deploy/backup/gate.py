"""The one program that a copying host's key reaches: it reads finished sets, nothing else.

authorized_keys names the key's owner: restrict,command="/usr/local/bin/studium-backup-gate NAME" …
One conversation on one connection: a line asks, an answer is `ok SIZE` with so many bytes behind
it, or `no REASON`. Names have a strict form and are never given to a shell.
"""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from backup import facts, files, manifests, report
from backup.errors import BackupError, Refused
from backup.facts import Facts
from backup.store import Store

ASKED = "pull"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
LONGEST_LINE = 200
TAKES = "This key may read the finished backup sets of this site, by `pull`. Nothing else."


@dataclass(frozen=True)
class Gate:
    """Answers one caller."""

    facts: Facts
    who: str
    out: IO[bytes]

    @property
    def store(self) -> Store:
        return Store(self.facts.folder)

    def serve(self, asked: IO[bytes]) -> None:
        while line := asked.readline(LONGEST_LINE):
            try:
                self._answer(line.decode(errors="replace").split())
            except (BackupError, OSError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                self._say(f"no {reason}")

    def _answer(self, words: list[str]) -> None:
        match words:
            case ["sets"]:
                self._give(json.dumps(self.store.ids()).encode())
            case ["file", identity, name] if self._is_set(identity) and _is_file(name):
                self._send(self.store.set(identity) / name)
            case ["object", name] if manifests.OBJECT.fullmatch(name):
                self._send(self.store.object(name))
            case ["holds", identity] if self._is_set(identity):
                report.note_copy(self.facts, self.who, identity)
                self._give(b"")
            case _:
                raise Refused(TAKES)

    def _is_set(self, identity: str) -> bool:
        return bool(manifests.ID.fullmatch(identity)) and identity in self.store.ids()

    def _send(self, path: os.PathLike[str]) -> None:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            self._say(f"ok {size}")
            files.copied(file, self.out, size)
        self.out.flush()

    def _give(self, content: bytes) -> None:
        self._say(f"ok {len(content)}")
        self.out.write(content)
        self.out.flush()

    def _say(self, line: str) -> None:
        self.out.write(f"{line}\n".encode())
        self.out.flush()


def _is_file(name: str) -> bool:
    return name == manifests.NAME or bool(manifests.FILE.fullmatch(name))


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    if len(arguments) != 1 or not NAME.fullmatch(arguments[0]):
        print("authorized_keys must give the name of the key's owner.", file=sys.stderr)
        return 1
    if environment.get("SSH_ORIGINAL_COMMAND", "") != ASKED:
        print(TAKES, file=sys.stderr)
        return 1
    os.umask(0o077)
    Gate(facts.load(), arguments[0], sys.stdout.buffer).serve(sys.stdin.buffer)
    return 0
