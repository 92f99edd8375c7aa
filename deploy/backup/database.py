"""The database: dumped and counted from one snapshot, and the dump proven.

The proof loads it into a scratch database that must come out the same, row by row.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from backup import programs
from backup.errors import BackupError, Damaged

TABLES = (
    "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
    "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
)
# A sum over what stands in each row, whatever their order: two tables of equal sum are equal.
SUM = (
    "SELECT count(*) || ' ' || "
    "coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint), 0) FROM {} AS t"
)
SAME_WORDS = (
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET extra_float_digits = 1; "
    "SET bytea_output = 'hex'; SET IntervalStyle = 'iso_8601'"
)
SHOWN = 3
Table = tuple[int, str]  # rows, and a sum over what stands in them


class Session:
    """One psql that answers statement by statement, so that a snapshot stays open meanwhile."""

    def __init__(self, database: str, user: str = "") -> None:
        words = [*_as(user), "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database]
        self._psql = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=programs.PLAIN,
            cwd="/",
            text=True,
        )
        self.ask(SAME_WORDS)

    def ask(self, statement: str) -> list[str]:
        """Return the rows of the answer."""
        end = "--- end of the answer ---"
        lines: list[str] = []
        into, out = self._pipes()
        try:
            into.write(f"{statement}\n;\\echo {end}\n")
            into.flush()
        except BrokenPipeError:
            raise BackupError(f"The database has gone away: {out.read().strip()}") from None
        for line in out:
            if line.strip() == end:
                return lines
            lines.append(line.rstrip("\n"))
        raise BackupError(f"The database refused: {' '.join(lines[-SHOWN:])}")

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        if self._psql.stdin is None or self._psql.stdout is None:
            raise BackupError("psql has no pipes.")
        return self._psql.stdin, self._psql.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        into, out = self._pipes()
        out.close()
        with suppress(BrokenPipeError):
            into.close()
        self._psql.wait()


def _as(user: str) -> list[str]:
    """Return what makes a program of root's the database's own user."""
    return ["runuser", "-u", user, "--"] if user else []


def version(database: str, user: str = "") -> str:
    with Session(database, user) as session:
        return session.ask("SHOW server_version")[0].split()[0]


def size(database: str, user: str = "") -> int:
    with Session(database, user) as session:
        return int(session.ask("SELECT pg_database_size(current_database())")[0])


def tables(database: str, user: str = "") -> list[str]:
    with Session(database, user) as session:
        return session.ask(TABLES)


def rename(database: str, name: str) -> None:
    with Session("postgres", "postgres") as session:
        session.ask(_end_sessions(database))
        session.ask(f'ALTER DATABASE "{database}" RENAME TO "{name}"')


def drop(database: str) -> None:
    with Session("postgres", "postgres") as session:
        session.ask(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


def set_read_only(database: str, roles: Sequence[str], *, is_read_only: bool) -> None:
    """Let the roles only read from now on, or write again; what they are at is ended."""
    change = "SET default_transaction_read_only = on" if is_read_only else ""
    with Session("postgres", "postgres") as session:
        for role in roles:
            what = change or "RESET default_transaction_read_only"
            session.ask(f'ALTER ROLE "{role}" IN DATABASE "{database}" {what}')
        session.ask(_end_sessions(database))


def _end_sessions(database: str) -> str:
    return (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "  # noqa: S608  our own name
        f"WHERE datname = '{database}'"
    )


def dump(database: str, file: Path) -> dict[str, Table]:
    """Write the dump and return what its tables hold, both of the same instant."""
    with Session(database) as session:
        session.ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = session.ask("SELECT pg_export_snapshot()")[0]
        flags = ("--format=custom", "--no-owner", "--no-acl", f"--snapshot={snapshot}")
        programs.run(["pg_dump", "--no-password", *flags, f"--file={file}", database])
        return _contents(session)


def contents(database: str, user: str = "") -> dict[str, Table]:
    with Session(database, user) as session:
        return _contents(session)


def _contents(session: Session) -> dict[str, Table]:
    return {name: _sum(session, name) for name in session.ask(TABLES)}


def _sum(session: Session, table: str) -> Table:
    rows, total = session.ask(SUM.format(table))[0].split()
    return int(rows), total


def load(database: str, dump: IO[bytes], *flags: str, user: str = "") -> None:
    """Load a dump whole, or leave the database as it was."""
    words = [*_as(user), "pg_restore", "--no-password", "--exit-on-error", "--single-transaction"]
    rest = ("--no-owner", "--no-acl", *flags, f"--dbname={database}")
    programs.run([*words, *rest], stdin=dump)


@contextmanager
def scratch(name: str) -> Iterator[str]:
    """Give an empty database that is gone afterwards."""
    copy = f"{name}_proof_{os.getpid()}"
    with Session("postgres") as session:
        for left in session.ask(
            f"SELECT datname FROM pg_database WHERE datname LIKE '{name}\\_proof\\_%' "  # noqa: S608
            "AND pg_has_role(datdba, 'USAGE')"
        ):
            session.ask(f'DROP DATABASE "{left}" WITH (FORCE)')
        session.ask(f'CREATE DATABASE "{copy}" TEMPLATE template0')
    try:
        yield copy
    finally:
        with Session("postgres") as session:
            session.ask(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')


def prove(database: str, file: Path, expected: dict[str, Table]) -> None:
    """Load the dump into a scratch database; raise Damaged when it does not come out the same."""
    try:
        with scratch(database) as copy, file.open("rb") as content:
            load(copy, content)
            compare(expected, contents(copy))
    except Damaged:
        raise
    except BackupError as error:
        raise Damaged(f"The dump does not restore: {error}") from None


def compare(expected: dict[str, Table], found: dict[str, Table]) -> None:
    """Raise Damaged with the tables that differ in rows or contents."""
    names = sorted(set(expected) | set(found))
    differ = [name for name in names if expected.get(name) != found.get(name)]
    if differ:
        raise Damaged(
            f"{len(differ)} tables differ from the dumped ones: {_told(differ, expected, found)}"
        )


def _told(names: Sequence[str], expected: dict[str, Table], found: dict[str, Table]) -> str:
    def rows(tables: dict[str, Table], name: str) -> str:
        return f"{tables[name][0]} rows" if name in tables else "missing"

    said = [f"{name} ({rows(expected, name)}, now {rows(found, name)})" for name in names[:SHOWN]]
    return ", ".join(said)
