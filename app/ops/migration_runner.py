"""Apply one phase of a plan: each migration whole or not at all, and none that blocks the site.

On PostgreSQL a migration waits 4 s for a lock and each statement may take 5 s, because everybody
who comes after a waiting ALTER TABLE waits as well. A lock that is not free is asked for again
with pauses in between.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from ops import migration_phases
from ops.migration_phases import Plan, Refusal, name_of

LOCK_S = 4
STATEMENT_S = 5
PAUSES_S = (0.5, 1, 2, 4)
LOCK_NOT_AVAILABLE, DEADLOCK, QUERY_CANCELED = "55P03", "40P01", "57014"
STOPS_LATE = {"ghost", "conflict", "history", "graph", "half-done"}
STOPS_EARLY = STOPS_LATE | {"early-after-late"}


class PhaseRefused(Exception):
    """The plan may not run; nothing was applied."""

    def __init__(self, refusals: list[Refusal]) -> None:
        lines = [f"{one.migration} {one.message} {one.remedy}" for one in refusals]
        super().__init__("\n".join(lines))


class MigrationFailed(Exception):
    """One migration failed; those before it are applied, nothing of it is."""


@dataclass(frozen=True)
class Applied:
    name: str
    seconds: float


class WholeExecutor(MigrationExecutor):
    """Records a migration in the very transaction that applies it.

    Django runs deferred statements at the end of that transaction and records the migration after
    it; a process killed in between would leave a migration applied and not recorded.
    """

    def apply_migration(
        self,
        state: ProjectState,
        migration: Migration,
        fake: bool = False,  # noqa: ARG002  Django's signature
        fake_initial: bool = False,  # noqa: ARG002
    ) -> ProjectState:
        with self.connection.schema_editor(atomic=migration.atomic) as editor:
            state = migration.apply(state, editor)
            while editor.deferred_sql:
                editor.execute(editor.deferred_sql.pop(0))
            self.record_migration(migration)  # type: ignore[arg-type,call-arg]  # the stubs are old
        return state


def run(
    connection: BaseDatabaseWrapper,
    phase: str,
    *,
    ghosts_allowed: bool,
    tell: Callable[[Applied], None],
) -> None:
    """Apply the early migrations, or (late) everything that remains.

    A contracting operation is judged by the plan that the pipeline asks for, not again here.
    """
    wanted = migration_phases.plan(connection, ghosts_allowed=ghosts_allowed)
    stops = STOPS_EARLY if phase == "early" else STOPS_LATE
    if refusals := [one for one in wanted.refusals if one.kind in stops]:
        raise PhaseRefused(refusals)
    _limit(connection, STATEMENT_S)
    try:
        _apply_all(connection, _steps(wanted, phase), tell)
    finally:
        _unlimit(connection)


def _steps(wanted: Plan, phase: str) -> list[Migration]:
    return list(wanted.early if phase == "early" else wanted.both)


def _apply_all(
    connection: BaseDatabaseWrapper, steps: list[Migration], tell: Callable[[Applied], None]
) -> None:
    executor = WholeExecutor(connection)
    state = migration_phases.schema_of(executor)
    # A plan in order of the graph, with the instances of this executor's loader.
    ordered = [executor.loader.graph.nodes[one.app_label, one.name] for one in steps]
    executor.migrate([], plan=[])  # marks a squash as applied when all that it replaces is
    alias, pairs = connection.alias, [(one, False) for one in ordered]
    if ordered:
        emit_pre_migrate_signal(0, False, alias, apps=state.apps, plan=pairs)
    for migration in ordered:
        started = time.perf_counter()
        state = _apply(executor, state, migration)
        tell(Applied(name_of(migration), time.perf_counter() - started))
    # Also when nothing was left to apply: a run that was killed may have missed it.
    emit_post_migrate_signal(0, False, alias, apps=apps, plan=pairs)


def _apply(executor: WholeExecutor, state: ProjectState, migration: Migration) -> ProjectState:
    limit_s = getattr(migration, "statement_timeout_s", STATEMENT_S)
    _limit(executor.connection, limit_s)
    for pause_s in (*PAUSES_S, None):
        try:
            return executor.migrate([], plan=[(migration, False)], state=state.clone())
        except DatabaseError as error:
            if pause_s is None or not (migration.atomic and _is_busy(executor.connection, error)):
                raise MigrationFailed(_explain(migration, error, limit_s)) from error
            time.sleep(pause_s)
        except Exception as error:
            raise MigrationFailed(_explain(migration, error, limit_s)) from error
    raise AssertionError  # the last round has returned or raised


def _limit(connection: BaseDatabaseWrapper, statement_s: float) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _set(cursor, "lock_timeout", f"{LOCK_S}s")
            _set(cursor, "statement_timeout", f"{int(statement_s * 1000)}ms")
        elif connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA busy_timeout = {LOCK_S * 1000}")


def _set(cursor: Any, name: str, value: str) -> None:
    cursor.execute("SELECT set_config(%s, %s, false)", [name, value])


def _unlimit(connection: BaseDatabaseWrapper) -> None:
    """Give the connection back as it was: closed, it is opened anew with its own settings."""
    if not connection.in_atomic_block:
        connection.close()


def _code(error: Exception) -> str:
    return str(getattr(error.__cause__, "pgcode", "") or "")


def _is_busy(connection: BaseDatabaseWrapper, error: Exception) -> bool:
    if connection.vendor == "sqlite":
        return "is locked" in str(error)
    return _code(error) in {LOCK_NOT_AVAILABLE, DEADLOCK}


def _explain(migration: Migration, error: Exception, limit_s: float) -> str:
    cause = " ".join(str(error).split()) or type(error).__name__
    kept = (
        "Nothing of it was kept." if migration.atomic else "It is not atomic: look at what it left."
    )
    remedy = "Mend it and push again."
    if _code(error) == QUERY_CANCELED:
        remedy = (
            f"A statement took longer than {limit_s:g} s: work in batches, or set "
            "`statement_timeout_s = …` on the migration class with the reason beside it."
        )
    elif _code(error) == LOCK_NOT_AVAILABLE or "is locked" in cause:
        tries = len(PAUSES_S) + 1
        remedy = f"Somebody held the table in each of {tries} tries of {LOCK_S} s: try again later."
    return f"{name_of(migration)} failed: {type(error).__name__}: {cause}. {kept} {remedy}"
