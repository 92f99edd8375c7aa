"""Write and read a dump of the database: SQLite's online backup, PostgreSQL's pg_dump.

A PostgreSQL password travels in a password file that only we can read, never in arguments or the
environment, where any process list could show it.
"""

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

from django.db import DatabaseError, connection

from common.redaction import redact
from ops.errors import BackupFailed, BackupUnusable

SQLITE_PAGES_AT_ONCE = 500  # writers get their turn in between
LAST_LINES = 5
PROTECTION = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
}
COUNT = "SELECT count(*) FROM {}"


class Database(Protocol):
    """A database that can be dumped, loaded and counted."""

    suffix: str

    def dump(self, file: Path) -> None: ...
    def load(self, file: Path) -> None: ...
    def is_empty(self) -> bool: ...
    def counts(self) -> dict[str, int]: ...


def live() -> "Database":
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return SQLite(Path(facts["NAME"]))
    return PostgreSQL.of(facts)


@contextmanager
def scratch() -> Iterator["Database"]:
    """Give an empty database of the site's kind that is gone afterwards."""
    source = live()
    if isinstance(source, SQLite):
        with tempfile.TemporaryDirectory(prefix="studium-check-") as folder:
            yield SQLite(Path(folder) / "scratch.sqlite3")
    elif isinstance(source, PostgreSQL):
        with source.scratch() as copy:
            yield copy


@dataclass(frozen=True)
class SQLite:
    path: Path
    suffix = "sqlite3"

    def dump(self, file: Path) -> None:
        """Copy a consistent state while others go on writing."""
        with closing(self._open()) as source, closing(sqlite3.connect(file)) as target:
            try:
                source.backup(target, pages=SQLITE_PAGES_AT_ONCE)
                target.execute("PRAGMA journal_mode=DELETE")
            except sqlite3.Error as error:
                raise BackupFailed(f"SQLite could not copy the database: {error}.") from None

    def load(self, file: Path) -> None:
        try:
            with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as source:
                _check_whole(source, file)
                with closing(sqlite3.connect(self.path)) as target:
                    source.backup(target)
                    target.execute("PRAGMA journal_mode=WAL")
        except sqlite3.DatabaseError as error:
            raise BackupUnusable(f"{file.name} is no whole SQLite database: {error}.") from None

    def is_empty(self) -> bool:
        return not self.path.exists() or not any(self.counts().values())

    def counts(self) -> dict[str, int]:
        with closing(self._open()) as database:
            found = database.execute(
                "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
            )
            tables = sorted(name for (name,) in found)
            return {table: _count(database, f'"{table}"') for table in tables}

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=20)


def _check_whole(database: sqlite3.Connection, file: Path) -> None:
    (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise BackupUnusable(f"{file.name} is damaged: {verdict}.")


def _count(database: sqlite3.Connection, table: str) -> int:
    (number,) = database.execute(COUNT.format(table)).fetchone()
    return int(number)


@dataclass(frozen=True)
class PostgreSQL:
    name: str
    user: str
    password: str
    host: str
    port: str
    trust: tuple[tuple[str, str], ...] = ()  # how the connection is protected
    suffix = "dump"

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        name, user, password, host, port = (
            str(facts.get(key) or "") for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")
        )
        options = facts.get("OPTIONS") or {}
        trust = ((PROTECTION[key], str(options[key])) for key in PROTECTION if key in options)
        return cls(name, user, password, host, port, tuple(trust))

    def dump(self, file: Path) -> None:
        try:
            self._run("pg_dump", ["--format=custom", "--no-owner", "--no-acl", f"--file={file}"])
        except _ToolFailed as error:
            raise BackupFailed(str(error)) from None

    def load(self, file: Path) -> None:
        try:
            self._run(
                "pg_restore",
                ["--exit-on-error", "--single-transaction", "--no-owner", "--no-acl", str(file)],
            )
        except _ToolFailed as error:
            raise BackupUnusable(str(error)) from None

    def is_empty(self) -> bool:
        return not any(self.counts().values())

    def counts(self) -> dict[str, int]:
        with self._session() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
            tables = sorted(name for (name,) in cursor.fetchall())
            return {table: _pg_count(cursor, table) for table in tables}

    @contextmanager
    def scratch(self) -> Iterator["PostgreSQL"]:
        copy = replace(self, name=f"{self.name[:40]}_check_{os.getpid()}")
        try:
            self._server(f'CREATE DATABASE "{copy.name}" TEMPLATE template0')
        except DatabaseError as error:
            raise BackupUnusable(
                f"A scratch database could not be made ({str(error).strip()}), so the backup is "
                f"not proven. Give the role its right: ALTER ROLE {self.user} CREATEDB."
            ) from None
        try:
            yield copy
        finally:
            self._server(f'DROP DATABASE "{copy.name}" WITH (FORCE)')

    def _server(self, statement: str) -> None:
        with self._session() as cursor:
            cursor.execute(statement)

    @contextmanager
    def _session(self) -> Iterator[Any]:
        """Open a session apart from Django's own, outside of any transaction."""
        session = connection.copy()
        session.settings_dict = {**session.settings_dict, "NAME": self.name}
        session.set_autocommit(True)
        try:
            with session.cursor() as cursor:
                yield cursor
        finally:
            session.close()

    def _run(self, tool: str, arguments: Sequence[str]) -> None:
        reach = {"--username": self.user, "--host": self.host, "--port": self.port}
        options = [f"{name}={value}" for name, value in reach.items() if value]
        with self._password_file() as passwords:
            done = subprocess.run(
                [tool, "--no-password", *options, f"--dbname={self.name}", *arguments],
                env=_quiet_environment() | dict(self.trust) | {"PGPASSFILE": str(passwords)},
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise _ToolFailed(tool, done.stderr)

    @contextmanager
    def _password_file(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="studium-pass-") as folder:
            file = Path(folder) / "pgpass"
            file.touch(mode=0o600)
            password = self.password.replace("\\", "\\\\").replace(":", "\\:")
            file.write_text(f"*:*:*:*:{password}\n" if password else "")
            yield file


class _ToolFailed(Exception):
    def __init__(self, tool: str, output: str) -> None:
        last = " ".join(output.strip().splitlines()[-LAST_LINES:])
        super().__init__(redact(f"{tool} failed: {last or 'it gave no reason'}"))


def _quiet_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _pg_count(cursor: Any, table: str) -> int:
    cursor.execute(COUNT.format(connection.ops.quote_name(table)))
    (number,) = cursor.fetchone()
    return int(number)
