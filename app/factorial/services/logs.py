"""Storing logs exactly once, one by one or many at a time."""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils.timezone import now

from factorial.log_errors import BadBody, LogNumberExists, NoRunForLogs, RunNotRunning
from factorial.models import LogRun, Session
from factorial.queries.log_places import Place, Target, held, placed
from factorial.queries.log_runs import uuids_in
from factorial.services import log_straight
from runs.models import Run, Trial, Visit

SEEN_EVERY = timedelta(seconds=10)
# So many names of values are noted in one sequence, all of which the database can hold; otherwise
# exports look for them in the logs.
MOST_NAMES = 2000
MOVE = "UPDATE factorial_logrun SET last_number = %s WHERE id = %s"


@dataclass(frozen=True)
class NewLog:
    """A log as a client sends it; ``digest`` is the same for the same type and values."""

    number: int
    type: str
    raw: str
    digest: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> "NewLog":
        kind, values = attributes["logType"], attributes["values"]
        try:
            raw = json.dumps(values, separators=(",", ":"))
            same = json.dumps([kind, values], separators=(",", ":"), sort_keys=True)
        except RecursionError:
            raise BadBody("values are nested too deeply", source={"pointer": ""}) from None
        code = sha256(same.encode()).hexdigest()
        return cls(int(attributes["number"]), kind, raw, code, tuple(values))


@dataclass(frozen=True)
class Outcome:
    """What became of a batch: the ids of what is stored, by number, and what was refused."""

    ids: dict[int, int]
    new: int
    refused: list[int]


def add(*, key: str, session: Session | None, run: str, log: NewLog) -> int:
    """Store one log, and return its id; the same log once more has the id that it had.

    Without a ``session`` the run is looked for by the ``key`` of a participant's, in one question.

    Raises
    ------
    NoRunForLogs, RunNotRunning
        The session has no such run, or it is not running.
    LogNumberExists
        Another log has the number.
    """
    pk = _straight(key, run, log) if session is None else None
    if pk is not None:
        return pk
    outcome = add_many(key=key, session=session, run=run, logs=[log])
    if outcome.refused:
        raise LogNumberExists(
            f"Cannot add log to run '{run}', log number {log.number} already exists"
        )
    return outcome.ids[log.number]


def _straight(key: str, run: str, log: NewLog) -> int | None:
    """Store a log in one question where the database can; it is asked for what it can hold."""
    which = uuids_in([run])
    texts = (log.type, *log.names)
    if not which or not log_straight.can() or not all(map(is_storable, texts)):
        return None
    return log_straight.store(
        key=key, run=which[0], number=log.number, kind=log.type, raw=log.raw, code=log.digest,
        names=log.names, at=now(), seen_every=SEEN_EVERY,
    )  # fmt: skip


@transaction.atomic
def add_many(*, key: str, session: Session | None, run: str, logs: Sequence[NewLog]) -> Outcome:
    """Store logs of one run in one statement; those that differ from stored ones are refused.

    Raises
    ------
    NoRunForLogs, RunNotRunning
        As for one log; nothing is stored.
    """
    at = now()
    target = held(key=key, session=session, run=run, since=at - SEEN_EVERY)
    if target is None:
        raise NoRunForLogs(f"Run '{run}' not found")
    if target.status != LogRun.Status.RUNNING:
        raise RunNotRunning(f"Cannot add logs to run '{run}', run is not running")
    numbers = {log.number for log in logs}
    place = placed(target.run_id, numbers | {number + 1 for number in numbers})
    digests = {number: digest for number, (_, digest) in place.stored.items()}
    fresh: dict[int, NewLog] = {}
    refused = []
    for position, log in enumerate(logs):
        if log.number not in digests and log.number > place.after:
            fresh[log.number], digests[log.number] = log, log.digest
        if digests.get(log.number) != log.digest:
            refused.append(position)
    ids = {number: pk for number, (pk, _) in place.stored.items()}
    if fresh:
        ids |= _insert(target, place, list(fresh.values()), at)
    return Outcome(ids, len(fresh), refused)


def _insert(target: Target, place: Place, logs: Sequence[NewLog], at: datetime) -> dict[int, int]:
    if len(logs) == 1:
        ids = {logs[0].number: _insert_one(place, logs[0], at)}
    else:
        made = Trial.objects.bulk_create(_trial(place, log, at) for log in logs)
        ids = {trial.index: trial.pk for trial in made}
    _learn(place, logs)
    _advance(target, place, ids.keys())
    if target.was_quiet:
        Run.objects.filter(pk=target.run_id).update(seen_at=at)
    return ids


def _trial(place: Place, log: NewLog, at: datetime) -> Trial:
    return Trial(
        visit_id=place.visit,
        index=log.number,
        digest=log.digest,
        raw=log.raw,
        plugin=log.type,
        received_at=at,
    )


def _insert_one(place: Place, log: NewLog, at: datetime) -> int:
    """Write one row by the SQL that Django would make of it, which is made once."""
    row = _trial(place, log, at)
    fields = _fields()
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(_sql(connection.vendor), values)
        (pk,) = cursor.fetchone()
    return int(pk)


@cache
def _fields() -> list[Any]:
    return [field for field in Trial._meta.concrete_fields if not field.primary_key]  # noqa: SLF001


@cache
def _sql(_vendor: str) -> str:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in _fields())
    marks = ", ".join(["%s"] * len(_fields()))
    table = quote(Trial._meta.db_table)  # noqa: SLF001
    return f"INSERT INTO {table} ({columns}) VALUES ({marks}) RETURNING id"  # noqa: S608


def _advance(target: Target, place: Place, numbers: Collection[int]) -> None:
    """Move the last number to the end of what is there without a gap.

    What follows each new number was looked for before. Only where it is there, and not one of the
    new ones, the database is asked how far that goes on.
    """
    last = target.last_number
    while last + 1 in numbers:
        last += 1
    if last == target.last_number:
        return
    end = _end(place.visit, last) if last + 1 in place.stored else last
    if end != last:
        LogRun.objects.filter(pk=target.pk).update(last_number=end)
        return
    with connection.cursor() as cursor:
        cursor.execute(MOVE, [last, target.pk])


def _end(visit: uuid.UUID, number: int) -> Any:
    """Return the query of the last log behind a number before a gap."""
    there = Trial.objects.filter(visit=visit).order_by("index")
    following = there.filter(index=OuterRef("index") + 1)
    return Subquery(there.filter(~Exists(following), index__gte=number).values("index")[:1])


def _learn(place: Place, logs: Sequence[NewLog]) -> None:
    """Note names of values that the sequence has not had, so that exports know their columns."""
    names = place.content.get("names", {})
    if names is None:
        return
    known = {kind: set(some) for kind, some in names.items()}
    is_new = False
    for log in logs:
        before = known.setdefault(log.type, set())
        if not before.issuperset(log.names) or log.type not in names:
            before.update(log.names)
            is_new = True
    if is_new:
        every = [name for some in known.values() for name in some]
        is_too_much = len(every) > MOST_NAMES or not all(map(is_storable, every))
        told = None if is_too_much else {kind: sorted(some) for kind, some in known.items()}
        content = {**place.content, "names": told}
        Visit.objects.filter(pk=place.visit).update(content=content)


def is_storable(text: str) -> bool:
    """Say whether a database can hold a text: without NUL, and without half a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
