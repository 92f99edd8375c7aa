"""What of a dump is not carried over: each field is counted, with the reason."""

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from lab.alyx.dump import Row
from lab.alyx.kinds import KINDS, Kind

KINDS_LEFT = {
    "auth.group": "roles in labs take the place of groups",
    "auth.permission": "roles in labs take the place of permissions",
    "contenttypes.contenttype": "Studium has its own numbers for kinds of records",
    "admin.logentry": "Studium keeps a history of its own",
    "reversion.version": "Studium keeps a history of its own",
    "reversion.revision": "Studium keeps a history of its own",
    "sessions.session": "people sign in anew",
    "django_celery_results.taskresult": "Studium runs jobs of its own",
    "authtoken.token": "people make new tokens, or sign in by the client once",
}
SAVED = "it says when Alyx last saved the record; here it says when Studium did"
TREE = "the parents alone say where a region stands"
UNKNOWN = "Studium has no such field"
FIELDS_LEFT: dict[str, dict[str, str]] = {
    "misc.labmember": {
        "groups": KINDS_LEFT["auth.group"],
        "user_permissions": KINDS_LEFT["auth.permission"],
        "is_staff": "only who looks after the site is staff",
        "json": "a person's account has no free data",
    },
    "misc.labmembership": {"name": "a membership has no name of its own"},
    "actions.session": {
        "auto_datetime": SAVED,
        "alias": "it follows from the animal, the day and the number",
        "default_data_repository": "each file says where it lies",
    },
    "data.dataset": {"auto_datetime": SAVED},
    "experiments.probeinsertion": {"auto_datetime": SAVED},
    "experiments.trajectoryestimate": {"datetime": SAVED},
    "experiments.brainregion": {"lft": TREE, "rght": TREE, "tree_id": TREE, "level": TREE},
    "jobs.task": {"auto_datetime": SAVED},
}
HOUSES = {
    "misc.labmember": {
        "username", "password", "first_name", "last_name", "is_superuser", "is_active", "email",
        "date_joined", "last_login", "is_public_user", "is_stock_manager", "allowed_users",
    },
    "misc.lab": {
        "json", "name", "institution", "address", "timezone", "reference_weight_pct",
        "zscore_weight_pct", "cage_type", "enrichment", "food", "cage_cleaning_frequency_days",
        "light_cycle", "repositories",
    },
    "misc.labmembership": {"json", "user", "lab", "role", "start_date", "end_date"},
    "subjects.project": {"json", "name", "description", "users", "default_data_repository"},
}  # fmt: skip
LATER = {
    "subjects.subject": {"litter"},
    "actions.session": {"parent_session"},
    "data.dataset": {"provenance_directory", "md5"},
}
OWNED = {"content_type", "object_id"}
NAME = "name in Alyx"  # the key in the free data of a record that has no name here
EMPTY: tuple[Any, ...] = (None, "", [], {})


def carried(kind: str) -> set[str]:
    """Return the fields of a kind, in Alyx's words, that find their place here."""
    if kind in HOUSES:
        return HOUSES[kind]
    how = KINDS[kind]
    named = (*how.plain, *how.links, *how.many)
    found = {each if isinstance(each, str) else each[0] for each in named}
    return found | LATER.get(kind, set()) | (OWNED if how.is_owned else set()) | _name(how)


def reason(kind: str, field: str) -> str:
    return FIELDS_LEFT.get(kind, {}).get(field, UNKNOWN)


def count(rows: list[Row], report: Any) -> None:
    """Count what the rows say that is not carried over."""
    known = carried(rows[0].kind) if rows else set()
    for row in rows:
        for field, value in row.fields.items():
            if field not in known and value not in EMPTY:
                place = (row.kind, field)
                report.fields[place] = report.fields.get(place, 0) + 1


def keep(record: models.Model, row: Row, how: Kind) -> None:
    """Keep the name of a record that has none here, in its free data."""
    name = row.fields.get("name")
    if name and "name" not in _carried_plainly(how) and _name(how):
        free: Any = record
        free.json = {**(free.json or {}), NAME: name}


def _carried_plainly(how: Kind) -> set[str]:
    return {each if isinstance(each, str) else each[0] for each in how.plain}


def _name(how: Kind) -> set[str]:
    """Return the name as a carried field, where a record has free data to keep it in."""
    try:
        how.model._meta.get_field("json")  # noqa: SLF001
    except FieldDoesNotExist:
        return set()
    return {"name"}
