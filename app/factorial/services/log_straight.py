"""Storing one log in one question, where PostgreSQL can settle all of it by itself.

Two statements travel together: the first waits for whoever writes to the run, the second sees what
they left. Whatever is not plain (a log that came before, names that are new, a run that is not
running, a host) stores nothing here and is left to the longer way, which says what is wrong.
"""

import uuid
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from django.db import InterfaceError, OperationalError, connection

from accounts.keys import digest
from runs.models import Trial

MINE = """
    factorial_logrun r JOIN factorial_session s ON s.id = r.session_id
    WHERE r.public_id = %(run)s AND s.key_digest = %(key)s AND s.ended_at IS NULL
"""
WAIT = f"SELECT 1 FROM {MINE} FOR NO KEY UPDATE OF r;"  # noqa: S608  the same
TARGET = f"""
    SELECT r.id, r.run_id, r.last_number, v.id AS visit FROM (
        SELECT r.id, r.run_id, r.last_number, r.status FROM {MINE}
    ) r CROSS JOIN LATERAL (
        SELECT id, content FROM runs_visit WHERE run_id = r.run_id ORDER BY position DESC LIMIT 1
    ) v
    WHERE r.status = 'running' AND r.last_number < %(number)s
        AND (v.content->'names' = 'null'::jsonb
             OR v.content->'names'->%(type)s ?& %(names)s::text[])
"""  # noqa: S608  both are made of words of this file
# The last number moves when the gap before it closes: behind this log, as far as others are there.
END = """
    COALESCE((
        SELECT max(number) FROM (
            SELECT t."index" AS number, row_number() OVER (ORDER BY t."index") AS place
            FROM runs_trial t WHERE t.visit_id = target.visit AND t."index" > %(number)s
        ) behind WHERE number = %(number)s + place
    ), %(number)s)
"""
STORE = """
    {wait}
    WITH target AS ({target}),
    made AS (
        INSERT INTO runs_trial ({columns}) SELECT {cells} FROM target
        ON CONFLICT DO NOTHING RETURNING id
    ), moved AS (
        UPDATE factorial_logrun l SET last_number = {end} FROM target, made
        WHERE l.id = target.id AND target.last_number = %(before)s
    ), seen AS (
        UPDATE runs_run b SET seen_at = %(at)s FROM target, made
        WHERE b.id = target.run_id AND (b.seen_at IS NULL OR b.seen_at < %(quiet)s)
    )
    SELECT id FROM made
"""


def can() -> bool:
    return connection.vendor == "postgresql"


def store(  # noqa: PLR0913  all that a row says
    *, key: str, run: uuid.UUID, number: int, kind: str, raw: str, code: str,
    names: tuple[str, ...], at: datetime, seen_every: timedelta,
) -> int | None:  # fmt: skip
    """Store a log of a participant's run, and return its id; nothing where it is not plain.

    A connection that was lost is not asked about first: the longer way opens another, and finds
    the log stored if it was.
    """
    row = Trial(index=number, digest=code, raw=raw, plugin=kind, received_at=at)
    facts = {f"cell_{name}": value for name, value in _cells(row).items()}
    facts |= {"run": run, "key": digest(key), "number": number,
              "before": number - 1, "type": kind,
              "names": list(names), "at": at, "quiet": at - seen_every}  # fmt: skip
    try:
        return _asked(facts)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        return None


def _asked(facts: dict[str, Any]) -> int | None:
    cast("Any", connection).health_check_done = True
    with connection.cursor() as cursor:
        cursor.execute(_sql(), facts)
        found = cursor.fetchone()
    return int(found[0]) if found else None


def _cells(row: Trial) -> dict[str, Any]:
    return {
        field.column: field.get_db_prep_save(field.pre_save(row, True), connection)
        for field in _fields()
    }


@cache
def _fields() -> list[Any]:
    """Return the columns of a log but its key and its visit, which the database finds."""
    fields = Trial._meta.concrete_fields  # noqa: SLF001
    return [field for field in fields if not field.primary_key and field.column != "visit_id"]


@cache
def _sql() -> str:
    columns = [field.column for field in _fields()]
    return STORE.format(
        wait=WAIT,
        target=TARGET,
        end=END,
        columns=", ".join(["visit_id", *(f'"{column}"' for column in columns)]),
        cells=", ".join(["target.visit", *(f"%(cell_{column})s" for column in columns)]),
    )
