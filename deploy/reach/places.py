"""Where a command runs: here, on a host by ssh, or nowhere because it is only shown."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from fabric import Connection
from invoke.exceptions import Exit
from paramiko import RejectPolicy, SSHException

from reach.targets import Target


@dataclass(frozen=True)
class Told:
    """How a command ended, and what it printed."""

    code: int
    text: str


class Place(Protocol):
    """Runs one command, lets its output through, and returns its exit code."""

    def run(self, command: Sequence[str]) -> int: ...

    def read(self, command: Sequence[str]) -> Told:
        """Run a command and keep what it prints."""

    def talk(self, command: Sequence[str]) -> int:
        """Run a command that may ask the person something."""

    def feed(self, command: Sequence[str], content: bytes) -> int:
        """Run a command that reads ``content``."""


class Here:
    """On our own machine."""

    def run(self, command: Sequence[str]) -> int:
        return subprocess.run(command, check=False).returncode

    def read(self, command: Sequence[str]) -> Told:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        return Told(done.returncode, done.stdout)

    def talk(self, command: Sequence[str]) -> int:
        return self.run(command)

    def feed(self, command: Sequence[str], content: bytes) -> int:
        return subprocess.run(command, input=content, check=False).returncode


@dataclass(frozen=True)
class There:
    """On a host, by ssh."""

    host: str
    identity: str = ""

    def run(self, command: Sequence[str]) -> int:
        return self._run(command, hide=False).code

    def read(self, command: Sequence[str]) -> Told:
        return self._run(command, hide="stdout")

    def _run(self, command: Sequence[str], **options: Any) -> Told:
        with reaching(self.host), self._connection() as connection:
            connection.client.set_missing_host_key_policy(RejectPolicy())  # as ssh itself would ask
            ended = connection.run(shlex.join(command), warn=True, in_stream=False, **options)
        return Told(int(ended.exited), str(ended.stdout))

    def _connection(self) -> Connection:
        if not self.identity:
            connection = Connection(self.host, connect_timeout=20)
            connection.client.load_system_host_keys()
            return connection
        alone = {"key_filename": self.identity, "look_for_keys": False, "allow_agent": False}
        connection = Connection(self.host, connect_timeout=20, connect_kwargs=alone)
        connection.client.load_host_keys(pinned(self.identity))
        return connection

    def talk(self, command: Sequence[str]) -> int:
        """Use ssh itself, with a terminal when there is one here and the host gives one."""
        terminal = ["-t"] if sys.stdin.isatty() else []
        return Here().run(self._by_ssh(command, *terminal))

    def feed(self, command: Sequence[str], content: bytes) -> int:
        """Use ssh itself, as git does: Fabric's streams are text."""
        return Here().feed(self._by_ssh(command), content)

    def _by_ssh(self, command: Sequence[str], *flags: str) -> list[str]:
        return by_ssh(self.host, command, *flags, identity=self.identity)


@dataclass(frozen=True)
class Printed:
    """Nowhere: the command is only shown, as one could type it."""

    host: str = ""
    identity: str = ""

    def run(self, command: Sequence[str]) -> int:
        there = by_ssh(self.host, command, identity=self.identity)
        print(shlex.join(there if self.host else command))
        return 0

    def read(self, command: Sequence[str]) -> Told:
        return Told(self.run(command), "")

    def talk(self, command: Sequence[str]) -> int:
        return self.run(command)

    def feed(self, command: Sequence[str], content: bytes) -> int:
        del content
        return self.run(command)


def by_ssh(host: str, command: Sequence[str], *flags: str, identity: str = "") -> list[str]:
    """Return the command as ssh takes it; this form of the host takes a port too."""
    return [*ssh(identity), *flags, f"ssh://{host}", shlex.join(command)]


def ssh(identity: str) -> list[str]:
    """Return ssh with the one key and the one host key that are kept for a site, else as it is."""
    if not identity:
        return shlex.split(os.environ.get("GIT_SSH_COMMAND", "ssh"))
    settings = (
        "IdentitiesOnly=yes",
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        f"UserKnownHostsFile={pinned(identity)}",
        "GlobalKnownHostsFile=/dev/null",
        "ServerAliveInterval=15",
    )
    return ["ssh", "-F", "none", "-i", identity, *(f"-o{each}" for each in settings)]


def pinned(identity: str) -> str:
    """Return the file with the host key that belongs to a key."""
    return f"{identity}.known_hosts"


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
        return Printed(target.ssh, target.identity)
    return There(target.ssh, target.identity) if target.ssh else Here()
