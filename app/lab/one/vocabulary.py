"""What the generic filter may speak of: for each kind of record its columns and its relations.

The words are Alyx's; the paths are ours. What is not written here cannot be reached: no password,
no token, no history.
"""

import math
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware

DEEPEST = 5
KEYS = re.compile(r"_?[A-Za-z0-9 .-]+(_{1,3}[A-Za-z0-9 .-]+)*")  # of free data
YEARS = range(1900, 2200)


class Unknown(Exception):
    """A path leads to nothing that may be asked for."""


def text(value: Any) -> str:
    return str(value)


def key(value: Any) -> uuid.UUID:
    return uuid.UUID(str(value))


def number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004  as for any other text that is no number
    found = float(value)
    if not math.isfinite(found):
        raise ValueError(value)
    return found


def whole(value: Any) -> int:
    return int(value) if isinstance(value, int) else int(number(value))


def truth(value: Any) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if str(value).lower() not in known:
        raise ValueError(value)
    return known[str(value).lower()]


def day(value: Any) -> date:
    found = parse_date(str(value)[:10])
    if found is None or found.year not in YEARS:
        raise ValueError(value)
    return found


def instant(value: Any) -> datetime:
    found = parse_datetime(str(value))
    if found is None:
        at = day(value)
        found = datetime(at.year, at.month, at.day)  # noqa: DTZ001  made aware below
    if found.year not in YEARS:
        raise ValueError(value)
    return make_aware(found) if is_naive(found) else found


def as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Column:
    """Something that can be compared."""

    name: str
    path: str
    read: Callable[[Any], Any]
    is_many: bool = False


@dataclass(frozen=True)
class Relation:
    """The way from one kind of record to another."""

    path: str
    to: Callable[[], "Vocabulary"]
    is_many: bool = False


Columns = dict[str, tuple[str, Callable[[Any], Any]]]


@dataclass(frozen=True)
class Vocabulary:
    """The words of one kind of record."""

    columns: Columns
    relations: Mapping[str, Relation] = field(default_factory=dict)
    free: Mapping[str, str] = field(default_factory=dict)  # columns of free data, asked by keys
    called: str = "id"  # the column by which others name such a record

    def column(self, path: str) -> Column:
        """Return the column that a path such as ``session__subject__nickname`` leads to.

        Raises
        ------
        Unknown
            A word of it is not in the vocabulary.
        """
        here, is_many, rest = self, False, path
        ours: list[str] = []
        for _ in range(DEEPEST):
            if rest in here.columns:
                name, read = here.columns[rest]
                return Column(path, "__".join([*ours, name]), read, is_many)
            word, _sep, rest = rest.partition("__")
            if word in here.free and KEYS.fullmatch(rest):
                return Column(path, "__".join([*ours, here.free[word], rest]), as_it_is, is_many)
            if word not in here.relations:
                raise Unknown(f"there is no {word!r} here. There are: {here.words()}.")
            relation = here.relations[word]
            ours.append(relation.path)
            is_many = is_many or relation.is_many
            here, rest = relation.to(), rest or "id"
        raise Unknown("the path is too long.")

    def own(self) -> dict[str, str]:
        """Return the words by which a list can be narrowed, each with the path that it stands for.

        They are a record's own columns, and what it belongs to, by its name.
        """
        columns = {word: word for word in self.columns if word != "pk" and "__" not in word}
        links = {word: f"{word}__{each.to().called}" for word, each in self.relations.items()
                 if not each.is_many}  # fmt: skip
        return columns | links

    def words(self) -> str:
        return ", ".join(sorted({*self.columns, *self.relations, *self.free}))


FREE = {"json": "json"}
NAMED: Columns = {"id": ("id", key), "pk": ("pk", key), "name": ("name", text)}
named: Vocabulary = Vocabulary(NAMED, called="name")


def _by_name() -> Vocabulary:
    return named


people: Vocabulary = Vocabulary({
    "id": ("profile__id", key), "pk": ("profile__id", key), "username": ("username", text),
    "first_name": ("first_name", text), "last_name": ("last_name", text),
}, called="username")  # fmt: skip
labs: Vocabulary = Vocabulary({
    "id": ("profile__id", key), "pk": ("profile__id", key), "name": ("profile__path_name", text),
    "institution": ("profile__institution", text),
}, called="name")  # fmt: skip
projects: Vocabulary = Vocabulary({
    "id": ("profile__id", key), "pk": ("profile__id", key), "name": ("profile__path_name", text),
}, called="name")  # fmt: skip

PEOPLE = {
    "users": Relation("users", lambda: people, is_many=True),
    "lab": Relation("lab", lambda: labs),
}
repositories: Vocabulary = Vocabulary(NAMED | {
    "globus_is_personal": ("is_personal", truth), "hostname": ("hostname", text),
    "globus_endpoint_id": ("globus_endpoint_id", key), "data_url": ("data_url", text),
}, called="name")  # fmt: skip
of_labs: Vocabulary = Vocabulary(
    {"name": ("path_name", text), "id": ("id", key), "pk": ("pk", key),
     "institution": ("institution", text)},
    {"repositories": Relation("repositories", lambda: repositories, is_many=True)},
)  # fmt: skip
of_projects: Vocabulary = Vocabulary(
    {"name": ("path_name", text), "id": ("id", key), "pk": ("pk", key)}
)
of_people: Vocabulary = Vocabulary({"username": ("username", text), "id": ("profile__id", key)})

subjects: Vocabulary = Vocabulary(
    {
        "id": ("id", key), "pk": ("pk", key), "nickname": ("nickname", text), "sex": ("sex", text),
        "birth_date": ("born_on", day), "death_date": ("died_on", day),
        "description": ("description", text), "ear_mark": ("ear_mark", text),
        "to_be_culled": ("to_be_culled", truth), "to_be_genotyped": ("to_be_genotyped", truth),
    },
    {
        "lab": PEOPLE["lab"],
        "responsible_user": Relation("responsible_user", lambda: people),
        "projects": Relation("projects", lambda: projects, is_many=True),
        "line": Relation("line", lambda: lines),
        "species": Relation("species", _by_name),
        "strain": Relation("strain", _by_name),
        "source": Relation("source", _by_name),
        "litter": Relation("litter", _by_name),
        "actions_sessions": Relation("sessions", lambda: sessions, is_many=True),
    },
    free=FREE,
    called="nickname",
)  # fmt: skip
lines: Vocabulary = Vocabulary(
    NAMED | {"nickname": ("nickname", text)}, {"lab": PEOPLE["lab"]}, called="name"
)
sessions: Vocabulary = Vocabulary(
    {
        "id": ("id", key), "pk": ("pk", key), "number": ("number", whole),
        "start_time": ("began_at", instant), "end_time": ("ended_at", instant),
        "start_time__date": ("day", day), "type": ("type", text),
        "task_protocol": ("task_protocol", text), "narrative": ("narrative", text),
        "qc": ("qc", whole), "n_trials": ("n_trials", whole),
        "n_correct_trials": ("n_correct_trials", whole), "auto_datetime": ("changed_at", instant),
        "name": ("name", text),
    },
    PEOPLE
    | {
        "subject": Relation("subject", lambda: subjects),
        "projects": Relation("projects", lambda: projects, is_many=True),
        "project": Relation("projects", lambda: projects, is_many=True),
        "location": Relation("location", _by_name),
        "procedures": Relation("procedures", _by_name, is_many=True),
        "parent_session": Relation("parent", lambda: sessions),
        "data_dataset_session_related": Relation("datasets", lambda: datasets, is_many=True),
        "probe_insertion": Relation("probe_insertions", lambda: insertions, is_many=True),
        "field_of_view": Relation("fields_of_view", lambda: fields_of_view, is_many=True),
    },
    free=FREE | {"extended_qc": "extended_qc"},
)  # fmt: skip
files: Vocabulary = Vocabulary(
    {"id": ("id", key), "pk": ("pk", key), "exists": ("exists", truth),
     "relative_path": ("relative_path", text)},
    {"data_repository": Relation("repository", lambda: repositories),
     "dataset": Relation("dataset", lambda: datasets)},
)  # fmt: skip
datasets: Vocabulary = Vocabulary(
    {
        "id": ("id", key), "pk": ("pk", key), "name": ("name", text),
        "collection": ("collection", text), "hash": ("hash", text), "version": ("version", text),
        "file_size": ("file_size", whole), "qc": ("qc", whole),
        "default_dataset": ("is_default", truth), "created_datetime": ("created_at", instant),
        "auto_datetime": ("changed_at", instant),
    },
    {
        "session": Relation("session", lambda: sessions),
        "dataset_type": Relation("type", _by_name),
        "data_format": Relation("format", _by_name),
        "revision": Relation("revision", _by_name),
        "tags": Relation("tags", _by_name, is_many=True),
        "created_by": Relation("created_by", lambda: people),
        "file_records": Relation("file_records", lambda: files, is_many=True),
        "probe_insertion": Relation("probe_insertions", lambda: insertions, is_many=True),
        "field_of_view": Relation("fields_of_view", lambda: fields_of_view, is_many=True),
    },
    free=FREE,
)  # fmt: skip
insertions: Vocabulary = Vocabulary(
    {"id": ("id", key), "pk": ("pk", key), "name": ("name", text), "serial": ("serial", text),
     "auto_datetime": ("changed_at", instant)},
    {"session": Relation("session", lambda: sessions), "model": Relation("model", _by_name),
     "datasets": Relation("datasets", lambda: datasets, is_many=True),
     "chronic_insertion": Relation("chronic_insertion", lambda: chronic_insertions),
     "trajectory_estimate": Relation("trajectories", lambda: trajectories, is_many=True)},
    free=FREE,
)  # fmt: skip
chronic_insertions: Vocabulary = Vocabulary(
    {"id": ("id", key), "pk": ("pk", key), "serial": ("serial", text),
     "name": ("recording__name", text), "start_time": ("recording__began_at", instant)},
    {"subject": Relation("recording__subject", lambda: subjects),
     "lab": Relation("recording__lab", lambda: labs), "model": Relation("model", _by_name),
     "probe_insertion": Relation("probe_insertions", lambda: insertions, is_many=True),
     "trajectory_estimate": Relation("trajectories", lambda: trajectories, is_many=True)},
)  # fmt: skip
PLACE: Columns = {"x": ("x_um", number), "y": ("y_um", number), "z": ("z_um", number)}
trajectories: Vocabulary = Vocabulary(
    {"id": ("id", key), "pk": ("pk", key), "provenance": ("provenance", whole),
     "datetime": ("at", instant), **PLACE, "depth": ("depth_um", number),
     "theta": ("theta_deg", number), "phi": ("phi_deg", number), "roll": ("roll_deg", number)},
    {"probe_insertion": Relation("probe_insertion", lambda: insertions),
     "chronic_insertion": Relation("chronic_insertion", lambda: chronic_insertions),
     "coordinate_system": Relation("coordinate_system", _by_name),
     "channels": Relation("channels", lambda: channels, is_many=True)},
    free=FREE,
)  # fmt: skip
channels: Vocabulary = Vocabulary(
    {"id": ("id", key), "pk": ("pk", key), "name": ("name", text), "axial": ("axial_um", number),
     "lateral": ("lateral_um", number), **PLACE},
    {"trajectory_estimate": Relation("trajectory", lambda: trajectories),
     "brain_region": Relation("brain_region", lambda: regions)},
    free=FREE,
)  # fmt: skip
regions: Vocabulary = Vocabulary(
    {"id": ("id", whole), "pk": ("pk", whole), "acronym": ("acronym", text), "name": ("name", text),
     "description": ("description", text), "ontology": ("ontology", text)},
    {"parent": Relation("parent", lambda: regions)},
)  # fmt: skip
fields_of_view: Vocabulary = Vocabulary(
    {"id": ("id", key), "pk": ("pk", key), "name": ("name", text)},
    {"session": Relation("session", lambda: sessions), "stack": Relation("stack", _by_name),
     "imaging_type": Relation("imaging_type", _by_name),
     "datasets": Relation("datasets", lambda: datasets, is_many=True),
     "location": Relation("locations", lambda: locations_of_planes, is_many=True)},
    free=FREE,
)  # fmt: skip
locations_of_planes: Vocabulary = Vocabulary(
    {"id": ("id", key), "pk": ("pk", key), "provenance": ("provenance", text),
     "default_provenance": ("is_default", truth), "auto_datetime": ("changed_at", instant)},
    {"field_of_view": Relation("field_of_view", lambda: fields_of_view),
     "coordinate_system": Relation("coordinate_system", _by_name),
     "brain_region": Relation("brain_regions", lambda: regions, is_many=True)},
    free=FREE,
)  # fmt: skip
stacks: Vocabulary = Vocabulary(
    NAMED, {"slices": Relation("slices", lambda: fields_of_view, is_many=True)}
)
weighings: Vocabulary = Vocabulary(
    {"id": ("id", key), "pk": ("pk", key), "date_time": ("at", instant),
     "weight": ("weight_g", number)},
    {"subject": Relation("subject", lambda: subjects), "user": Relation("user", lambda: people)},
)  # fmt: skip
administrations: Vocabulary = Vocabulary(
    {"id": ("id", key), "pk": ("pk", key), "date_time": ("at", instant),
     "adlib": ("is_adlib", truth), "water_administered": ("water_ml", number)},
    {"subject": Relation("subject", lambda: subjects), "user": Relation("user", lambda: people),
     "session": Relation("session", lambda: sessions),
     "water_type": Relation("water_type", _by_name)},
)  # fmt: skip
restrictions: Vocabulary = Vocabulary(
    {"id": ("id", key), "pk": ("pk", key), "start_time": ("began_at", instant),
     "end_time": ("ended_at", instant), "reference_weight": ("reference_weight_g", number)},
    {"subject": Relation("subject", lambda: subjects), "lab": PEOPLE["lab"]},
)  # fmt: skip
