"""Where a command runs: here, on a host by ssh, or nowhere because it is only shown."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from fabric import Connection
from invoke.exceptions import Exit
from paramiko import RejectPolicy, SSHException

from reach.targets import Target


class Place(Protocol):
    """Runs one command, lets its output through, and returns its exit code."""

    def run(self, command: Sequence[str]) -> int: ...

    def talk(self, command: Sequence[str]) -> int:
        """Run a command that may ask the person something."""

    def feed(self, command: Sequence[str], content: bytes) -> int:
        """Run a command that reads ``content``."""


class Here:
    """On our own machine."""

    def run(self, command: Sequence[str]) -> int:
        return subprocess.run(command, check=False).returncode

    def talk(self, command: Sequence[str]) -> int:
        return self.run(command)

    def feed(self, command: Sequence[str], content: bytes) -> int:
        return subprocess.run(command, input=content, check=False).returncode


@dataclass(frozen=True)
class There:
    """On a host, by ssh."""

    host: str

    def run(self, command: Sequence[str]) -> int:
        with reaching(self.host), Connection(self.host, connect_timeout=20) as connection:
            connection.client.load_system_host_keys()
            connection.client.set_missing_host_key_policy(RejectPolicy())  # as ssh itself would ask
            ended = connection.run(shlex.join(command), warn=True, in_stream=False)
        return int(ended.exited)

    def talk(self, command: Sequence[str]) -> int:
        """Use ssh itself, with a terminal when there is one here and the host gives one."""
        terminal = ["-t"] if sys.stdin.isatty() else []
        return subprocess.run(by_ssh(self.host, command, *terminal), check=False).returncode

    def feed(self, command: Sequence[str], content: bytes) -> int:
        """Use ssh itself, as git does: Fabric's streams are text."""
        return Here().feed(by_ssh(self.host, command), content)


@dataclass(frozen=True)
class Printed:
    """Nowhere: the command is only shown, as one could type it."""

    host: str = ""

    def run(self, command: Sequence[str]) -> int:
        print(shlex.join(by_ssh(self.host, command) if self.host else command))
        return 0

    def talk(self, command: Sequence[str]) -> int:
        return self.run(command)

    def feed(self, command: Sequence[str], content: bytes) -> int:
        del content
        return self.run(command)


def by_ssh(host: str, command: Sequence[str], *flags: str) -> list[str]:
    """Return the command as ssh takes it; this form of the host takes a port too."""
    return [
        *shlex.split(os.environ.get("GIT_SSH_COMMAND", "ssh")),
        *flags,
        f"ssh://{host}",
        shlex.join(command),
    ]


@contextmanager
def reaching(host: str) -> Iterator[None]:
    """Turn what can go wrong on the way into a sentence with its remedy."""
    try:
        yield
    except (SSHException, OSError, EOFError) as error:
        raise Exit(
            f"{host} cannot be reached, or was lost: {error or type(error).__name__}. `ssh {host}` "
            "shows which, and the key of an unknown host; `fab status:SITE` says what is live.",
        ) from None


def here(*, dry_run: bool) -> Place:
    return Printed() if dry_run else Here()


def at(target: Target, *, dry_run: bool) -> Place:
    if dry_run:
        return Printed(target.ssh)
    return There(target.ssh) if target.ssh else Here()
