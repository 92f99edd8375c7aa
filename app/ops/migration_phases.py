"""Which migrations run before the switch to a release and which after it, and which may not run.

A migration is late when its class says `late = True`, or when it says nothing, follows a pending
late one and can wait. Everything else is early. While there is no old release to protect (an empty
database, or a site that never was live) everything is early.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.exceptions import (
    BadMigrationError,
    CircularDependencyError,
    InconsistentMigrationHistory,
    NodeNotFoundError,
)
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from ops import contracting
from ops.migration_rulings import RULINGS

Key = tuple[str, str]

CAN_WAIT = (
    migrations.AddConstraint,
    migrations.AddIndex,
    migrations.AlterModelManagers,
    migrations.AlterModelOptions,
    migrations.AlterModelTableComment,
    migrations.AlterUniqueTogether,
    migrations.DeleteModel,
    migrations.RemoveField,
    migrations.RemoveIndex,
    migrations.RenameIndex,
)


@dataclass(frozen=True)
class Refusal:
    """Why a plan may not run; `kind` tells programs which rule it is."""

    migration: str
    message: str
    remedy: str
    kind: str


@dataclass(frozen=True)
class Plan:
    """What is pending, in the order in which it would run."""

    early: tuple[Migration, ...] = ()
    late: tuple[Migration, ...] = ()
    ghosts: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def both(self) -> tuple[Migration, ...]:
        return self.early + self.late


def name_of(migration: Migration) -> str:
    return f"{migration.app_label}.{migration.name}"


def said_late(migration: Migration) -> bool | None:
    """Return what the ruling or the class says; None when neither says anything."""
    if ruling := RULINGS.get(name_of(migration)):
        return ruling.late
    said: bool | None = getattr(migration, "late", None)
    return said


def plan(connection: BaseDatabaseWrapper, *, ghosts_allowed: bool = False) -> Plan:
    """Return what is pending in ``connection`` and all that speaks against it."""
    try:
        executor = MigrationExecutor(connection)
    except (NodeNotFoundError, CircularDependencyError, BadMigrationError) as error:
        return Plan(refusals=(_broken_graph(error),))
    return _planned(executor, ghosts_allowed=ghosts_allowed)


def _planned(executor: MigrationExecutor, *, ghosts_allowed: bool) -> Plan:
    refusals = [*_conflicts(executor), *_history(executor)]
    ghosts = find_ghosts(executor)
    if not ghosts_allowed:
        refusals += [_ghost(name) for name in ghosts]
    pending = [step for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    refusals += _half_done(pending)
    late: frozenset[Key] = frozenset()
    if something_to_protect(executor):
        late, out_of_order = _late(executor, pending)
        refusals += [*out_of_order, *_contracting(executor, pending, late)]
    early_steps = tuple(one for one in pending if _key(one) not in late)
    late_steps = tuple(one for one in pending if _key(one) in late)
    return Plan(early_steps, late_steps, tuple(ghosts), tuple(refusals))


def _key(migration: Migration) -> Key:
    return migration.app_label, migration.name


def something_to_protect(executor: MigrationExecutor) -> bool:
    """Say whether an old release may be running on this database."""
    never_live = settings.RELEASE != "development" and not Path(settings.LIVE).is_symlink()
    return bool(executor.loader.applied_migrations) and not never_live


def find_ghosts(executor: MigrationExecutor) -> list[str]:
    """Return what the database has applied and this code does not have."""
    loader = executor.loader
    known = set(loader.disk_migrations)
    for replacement in loader.disk_migrations.values():
        known.update((app, name) for app, name in replacement.replaces)
    return sorted(f"{app}.{name}" for app, name in set(loader.applied_migrations) - known)


def _ghost(name: str) -> Refusal:
    app = name.partition(".")[0]
    return Refusal(
        name,
        "is applied in the database, but this code does not have it.",
        "Push a commit that contains it; `git log --all -- '*/migrations/*'` finds one. If a "
        f"squash took its place: `manage.py migrate {app} --prune` on the site.",
        "ghost",
    )


def _conflicts(executor: MigrationExecutor) -> Iterator[Refusal]:
    for app, names in sorted(executor.loader.detect_conflicts().items()):
        yield Refusal(
            f"{app}.{names[0]}",
            f"conflicts with {', '.join(names[1:])}: both are the last of {app}.",
            f"Run `manage.py makemigrations --merge {app}` and commit the result.",
            "conflict",
        )


def _history(executor: MigrationExecutor) -> Iterator[Refusal]:
    try:
        executor.loader.check_consistent_history(executor.connection)
    except InconsistentMigrationHistory as error:
        culprit = str(error).split()[1]  # "Migration app.name is applied before …"
        yield Refusal(
            culprit,
            f"does not fit the database: {error}",
            "Do not add a dependency to a migration that a site has applied; make a new one.",
            "history",
        )


def _broken_graph(error: Exception) -> Refusal:
    origin = getattr(error, "origin", None)
    return Refusal(
        ".".join(_key(origin)) if isinstance(origin, Migration) else str(origin or "migrations"),
        f"cannot be ordered: {error}",
        "Mend the `dependencies` of the migration; `manage.py makemigrations --check` must pass.",
        "graph",
    )


def _half_done(pending: list[Migration]) -> Iterator[Refusal]:
    for migration in pending:
        if not migration.atomic and len(migration.operations) > 1:
            if name_of(migration) in RULINGS:
                continue
            yield Refusal(
                name_of(migration),
                "has atomic = False and several operations, so a failure would leave it half done.",
                "Give each of these operations a migration of its own.",
                "half-done",
            )


def _late(
    executor: MigrationExecutor, pending: list[Migration]
) -> tuple[frozenset[Key], list[Refusal]]:
    """Return the late ones of ``pending`` and the early ones that would have to run after them."""
    late: set[Key] = set()
    out_of_order: list[Refusal] = []
    for migration in pending:
        parents = executor.loader.graph.node_map[_key(migration)].parents
        before = sorted(late & {node.key for node in parents})
        said = said_late(migration)
        if said or (before and said is None and _can_wait(migration)):
            late.add(_key(migration))
        elif before:
            late.add(_key(migration))  # its own followers are not to blame
            out_of_order.append(_early_after_late(migration, ".".join(before[0])))
    return frozenset(late), out_of_order


def _can_wait(migration: Migration) -> bool:
    return all(isinstance(operation, CAN_WAIT) for operation in migration.operations)


def _early_after_late(migration: Migration, late: str) -> Refusal:
    return Refusal(
        name_of(migration),
        f"is early but depends on {late}, which is late and not applied yet.",
        f"Push the commit that brings {late} first and let it finish, or set `late = True` here "
        "too if the new release can do without it until then.",
        "early-after-late",
    )


def _contracting(
    executor: MigrationExecutor, pending: list[Migration], late: frozenset[Key]
) -> Iterator[Refusal]:
    state = schema_of(executor)
    for found in contracting.inspect(pending, state, late=late):
        if found.migration not in RULINGS:
            yield Refusal(found.migration, found.message, found.remedy, "contracting")


def schema_of(executor: MigrationExecutor) -> ProjectState:
    """Return the models as the database has them now."""
    state: ProjectState = executor._create_project_state(  # type: ignore[attr-defined]  # noqa: SLF001  no public way
        with_applied_migrations=True
    )
    return state


def describe_operation(
    migration: Migration, operation: migrations.operations.base.Operation
) -> str:
    """Return e.g. ``AddField person.phone``."""
    model = getattr(operation, "model_name", "")
    name = getattr(operation, "name", "") or getattr(operation, "old_name", "")
    subject = ".".join(part for part in (model, name) if part) or migration.app_label
    return f"{type(operation).__name__} {subject}"
