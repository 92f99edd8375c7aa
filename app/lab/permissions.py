"""Who may do what to which record: the one table, for pages and for every API."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Self

from django.db import models

from accounts import queries
from accounts.models import Lab, Membership, User
from accounts.roles import Role, at_least, is_operator, up_from
from common.errors import NotAllowed
from lab import models as records

TECHNICIAN, EXPERIMENTER = Role.TECHNICIAN, Role.EXPERIMENTER
COLONY_MANAGER, MANAGER, ADMIN = Role.COLONY_MANAGER, Role.MANAGER, Role.ADMIN

# What somebody has to be in the record's lab to create or change one of the kind; a kind that is
# not here is for operators. Site-wide lists belong to no lab: the role in any lab counts.
WRITERS: dict[type[models.Model], Role] = {
    records.Weighing: TECHNICIAN,
    records.WaterAdministration: TECHNICIAN,
    records.Note: TECHNICIAN,
    records.HousingPeriod: TECHNICIAN,
    records.GenotypeTest: TECHNICIAN,
    records.Session: EXPERIMENTER,
    records.Surgery: EXPERIMENTER,
    records.VirusInjection: EXPERIMENTER,
    records.ChronicRecording: EXPERIMENTER,
    records.ChronicInsertion: EXPERIMENTER,
    records.OtherAction: EXPERIMENTER,
    records.WaterRestriction: EXPERIMENTER,
    records.Subject: EXPERIMENTER,
    records.SubjectRequest: EXPERIMENTER,
    records.Dataset: EXPERIMENTER,
    records.FileRecord: EXPERIMENTER,
    records.Download: Role.VIEWER,
    records.DataNotice: EXPERIMENTER,
    records.Revision: EXPERIMENTER,
    records.ProbeInsertion: EXPERIMENTER,
    records.TrajectoryEstimate: EXPERIMENTER,
    records.Channel: EXPERIMENTER,
    records.FieldOfView: EXPERIMENTER,
    records.FieldOfViewLocation: EXPERIMENTER,
    records.ImagingStack: EXPERIMENTER,
    records.Task: EXPERIMENTER,
    records.ProjectProfile: EXPERIMENTER,
    records.Cull: COLONY_MANAGER,
    records.Housing: COLONY_MANAGER,
    records.Line: COLONY_MANAGER,
    records.Litter: COLONY_MANAGER,
    records.BreedingPair: COLONY_MANAGER,
    records.Zygosity: COLONY_MANAGER,
    records.ZygosityRule: COLONY_MANAGER,
    records.Allele: COLONY_MANAGER,
    records.Sequence: COLONY_MANAGER,
    records.Species: COLONY_MANAGER,
    records.Strain: COLONY_MANAGER,
    records.Source: COLONY_MANAGER,
    records.CageType: COLONY_MANAGER,
    records.Enrichment: COLONY_MANAGER,
    records.Food: COLONY_MANAGER,
    records.CullReason: COLONY_MANAGER,
    records.CullMethod: COLONY_MANAGER,
    records.WaterType: COLONY_MANAGER,
    records.ProcedureType: MANAGER,
    records.Location: MANAGER,
    records.Repository: MANAGER,
    records.RepositoryType: MANAGER,
    records.DatasetType: MANAGER,
    records.DataFormat: MANAGER,
    records.Tag: MANAGER,
    records.ProbeModel: MANAGER,
    records.CoordinateSystem: MANAGER,
    records.ImagingType: MANAGER,
    records.BrainRegion: MANAGER,
    records.GrowthPoint: ADMIN,
    records.LabProfile: ADMIN,
    records.Affiliation: ADMIN,
}
# Below this role one changes only animals that one is responsible for, or may act for.
FREE_HAND = COLONY_MANAGER
OWN_ALONE = (records.Subject, records.Session, records.Surgery, records.WaterRestriction,
             records.VirusInjection, records.ChronicRecording, records.OtherAction)  # fmt: skip


class RoleTooLow(NotAllowed):
    message = "Your role in this lab does not include this."
    remedy = "Ask a manager of the lab for it."


class NotYours(NotAllowed):
    message = "Somebody else is responsible for this animal."
    remedy = "Ask that person to let you act on their animals, or a colony manager to do it."


_roles: ContextVar[dict[Any, str | None] | None] = ContextVar("roles", default=None)


@contextmanager
def remembered() -> Iterator[None]:
    """Ask for each role once while many rows are written by one call."""
    token = _roles.set({})
    try:
        yield
    finally:
        _roles.reset(token)


def _role(user: User, lab: Lab | None) -> str | None:
    known = _roles.get()
    key = (user.pk, lab.pk if lab else None)
    if known is not None and key in known:
        return known[key]
    role = queries.role_of(user, lab) if lab else _highest(user)
    if known is not None:
        known[key] = role
    return role


def need_create(user: User, kind: type[models.Model], lab: Lab | None) -> None:
    _need(user, WRITERS.get(kind), lab)


def need_keep(user: User, record: models.Model) -> None:
    """Refuse unless ``user`` may have a record as it is now: a new one, or one that was changed.

    It counts where the record belongs, and where its animal lives; below a free hand also whose
    animal it is.
    """
    need_keep_all(user, [record])


def need_keep_all(user: User, rows: Iterable[Any]) -> None:
    """Refuse as `need_keep` does, by a fixed number of questions."""
    limited = []
    for record in rows:
        kind, lab = type(record), getattr(record, "lab", None)
        role = _need(user, WRITERS.get(kind), lab)
        subject: Any = record if kind is records.Subject else getattr(record, "subject", None)
        if subject is not None and subject.lab_id != getattr(lab, "pk", None):
            role = _need(user, WRITERS.get(kind), subject.lab)
        if (
            isinstance(record, OWN_ALONE)
            and subject is not record
            and not at_least(role, FREE_HAND)
        ):
            is_new = record._state.adding or "subject" in record.changes()  # noqa: SLF001
            limited.append(subject if is_new else record)
    _need_all_own(user, limited)


def need_change(user: User, record: models.Model) -> None:
    """Refuse unless ``user`` may change this very record."""
    need_change_all(user, type(record), [record])


def need_change_all(user: User, kind: type[models.Model], rows: Iterable[Any]) -> None:
    """Refuse unless ``user`` may change every one; asks as often as the records have labs."""
    of_labs: dict[Any, list[Any]] = defaultdict(list)
    for record in rows:
        of_labs[getattr(record, "lab", None)].append(record)
    for lab, mine in of_labs.items():
        role = _need(user, WRITERS.get(kind), lab)
        if issubclass(kind, OWN_ALONE) and not at_least(role, FREE_HAND):
            _need_all_own(user, mine)


def _need_all_own(user: User, rows: Iterable[Any]) -> None:
    """Refuse unless every row is of the person's animals, of those they act for, or their work."""
    others = [row for row in rows if _responsible(row) != user.pk]
    if not others:
        return
    people = {_responsible(row) for row in others}
    lent = records.PersonProfile.objects.filter(user__in=people, delegates=user)
    acts_for = set(lent.values_list("user", flat=True))
    strange: dict[Any, set[Any]] = defaultdict(set)
    for row in others:
        if _responsible(row) not in acts_for:
            strange[type(row)].add(row.pk)
    for kind, keys in strange.items():
        if keys - _done_by(user, kind, keys):
            raise NotYours


def _responsible(row: Any) -> Any:
    subject = row if isinstance(row, records.Subject) else row.subject
    return subject.responsible_user_id


def _done_by(user: User, kind: type[models.Model], keys: set[Any]) -> set[Any]:
    """Return those of the actions that name the person among who did them."""
    if not issubclass(kind, records.Action):
        return set()
    mine = kind._default_manager.filter(pk__in=keys, users=user)  # noqa: SLF001
    return set(mine.values_list("pk", flat=True))


def need_delete(user: User, record: models.Model) -> None:
    need_change(user, record)


def need_restore(user: User, kept: records.DeletedRecord, kind: type[models.Model]) -> None:
    """Refuse unless ``user`` deleted it and may write such records, or has a free hand."""
    role = _need(user, WRITERS.get(kind), kept.lab)
    if kept.deleted_by_id != user.pk and not at_least(role, FREE_HAND):
        raise NotYours


def _need(user: User, role: Role | None, lab: Lab | None) -> str:
    if is_operator(user):
        return Role.ADMIN
    own = _role(user, lab)
    if role is None or own is None or not at_least(own, role):
        raise RoleTooLow
    return own


def _highest(user: User) -> str | None:
    roles = Membership.objects.filter(user=user).values_list("role", flat=True)
    return max(roles, key=lambda role: Role(role).power, default=None)


def _is_own(user: User, record: Any) -> bool:
    subject = record if isinstance(record, records.Subject) else record.subject
    if subject.responsible_user_id == user.pk or _acts_for(user, subject.responsible_user_id):
        return True
    return isinstance(record, records.Action) and record.users.filter(pk=user.pk).exists()


def _acts_for(user: User, responsible: Any) -> bool:
    profiles = records.PersonProfile.objects.filter(user=responsible, delegates=user)
    return profiles.exists()


def may_write(user: User, kind: type[models.Model], lab: Lab | None) -> bool:
    role = WRITERS.get(kind)
    if is_operator(user):
        return True
    own = _role(user, lab)
    return role is not None and own is not None and own in up_from(role)


@dataclass(frozen=True)
class Reach:
    """Somebody's roles in all labs, asked for once: for pages that ask about many records."""

    user: User
    roles: Mapping[int, str]

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(user, dict(Membership.objects.filter(user=user).values_list("lab", "role")))

    @property
    def highest(self) -> str | None:
        return max(self.roles.values(), key=lambda role: Role(role).power, default=None)

    def role_in(self, lab: int | None) -> str | None:
        return self.highest if lab is None else self.roles.get(lab)

    def may_write(self, kind: type[models.Model], lab: int | None = None) -> bool:
        """Say whether they may write records of this kind: in one lab, or in any."""
        needed = WRITERS.get(kind)
        if is_operator(self.user):
            return True
        return needed is not None and at_least(self.role_in(lab), needed)

    def may_change(self, record: models.Model) -> bool:
        """Say what `need_change` would."""
        lab = getattr(record, "lab", None)
        if not self.may_write(type(record), lab and lab.pk):
            return False
        if is_operator(self.user) or not isinstance(record, OWN_ALONE):
            return True
        return at_least(self.role_in(lab and lab.pk), FREE_HAND) or _is_own(self.user, record)
