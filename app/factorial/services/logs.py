"""Storing logs exactly once, one by one or many at a time."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.utils.timezone import now

from accounts.keys import digest as digest_of
from factorial.log_errors import BadBody, LogNumberExists, NoRunForLogs, RunNotRunning
from factorial.models import LogRun, Session
from factorial.queries import log_runs
from runs.models import Run, Trial, Visit

SEEN_EVERY = timedelta(seconds=10)
MOST_NAMES = 2000  # of values in one sequence; beyond, exports look for them in the logs
KNOWN = ("pk", "status", "last_number", "run_id", "run__seen_at")


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
class Target:
    """The run that logs go to, held until the transaction ends: nobody else writes to it."""

    pk: int
    status: str
    last_number: int
    run_id: uuid.UUID
    seen_at: datetime | None


@dataclass(frozen=True)
class Place:
    """The sequence that logs go into; ``stored`` has key and digest of what is there by number."""

    visit: uuid.UUID
    after: int
    content: dict[str, Any]
    stored: dict[int, tuple[int, str]]


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
    outcome = add_many(key=key, session=session, run=run, logs=[log])
    if outcome.refused:
        raise LogNumberExists(
            f"Cannot add log to run '{run}', log number {log.number} already exists"
        )
    return outcome.ids[log.number]


@transaction.atomic
def add_many(*, key: str, session: Session | None, run: str, logs: Sequence[NewLog]) -> Outcome:
    """Store logs of one run in one statement; those that differ from stored ones are refused.

    Raises
    ------
    NoRunForLogs, RunNotRunning
        As for one log; nothing is stored.
    """
    target = _held(key, session, run)
    if target.status != LogRun.Status.RUNNING:
        raise RunNotRunning(f"Cannot add logs to run '{run}', run is not running")
    place = _placed(target.run_id, [log.number for log in logs])
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
        ids |= _insert(target, place, list(fresh.values()))
    return Outcome(ids, len(fresh), refused)


def _held(key: str, session: Session | None, run: str) -> Target:
    """Return the run, locked. Whether the session may is part of the question."""
    rows: QuerySet[LogRun] = LogRun.objects.filter(public_id__in=log_runs.uuids_in([run]))
    if session is None:
        rows = rows.filter(session__key_digest=digest_of(key), session__ended_at=None)
    elif session.host:
        rows = rows.filter(design__project=session.host.project_id)
    else:
        rows = rows.filter(session=session)
    held = rows.order_by().select_for_update(of=("self",)).values_list(*KNOWN).first()
    if held is None:
        raise NoRunForLogs(f"Run '{run}' not found")
    return Target(*held)


def _placed(run: uuid.UUID, numbers: Sequence[int]) -> Place:
    """Return the sequence that is written to, and what is stored already under these numbers."""
    rows = list(
        Visit.objects.filter(run=run)
        .annotate(kept=FilteredRelation("trials", condition=Q(trials__index__in=numbers)))
        .order_by("position")
        .values_list("pk", "content", "kept__index", "kept__pk", "kept__digest")
    )
    contents = {visit: content for visit, content, *_ in rows}
    parts = {part.visit: part for part in log_runs.parts_in(contents)}
    stored = {
        number: (pk, digest) for visit, _, number, pk, digest in rows
        if pk is not None and parts[visit].holds(number)
    }  # fmt: skip
    current = parts[rows[-1][0]]
    return Place(current.visit, current.after, contents[current.visit], stored)


def _insert(target: Target, place: Place, logs: Sequence[NewLog]) -> dict[int, int]:
    at = now()
    made = Trial.objects.bulk_create(
        Trial(
            visit_id=place.visit,
            index=log.number,
            digest=log.digest,
            raw=log.raw,
            plugin=log.type,
            received_at=at,
        )
        for log in logs
    )
    _learn(place, logs)
    _advance(target, place, {log.number for log in logs})
    if target.seen_at is None or at - target.seen_at > SEEN_EVERY:
        Run.objects.filter(pk=target.run_id).update(seen_at=at)
    return {trial.index: trial.pk for trial in made}


def _advance(target: Target, place: Place, numbers: Iterable[int]) -> None:
    """Move the last number to the end of what is there without a gap."""
    first = target.last_number + 1
    if first not in numbers:
        return
    there = Trial.objects.filter(visit=place.visit).order_by("index")
    following = there.filter(index=OuterRef("index") + 1)
    end = there.filter(~Exists(following), index__gte=first).values("index")[:1]
    LogRun.objects.filter(pk=target.pk).update(last_number=Subquery(end))


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
        is_too_much = sum(map(len, known.values())) > MOST_NAMES
        told = None if is_too_much else {kind: sorted(some) for kind, some in known.items()}
        content = {**place.content, "names": told}
        Visit.objects.filter(pk=place.visit).update(content=content)
