"""Records of a dump: each kind at once, with the ids that they had, in a few statements."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import models

from accounts.models import Lab, Project, User
from lab.alyx.dump import Dump, Row
from lab.alyx.kinds import KINDS, Kind
from lab.alyx.kinds import Named as Name
from lab.models import (
    Action,
    BrainRegion,
    ChronicInsertion,
    Dataset,
    Housing,
    Note,
    ProbeInsertion,
    Repository,
    Revision,
    Session,
    Subject,
    TrajectoryEstimate,
)
from lab.models.lookups import Named
from lab.services.moving_in import contradictions, faults, leftovers, links, names
from lab.services.moving_in.houses import Found
from lab.services.registration import settle_online
from lab.times import day_of, instant_of

AT_ONCE = 1000
TOLD = ("lab", "subject__lab", "session__lab", "session__subject", "dataset__lab", "repository",
        "line__lab", "housing", "user", "allele", "sequence", "probe_insertion__session__subject",
        "chronic_insertion__recording", "trajectory__lab", "field_of_view__session__lab",
        "recording__lab", "recording__subject")  # fmt: skip
LATER = {  # links between records of one kind, or back to a kind that comes after
    "subjects.subject": ("litter", Subject, "litter"),
    "actions.session": ("parent_session", Session, "parent"),
    "data.dataset": ("provenance_directory", Dataset, "provenance"),
}


def bring_in(kind: str, dump: Dump, found: Found, report: Any) -> None:
    """Make the records of one kind that are not there yet, and the links to many of theirs."""
    how = KINDS[kind]
    report.there[kind] = report.made[kind] = 0
    for rows in _pieces(kind, how, dump):
        there = _there(how.model, rows)
        found.entries |= _entries(how.model, [row for row in rows if row.key not in there])
        new = [row for row in rows if row.key not in there and row.key not in found.entries]
        report.there[kind] += len(rows) - len(new)
        report.made[kind] += len(new)
        _bring_in(new, how, dump, found)
        leftovers.count(rows, report)


def _bring_in(rows: list[Row], how: Kind, dump: Dump, found: Found) -> None:
    records = [_record(row, how, dump, found) for row in rows]
    links.need(rows, [*links.places(how), *_later(rows)], dump)
    _complete(records, found)
    _know_what_history_tells(records)
    faults.keep(records, rows)
    for name in how.many:
        _link(name, how, rows, found)


def _know_what_history_tells(records: list[Any]) -> None:
    """Look up at once whose records these are: the history names each with its animal and lab."""
    fields = {field.name for field in records[0]._meta.concrete_fields} if records else set()  # noqa: SLF001
    known = [path for path in TOLD if path.partition("__")[0] in fields]
    models.prefetch_related_objects(records, *known)


def _later(rows: list[Row]) -> list[links.Place]:
    """Return the link of these rows that is made when all records are there."""
    if not rows or rows[0].kind not in LATER:
        return []
    theirs, model, ours = LATER[rows[0].kind]
    return [(theirs, model._meta.get_field(ours).related_model)]  # noqa: SLF001


def _pieces(kind: str, how: Kind, dump: Dump) -> Iterable[list[Row]]:
    """Return the rows a thousand at once; a tree in one piece, parents before their children."""
    if how.model is not BrainRegion:
        return dump.pieces(kind)
    return [sorted(dump.of(kind), key=lambda row: row.fields["lft"])]


def _there(model: type[models.Model], rows: list[Row]) -> set[str]:
    keys = []
    for row in rows:
        with faults.named(row):
            keys.append(_key(row.key))
    mine = model._default_manager.filter(pk__in=keys)  # noqa: SLF001
    return {str(key) for key in mine.values_list("pk", flat=True)}


def _entries(model: type[models.Model], rows: list[Row]) -> dict[str, Any]:
    """Return the entries of a short list of the site that are here already by the same name."""
    if not issubclass(model, Named | Repository | Revision):
        return {}
    names = {row.fields.get("name"): row.key for row in rows}
    here = model._default_manager.filter(name__in=[name for name in names if name])  # noqa: SLF001
    return {names[name]: key for name, key in here.values_list("name", "pk")}


def _record(row: Row, how: Kind, dump: Dump, found: Found) -> Any:
    with faults.named(row):
        record = how.model(pk=_key(row.key))
        for named in how.plain:
            theirs, ours, read = _parts(named)
            if theirs in row.fields:
                _set(record, ours, read(row.fields[theirs]) if read else row.fields[theirs])
        for named in how.links:
            theirs, ours, _ = _parts(named)
            _set_link(record, ours, row.fields.get(theirs), found)
        if how.is_owned:
            _set_owner(record, row, dump)
        leftovers.keep(record, row, how)
    return record


def _set(record: models.Model, name: str, value: Any) -> None:
    """Set a value; where we want one and Alyx has none, ours is the usual one."""
    if value is not None or record._meta.get_field(name).null:  # noqa: SLF001
        setattr(record, name, value)


def _parts(named: Name) -> tuple[str, str, Any]:
    if isinstance(named, str):
        return named, named, None
    return (*named, None) if len(named) == 2 else named  # noqa: PLR2004  a pair, or with its reader


def _key(text: str) -> Any:
    return int(text) if text.isdigit() else UUID(text)


def _set_link(record: models.Model, name: str, key: Any, found: Found) -> None:
    """Point at another record by its id; people, labs and projects have other ids here."""
    if key is None:
        return
    target = record._meta.get_field(name).related_model  # noqa: SLF001
    setattr(record, f"{name}_id", _here(target, str(key), found))


def _here(target: Any, key: str, found: Found) -> Any:
    houses: dict[Any, tuple[dict[str, Any], str]] = {
        User: (found.people, "person"), Lab: (found.labs, "lab"),
        Project: (found.projects, "project"),
    }  # fmt: skip
    if target not in houses:
        return found.entries.get(key) or _key(key)
    known, kind = houses[target]
    if key not in known:
        raise ValueError(f"there is no {kind} {key} in the dump")
    return known[key].pk


def _set_owner(record: Any, row: Row, dump: Dump) -> None:
    """Point at any object: the dump does not say which kind a number stands for, its id does."""
    key = row.fields.get("object_id")
    if key is None:
        return
    owner = dump.kind_of(key)
    if owner not in KINDS:
        raise ValueError(f"it belongs to {key}, which is not in the dump")
    record.content_type = ContentType.objects.get_for_model(KINDS[owner].model)
    record.object_id = UUID(str(key))


# --- what a dump leaves to be known -----------------------------------------------------------
def _complete(records: list[Any], found: Found) -> None:
    """Fill in what records have here and not there: their lab, their day, instants in its zone."""
    if not records:
        return
    labs = _Labs(records, found)
    for record in records:
        lab = labs.of(record)
        _place_in_time(record, lab)
        if isinstance(record, Action | Housing | Dataset | Note | TrajectoryEstimate):
            record.lab_id = getattr(record, "lab_id", None) or (lab.pk if lab else None)
        if isinstance(record, Session) and record.began_at:
            record.day = day_of(record.began_at, lab)
        _complete_alone(record, labs)
    contradictions.admit(records)


def _place_in_time(record: models.Model, lab: Lab | None) -> None:
    """Let times be instants: a dump has what the lab's clock showed."""
    for field in record._meta.concrete_fields:  # noqa: SLF001
        value = getattr(record, field.attname)
        if isinstance(field, models.DateTimeField) and value is not None:
            setattr(record, field.attname, instant_of(value, lab))


def _complete_alone(record: Any, labs: "_Labs") -> None:
    """Fill in what only one kind of record lacks."""
    if isinstance(record, ChronicInsertion):
        record.recording_id = record.pk  # it had its recording's id, being one row of two
    if isinstance(record, Subject) and record.responsible_user_id is None:
        record.responsible_user = next(iter(labs.found.people.values()))
    if isinstance(record, BrainRegion):
        record.path = labs.path_of(record)


class _Labs:
    """The labs of records, looked up for all of them at once."""

    def __init__(self, records: list[Any], found: Found) -> None:
        self.found = found
        self.own = {lab.pk: lab for lab in found.labs.values()}
        self.paths: dict[int, str] = {}
        self.subjects = self._of(Subject, records, "subject_id")
        self.sessions = self._of(Session, records, "session_id")
        if isinstance(records[0], TrajectoryEstimate):
            keys = {record.probe_insertion_id for record in records}
            pairs = ProbeInsertion.objects.filter(pk__in=keys).values_list("pk", "session__lab")
            self.sessions = dict(pairs)

    @staticmethod
    def _of(model: Any, records: list[Any], name: str) -> dict[Any, Any]:
        keys = {getattr(record, name, None) for record in records} - {None}
        if not keys:
            return {}
        return dict(model.objects.filter(pk__in=keys).values_list("pk", "lab"))

    def of(self, record: Any) -> Lab | None:
        key = (
            getattr(record, "lab_id", None)
            or self.subjects.get(getattr(record, "subject_id", None))
            or self.sessions.get(getattr(record, "session_id", None))
            or self.sessions.get(getattr(record, "probe_insertion_id", None))
        )
        return (self.own.get(key) if key else None) or self.found.fallback()

    def path_of(self, region: BrainRegion) -> str:
        above = "/" if region.parent_id is None else self.paths[region.parent_id]
        self.paths[region.pk] = f"{above}{region.pk}/"
        return self.paths[region.pk]


def _link(named: Name, how: Kind, rows: Iterable[Row], found: Found) -> None:
    """Make the links to many of all rows at once."""
    theirs, ours, _ = _parts(named)
    field: Any = how.model._meta.get_field(ours)  # noqa: SLF001
    through, target = field.remote_field.through, field.related_model
    source, aim = field.m2m_column_name(), field.m2m_reverse_name()
    made = []
    for row in rows:
        with faults.named(row):
            for key in row.fields.get(theirs, []):
                here = {source: _key(row.key), aim: _here(target, str(key), found)}
                made.append(through(**here))
    through._default_manager.bulk_create(made, batch_size=AT_ONCE, ignore_conflicts=True)  # noqa: SLF001


def finish(dump: Dump, report: Any) -> None:
    """Make the links that had to wait, the names of animals, and what follows from all rows."""
    for kind, (theirs, model, ours) in LATER.items():
        for rows in dump.pieces(kind):
            groups: dict[str, list[str]] = defaultdict(list)
            for row in rows:
                if row.fields.get(theirs):
                    groups[row.fields[theirs]].append(row.key)
            for key, members in groups.items():
                plain = model._base_manager.filter(pk__in=members)  # noqa: SLF001  part of their arrival
                plain.update(**{f"{ours}_id": _key(key)})
    for rows in dump.pieces("subjects.subject"):
        names.give(rows, report)
    for rows in dump.pieces("data.dataset"):
        settle_online([UUID(row.key) for row in rows])
