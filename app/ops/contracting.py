"""What in a migration would take something away from the release that is still running.

An early migration runs while the old code answers. Whatever that code would miss, or would be
refused by the database for not knowing, has to wait for the late phase. What the same early plan
itself made is free: the old code does not know it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import singledispatch
from itertools import chain

from django.db import models
from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import AlterTogetherOptionOperation
from django.db.migrations.state import ModelState, ProjectState

from ops import field_changes

LATER = "Set `late = True` on the migration class: it then waits until no old process is left."
RENAME = (
    "Add the new name in an early migration, copy, and let a later release drop the old one "
    "by a migration with `late = True`."
)
TOLERATE = (
    "Add it with null=True or with db_default=…, fill it, and tighten it in a migration with "
    "`late = True`."
)


@dataclass(frozen=True)
class Finding:
    """Why one migration may not run early, and what to do instead."""

    migration: str
    message: str
    remedy: str


Reason = tuple[str, str]  # what the old release would meet, and the remedy


@dataclass(frozen=True)
class Known:
    """The schema before one operation, and what of it this very plan has made."""

    app: str
    state: ProjectState
    new_models: set[tuple[str, str]] = field(default_factory=set)
    new_fields: set[tuple[str, str, str]] = field(default_factory=set)

    def model(self, name: str) -> ModelState | None:
        return self.state.models.get((self.app, name.lower()))

    def is_free(self, name: str) -> bool:
        """Say whether the old release has no table of this model to miss."""
        state = self.model(name)
        if (self.app, name.lower()) in self.new_models or state is None:
            return True
        return bool(state.options.get("proxy")) or state.options.get("managed") is False

    def has_new_field(self, model: str, name: str) -> bool:
        return (self.app, model.lower(), name.lower()) in self.new_fields

    def leaves_empty(self, model: str, name: str) -> bool:
        """Say whether the old release's rows have NULL there, as it does not know the field."""
        state = self.model(model)
        if state is None or not self.has_new_field(model, name):
            return False
        column = state.get_field(name)
        return bool(column.null) and not field_changes.has_db_default(column)


def inspect(
    plan: Iterable[Migration], state: ProjectState, *, late: frozenset[tuple[str, str]]
) -> Iterator[Finding]:
    """Yield what the early migrations of ``plan`` take away; ``state`` is used up."""
    known = Known("", state)
    for migration in plan:
        key = (migration.app_label, migration.name)
        here = replace(known, app=migration.app_label)
        for operation in migration.operations:
            if key not in late:
                for message, remedy in reasons(operation, here):
                    yield Finding(".".join(key), message, remedy)
                _remember(operation, here)
            operation.state_forwards(migration.app_label, state)


def _remember(operation: Operation, known: Known) -> None:
    if isinstance(operation, operations.SeparateDatabaseAndState):
        for part in chain(operation.database_operations, operation.state_operations):
            _remember(part, known)
    elif isinstance(operation, operations.CreateModel):
        known.new_models.add((known.app, operation.name_lower))
    elif isinstance(operation, operations.RenameModel) and known.is_free(operation.old_name):
        known.new_models.add((known.app, operation.new_name_lower))
    elif isinstance(operation, operations.AddField):
        known.new_fields.add((known.app, operation.model_name_lower, operation.name_lower))
    elif isinstance(operation, operations.RenameField):
        old, new = operation.old_name_lower, operation.new_name_lower
        if known.has_new_field(operation.model_name, old):
            known.new_fields.add((known.app, operation.model_name_lower, new))


@singledispatch
def reasons(operation: Operation, known: Known) -> Iterator[Reason]:  # noqa: ARG001
    """Yield why the old release would not survive ``operation``; most operations only add."""
    yield from ()


@reasons.register
def _(operation: operations.SeparateDatabaseAndState, known: Known) -> Iterator[Reason]:
    here = replace(known, state=known.state.clone())
    for part in operation.database_operations:
        yield from reasons(part, here)
        part.state_forwards(here.app, here.state)


@reasons.register
def _(operation: operations.DeleteModel, known: Known) -> Iterator[Reason]:
    if not known.is_free(operation.name):
        yield f"drops the table of {operation.name}, which the running release still uses.", LATER


@reasons.register
def _(operation: operations.RenameModel, known: Known) -> Iterator[Reason]:
    if not known.is_free(operation.old_name):
        yield (
            (
                f"renames {operation.old_name} to {operation.new_name}; the running release asks "
                "for the old table."
            ),
            RENAME,
        )


@reasons.register
def _(operation: operations.AlterModelTable, known: Known) -> Iterator[Reason]:
    state = known.model(operation.name)
    if state is None or known.is_free(operation.name):
        return
    default = f"{known.app}_{operation.name_lower}"
    if (state.options.get("db_table") or default) != (operation.table or default):
        yield (
            f"renames the table of {operation.name}, which the running release still uses.",
            RENAME,
        )


@reasons.register
def _(operation: operations.RemoveField, known: Known) -> Iterator[Reason]:
    if known.is_free(operation.model_name):
        return
    if not known.has_new_field(operation.model_name, operation.name):
        yield (
            (
                f"drops {operation.model_name}.{operation.name}, which the running release still "
                "reads and writes."
            ),
            LATER,
        )


@reasons.register
def _(operation: operations.RenameField, known: Known) -> Iterator[Reason]:
    if known.is_free(operation.model_name):
        return
    if not known.has_new_field(operation.model_name, operation.old_name):
        yield (
            (
                f"renames {operation.model_name}.{operation.old_name} to {operation.new_name}; the "
                "running release asks for the old name."
            ),
            RENAME,
        )


@reasons.register
def _(operation: operations.AddField, known: Known) -> Iterator[Reason]:
    if known.is_free(operation.model_name):
        return
    if why := field_changes.refuses_old_rows(operation.field):
        yield f"adds {operation.model_name}.{operation.name}: {why}", TOLERATE


@reasons.register
def _(operation: operations.AlterField, known: Known) -> Iterator[Reason]:
    state = known.model(operation.model_name)
    if state is None or known.is_free(operation.model_name):
        return
    is_new = known.has_new_field(operation.model_name, operation.name)
    tighter = field_changes.tightened if not is_new else field_changes.tightened_new
    for why in tighter(operation.name, state.get_field(operation.name), operation.field):
        yield f"alters {operation.model_name}.{operation.name}: {why}", LATER


@reasons.register
def _(operation: operations.AddConstraint, known: Known) -> Iterator[Reason]:
    constraint = operation.constraint
    if known.is_free(operation.model_name):
        return
    if isinstance(constraint, models.UniqueConstraint) and constraint.nulls_distinct is not False:
        names = constraint.fields
        if any(known.leaves_empty(operation.model_name, name) for name in names):
            return  # rows of the old release are NULL there, and NULLs never collide
    yield (
        (
            f"adds the constraint {constraint.name} to {operation.model_name}: rows that the "
            "running release writes may break it."
        ),
        LATER,
    )


@reasons.register
def _(operation: AlterTogetherOptionOperation, known: Known) -> Iterator[Reason]:
    state = known.model(operation.name)
    if state is None or known.is_free(operation.name) or operation.option_name != "unique_together":
        return
    before = {tuple(names) for names in state.options.get("unique_together") or ()}
    for names in sorted({tuple(names) for names in operation.option_value or ()} - before):
        if not any(known.leaves_empty(operation.name, name) for name in names):
            yield (
                (
                    f"makes ({', '.join(names)}) of {operation.name} unique: rows that the running "
                    "release writes may break it."
                ),
                LATER,
            )


@reasons.register
def _(operation: operations.AlterOrderWithRespectTo, known: Known) -> Iterator[Reason]:
    state = known.model(operation.name)
    if state is None or known.is_free(operation.name):
        return
    if state.options.get("order_with_respect_to") != operation.order_with_respect_to:
        yield (
            (
                f"changes the order column of {operation.name}, which the running release does not "
                "write as the new one does."
            ),
            LATER,
        )


@reasons.register
def _(operation: operations.RunSQL, known: Known) -> Iterator[Reason]:  # noqa: ARG001
    for statement in statements(operation):
        if found := CONTRACTING_SQL.search(statement) or _bare_not_null(statement):
            words = " ".join(found.group().split())
            yield f"runs SQL with {words!r}, which the running release may not survive.", LATER


NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
CONTRACTING_SQL = re.compile(
    r"""
    \bDROP\s+(?!INDEX\b|CONSTRAINT\b|NOT\s+NULL\b|EXPRESSION\b|IDENTITY\b)\S+
    | \bRENAME\s+(?!CONSTRAINT\b)\S+
    | \bSET\s+(?:NOT\s+NULL|SCHEMA)\b
    | \bALTER\s+(?:COLUMN\s+)?\S+\s+(?:SET\s+DATA\s+)?TYPE\b
    | \bADD\s+(?:CONSTRAINT|UNIQUE|CHECK|PRIMARY|FOREIGN|EXCLUDE)\b
    | \bCREATE\s+UNIQUE\s+INDEX\b
    | \b(?:TRUNCATE|REVOKE)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
ADD_COLUMN = re.compile(r"\bADD\s+(?:COLUMN\s+)?[^,;]*?\bNOT\s+NULL\b[^,;]*", re.IGNORECASE)


def statements(operation: operations.RunSQL) -> list[str]:
    """Return the SQL without comments and literals, which could hide or feign words."""
    given = operation.sql if isinstance(operation.sql, (list, tuple)) else [operation.sql]
    texts = [one if isinstance(one, str) else one[0] for one in given]
    return [
        statement
        for text in texts
        for statement in NOISE.sub("''", str(text)).split(";")
        if not re.match(r"\s*ALTER\s+INDEX\b", statement, re.IGNORECASE)
    ]


def _bare_not_null(statement: str) -> re.Match[str] | None:
    if not re.search(r"\bALTER\s+TABLE\b", statement, re.IGNORECASE):
        return None
    added = ADD_COLUMN.finditer(re.sub(r"\([^()]*\)", "", statement))
    return next(
        (one for one in added if not re.search(r"\bDEFAULT\b", one.group(), re.IGNORECASE)), None
    )
