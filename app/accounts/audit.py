"""The audit trail: ``record`` is called by the services of every area, inside their transaction."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.models import ApiToken, AuditEntry, Lab, Project, User


@dataclass(frozen=True)
class Origin:
    """Where the request came from that is being answered."""

    request_id: str = ""
    address: str | None = None
    token: ApiToken | None = None


NOWHERE = Origin()
_origin: ContextVar[Origin | None] = ContextVar("origin", default=None)


@contextmanager
def during(origin: Origin) -> Iterator[None]:
    """Let every entry that is recorded inside say where it came from."""
    before = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(before)


def current() -> Origin:
    """Return where the request came from that is being answered."""
    return _origin.get() or NOWHERE


def use_token(token: ApiToken) -> None:
    """Name the token that the current request came with, until its ``during`` ends."""
    origin = _origin.get()
    if origin:
        _origin.set(Origin(origin.request_id, origin.address, token))


def record(  # noqa: PLR0913  an entry is that wide; all but the action may be left out
    *,
    action: str,
    user: User | AnonymousUser | None = None,
    on: models.Model | None = None,
    changes: Mapping[str, Any] | None = None,
    reason: str = "",
    lab: Lab | None = None,
) -> AuditEntry:
    """Write down that ``user`` did ``action`` (such as "job.cancelled") to the object ``on``.

    ``changes`` maps a field to [before, after]; ``between`` makes it. Secrets do not belong in it.
    Lab and project are those of ``on``; name the ``lab`` where the object has none.
    """
    entry = _entry(action=action, user=user, on=on, changes=changes or {}, reason=reason, lab=lab)
    entry.save()
    return entry


Told: TypeAlias = tuple[str, models.Model, Mapping[str, Any]]  # action, object, changes


def record_all(*, user: User | None, told: Iterable[Told], reason: str = "") -> None:
    """Write down many things at once that ``user`` did, in one statement."""
    AuditEntry.objects.bulk_create(
        [
            _entry(action=action, user=user, on=on, changes=changes, reason=reason)
            for action, on, changes in told
        ],
        batch_size=500,
    )


def _entry(  # noqa: PLR0913  as wide as an entry is
    *,
    action: str,
    user: User | AnonymousUser | None,
    on: models.Model | None,
    changes: Mapping[str, Any],
    reason: str,
    lab: Lab | None = None,
) -> AuditEntry:
    origin = current()
    project = _project_of(on)
    return AuditEntry(
        user=user if isinstance(user, User) else None,
        token=origin.token,
        action=action,
        object_type=on._meta.label_lower if on else "",  # noqa: SLF001
        object_id=str(on.pk) if on and on.pk is not None else "",
        object_label=str(on)[:200] if on else "",
        lab=lab or (project.lab if project else _lab_of(on)),
        project=project,
        changes={name: plain(change) for name, change in changes.items()},
        reason=reason,
        request_id=origin.request_id[:64],
        address=origin.address,
    )


def between(before: models.Model, after: Mapping[str, Any], *fields: str) -> dict[str, list[Any]]:
    """Return what changes when ``before`` gets the values ``after``, for the named fields."""
    return {
        name: [plain(getattr(before, name)), plain(after[name])]
        for name in fields or after
        if getattr(before, name) != after[name]
    }


def plain(value: Any) -> Any:
    """Return a value that JSON can hold."""
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _project_of(on: models.Model | None) -> Project | None:
    found = on if isinstance(on, Project) else getattr(on, "project", None)
    return found if isinstance(found, Project) else None


def _lab_of(on: models.Model | None) -> Lab | None:
    found = on if isinstance(on, Lab) else getattr(on, "lab", None)
    return found if isinstance(found, Lab) else None
