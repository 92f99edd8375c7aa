"""What a run of the client protocol of 2025 holds: its sequences, its gaps, its last logs."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import groupby
from operator import itemgetter, or_
from typing import Any

from django.db.models import F, Max, Q, QuerySet

from factorial.models import LogRun, Session
from factorial.queries.log_experiments import keys_in
from runs.models import Trial, Visit

MOST_MISSING = 10_000  # numbers are told; a log far ahead of all others must not list millions
AT_ONCE = 300


@dataclass(frozen=True)
class Part:
    """One sequence of logs of a run: what is seen of it lies in (after, upto]; None: no end."""

    visit: uuid.UUID
    after: int
    upto: int | None
    names: Mapping[str, list[str]] | None = None

    @property
    def is_seen(self) -> bool:
        return self.upto is None or self.upto > self.after

    def holds(self, number: int) -> bool:
        """Say whether the log of this number, as it is seen, is one of this sequence."""
        return self.after < number and (self.upto is None or number <= self.upto)


@dataclass(frozen=True)
class Log:
    """One log as it is stored; ``raw`` is the JSON text of its values."""

    id: int
    run: LogRun
    number: int
    type: str
    raw: str


@dataclass(frozen=True)
class Facts:
    """A run and what is computed of it."""

    run: LogRun
    missing: list[int] = field(default_factory=list)
    last_logs: list[Log] = field(default_factory=list)


def of_session(session: Session) -> QuerySet[LogRun]:
    """Return the runs that a session may see: a host all of its project, a participant its own."""
    runs = LogRun.objects.select_related("design", "session")
    if session.host:
        return runs.filter(design__project=session.host.project_id)
    return runs.filter(session=session)


def by_key(session: Session, key: str) -> LogRun | None:
    found: LogRun | None = of_session(session).filter(public_id__in=uuids_in([key])).first()
    return found


def uuids_in(texts: Iterable[str]) -> list[uuid.UUID]:
    """Return those of the ids that may be one; whatever else clients send is nobody's."""
    found = []
    for text in texts:
        try:
            one = uuid.UUID(text)
        except ValueError:
            continue
        if str(one) == text.lower():
            found.append(one)
    return found


def asked_for(
    session: Session, query: Mapping[str, list[str]], prefix: str = ""
) -> QuerySet[LogRun]:
    """Return the runs that a query asks for; ``prefix`` is ``run.`` where logs are asked for."""
    found = of_session(session)
    wanted = {
        f"filter[{prefix}id]": ("public_id__in", uuids_in),
        f"filter[{prefix}name]": ("name__in", lambda names: [name for name in names if name]),
        f"filter[{prefix}status]": ("status__in", list),
        "filter[experiment.id]": ("design__in", keys_in),
        "filter[experiment.name]": ("design__code__in", list),
    }
    for name, (field_name, read) in wanted.items():
        if name in query:
            found = found.filter(**{field_name: read(query[name])})
    return found.order_by("pk")


def parts_of(runs: Iterable[LogRun]) -> dict[uuid.UUID, list[Part]]:
    """Return the sequences of runs, by the id of the record, in the order of their numbers.

    What a later sequence took the place of is not seen: the end of each is the least beginning of
    those after it, so what is seen of them lies one behind the other.
    """
    rows = (
        Visit.objects.filter(run__in=[run.run_id for run in runs])
        .order_by("run_id", "position")
        .values_list("run_id", "pk", "content")
    )
    return {
        run: parts_in({visit: content for _, visit, content in group})
        for run, group in groupby(rows, key=itemgetter(0))
    }


def parts_in(contents: Mapping[uuid.UUID, dict[str, Any]]) -> list[Part]:
    """Return the sequences of one run from their visits, which come in their order."""
    found: list[Part] = []
    upto: int | None = None
    for visit, content in reversed(list(contents.items())):
        after = content.get("after", 0)
        found.append(Part(visit, after, upto, content.get("names", {})))
        upto = after if upto is None else min(upto, after)
    return found[::-1]


def facts_of(runs: Iterable[LogRun]) -> list[Facts]:
    """Return what is told of runs, in a handful of queries for each few hundred of them."""
    every, found = list(runs), []
    for start in range(0, len(every), AT_ONCE):
        some = every[start : start + AT_ONCE]
        parts = parts_of(some)
        missing, last = _missing(some, parts), last_logs_of(some, parts)
        found += [Facts(run, missing.get(run.pk, []), last.get(run.pk, [])) for run in some]
    return found


def _missing(runs: Sequence[LogRun], parts: Mapping[uuid.UUID, list[Part]]) -> dict[int, list[int]]:
    """Return the numbers that lie between the logs that are there, from the lowest on."""
    owners = {parts[run.run_id][-1].visit: run for run in runs if run.run_id in parts}
    beyond = Trial.objects.filter(
        visit__in=list(owners), index__gt=F("visit__run__log_run__last_number")
    )
    rows = beyond.order_by("visit_id", "index").values_list("visit_id", "index")
    found: dict[int, list[int]] = {}
    for visit, group in groupby(rows.iterator(), key=itemgetter(0)):
        run = owners[visit]
        found[run.pk] = _gaps(run.last_number, (index for _, index in group))
    return found


def _gaps(last: int, numbers: Iterable[int]) -> list[int]:
    missing: list[int] = []
    for number in numbers:
        room = MOST_MISSING - len(missing)
        missing.extend(range(last + 1, min(number, last + 1 + room)))
        last = number
    return missing


def last_logs_of(
    runs: Sequence[LogRun], parts: Mapping[uuid.UUID, list[Part]]
) -> dict[int, list[Log]]:
    """Return the last log of each type before the first gap of each run, by the run's key."""
    owners = {part.visit: run for run in runs for part in parts.get(run.run_id, [])}
    tops: dict[tuple[int, str], tuple[int, uuid.UUID]] = {}
    for visit, kind, number in _tops(runs, parts):
        place = (owners[visit].pk, kind)
        tops[place] = max(tops.get(place, (0, visit)), (number, visit))
    found: dict[int, list[Log]] = {}
    for visit, pk, number, kind, raw in _rows(list(tops.values())):
        log = Log(pk, owners[visit], number, kind, raw)
        found.setdefault(log.run.pk, []).append(log)
    return {run: sorted(logs, key=lambda log: log.number) for run, logs in found.items()}


def _tops(
    runs: Sequence[LogRun], parts: Mapping[uuid.UUID, list[Part]]
) -> Iterable[tuple[uuid.UUID, str, int]]:
    """Yield the highest number of each type in each sequence, of what is seen and confirmed."""
    seen = [part for run in runs for part in parts.get(run.run_id, []) if part.is_seen]
    current = [part.visit for part in seen if part.upto is None]
    wanted = Q(visit__in=current, index__lte=F("visit__run__log_run__last_number"))
    for part in seen:
        if part.upto is not None:
            wanted |= Q(visit=part.visit, index__gt=part.after, index__lte=part.upto)
    rows = Trial.objects.filter(wanted).order_by().values_list("visit_id", "plugin")
    yield from rows.annotate(top=Max("index"))


def _rows(
    places: Sequence[tuple[int, uuid.UUID]],
) -> Iterable[tuple[uuid.UUID, int, int, str, str]]:
    for start in range(0, len(places), AT_ONCE):
        some = places[start : start + AT_ONCE]
        wanted = reduce(or_, (Q(visit=visit, index=number) for number, visit in some))
        rows = Trial.objects.filter(wanted).order_by()
        yield from rows.values_list("visit_id", "pk", "index", "plugin", "raw")
