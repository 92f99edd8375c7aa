"""Hosts as root reaches them, for what only root may do: restore a site, move it elsewhere."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from invoke.exceptions import Exit

from reach.places import by_ssh

PROGRAM = "studium-backup"


@dataclass(frozen=True)
class Root:
    """Somebody on a host who may do everything there: root@host."""

    host: str

    def command(self, *words: str) -> list[str]:
        return by_ssh(self.host, words)

    def answer(self, *words: str, given: str = "") -> str:
        """Run to the end and return what was printed; what was said beside it is shown."""
        done = subprocess.run(
            self.command(*words), input=given, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise Exit(f"{self.host}: {' '.join(words)} failed.{_tail(done.stdout)}")
        return done.stdout

    def do(self, *words: str, given: bytes = b"") -> None:
        """Run to the end and let everything through."""
        done = subprocess.run(self.command(*words), input=given, check=False)
        if done.returncode:
            raise Exit(f"{self.host}: {' '.join(words)} failed.")

    def facts(self) -> dict[str, Any]:
        found = json.loads(self.answer(PROGRAM, "facts"))
        return dict(found)


def _tail(text: str) -> str:
    return f"\n{text.strip()}" if text.strip() else ""


def stream(
    source: Root, words: Sequence[str], target: Root, taking: Sequence[str], given: str = ""
) -> str:
    """Let what one host writes be read by another; return what the other one printed."""
    with (
        subprocess.Popen(
            source.command(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as giver,
        subprocess.Popen(
            target.command(*taking), stdin=giver.stdout, stdout=subprocess.PIPE, text=True
        ) as taker,
    ):
        if giver.stdin is None or giver.stdout is None or taker.stdout is None:
            raise Exit("ssh has no pipes.")
        giver.stdout.close()  # the other one holds it: its end is then seen
        giver.stdin.write(given.encode())
        giver.stdin.close()
        said = taker.stdout.read().strip()
    if giver.returncode or taker.returncode:
        raise Exit(
            f"The copy from {source.host} to {target.host} failed; nothing half is kept there."
        )
    return said


def show(line: str) -> None:
    print(line, flush=True, file=sys.stdout)
