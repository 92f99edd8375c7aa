"""Where logs go: their run, held until the transaction ends, and what is there already.

These two questions are asked for every log, so their SQL is written out: Django takes several times
as long to put them together as the database to answer them.
"""

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.keys import digest
from factorial.models import Session
from factorial.queries.log_runs import parts_in, uuids_in

HELD = """
    SELECT r.id, r.status, r.last_number, r.run_id, b.seen_at IS NULL OR b.seen_at < %s
    FROM factorial_logrun r JOIN runs_run b ON b.id = r.run_id
"""
OF_KEY = """
    JOIN factorial_session s ON s.id = r.session_id
    WHERE r.public_id = %s AND s.key_digest = %s AND s.ended_at IS NULL
"""
OF_SESSION = "WHERE r.public_id = %s AND r.session_id = %s"
OF_HOST = (
    "JOIN factorial_design d ON d.id = r.design_id WHERE r.public_id = %s AND d.project_id = %s"
)
ALONE = " FOR NO KEY UPDATE OF r"
PLACED = """
    SELECT v.id, v.content, t."index", t.id, t.digest
    FROM runs_visit v LEFT JOIN runs_trial t ON t.visit_id = v.id AND t."index" IN ({numbers})
    WHERE v.run_id = %s ORDER BY v.position
"""


@dataclass(frozen=True)
class Target:
    """The run that logs go to; nobody else writes to it until the transaction ends."""

    pk: int
    status: str
    last_number: int
    run_id: uuid.UUID
    was_quiet: bool


@dataclass(frozen=True)
class Place:
    """The sequence that logs go into; ``stored`` has key and digest of what is there by number."""

    visit: uuid.UUID
    after: int
    content: dict[str, Any]
    stored: dict[int, tuple[int, str]]


def held(*, key: str, session: Session | None, run: str, since: datetime) -> Target | None:
    """Return the run, locked, if the session may write to it; ``since`` says what is quiet.

    Without a ``session`` that is decided by the ``key`` of a participant's in the same question.
    """
    which = uuids_in([run])
    if not which:
        return None
    who, whose = _who(key, session)
    sql = HELD + who + (ALONE if connection.features.has_select_for_update else "")
    at = connection.ops.adapt_datetimefield_value(since)
    with connection.cursor() as cursor:
        cursor.execute(sql, [at, _sent(which[0]), whose])
        row = cursor.fetchone()
    if row is None:
        return None
    pk, status, last, record, was_quiet = row
    return Target(pk, status, last, _came(record), bool(was_quiet))


def _who(key: str, session: Session | None) -> tuple[str, Any]:
    if session is None:
        return OF_KEY, digest(key)
    if session.host:
        return OF_HOST, session.host.project_id
    return OF_SESSION, session.pk


def placed(run: uuid.UUID, numbers: Collection[int]) -> Place:
    """Return the sequence that is written to, and what is stored under some numbers."""
    sql = PLACED.format(numbers=",".join(str(int(number)) for number in numbers))
    with connection.cursor() as cursor:
        cursor.execute(sql, [_sent(run)])
        rows = [(_came(visit), *rest) for visit, *rest in cursor.fetchall()]
    contents = {visit: content for visit, content, *_ in rows}
    contents = {visit: json.loads(content) for visit, content in contents.items()}
    parts = {part.visit: part for part in parts_in(contents)}
    stored = {
        number: (pk, code) for visit, _, number, pk, code in rows
        if pk is not None and parts[visit].holds(number)
    }  # fmt: skip
    current = parts[rows[-1][0]]
    return Place(current.visit, current.after, contents[current.visit], stored)


def _sent(key: uuid.UUID) -> Any:
    """Return a UUID as the database at hand keeps it."""
    return key if connection.features.has_native_uuid_field else key.hex


def _came(key: Any) -> uuid.UUID:
    return key if isinstance(key, uuid.UUID) else uuid.UUID(key)
