"""Animals: named, changed, renamed, dead, revived."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Upper
from django.utils.timezone import now

from accounts import queries as people
from accounts.models import Lab, Membership, User
from accounts.roles import Role, up_from
from lab import recording
from lab.errors import DoesNotFit, Taken
from lab.models import Line, Subject, SubjectName
from lab.services import deaths, life, names, records, requests, welfare, zygosities
from lab.times import day_of

NAMELESS = ("", "-")
Kind = SubjectName.Kind


@transaction.atomic
def create_subject(*, by: User, values: Mapping[str, Any], reason: str = "") -> Subject:
    """Enter an animal; without a nickname it gets the next one of its line."""
    given = dict(values)
    given["lab"] = given.get("lab") or _only_lab_of(by)
    given["responsible_user"] = given.get("responsible_user") or keeper_of(given["lab"], by)
    line: Line | None = given.get("line")
    if line and not given.get("strain"):
        given["strain"] = line.strain
    if given.get("genotyped_on"):
        given["to_be_genotyped"] = False
    _need_birth(given, given["lab"])
    with recording.by(by, reason=reason):
        if given.get("nickname", "") in NAMELESS:
            given["nickname"] = _next_name(line, given["lab"])
        subject = records.create(kind=Subject, by=by, values=given)
        take_names([subject])
        if subject.litter_id:
            zygosities.follow([subject.pk])
    return subject


@transaction.atomic
def change_subject(
    *,
    subject: Subject,
    by: User,
    values: Mapping[str, Any],
    reason: str = "",
    after_death: str = "",
) -> Subject:
    """Change an animal: a new name keeps the old one, a death ends what only the living have.

    ``after_death`` says why what was done on days after its death is right all the same.
    """
    former, died_on, given = subject.nickname, subject.died_on, dict(values)
    responsible = subject.responsible_user
    _need_birth(given, given.get("lab") or subject.lab)
    if given.get("genotyped_on"):
        given["to_be_genotyped"] = False
    with recording.by(by, reason=reason):
        if given.get("died_on"):
            life.make_way([life.lock(subject)], given["died_on"], after_death)
        changed = records.change(record=subject, by=by, values=given)
        if changed.nickname != former:
            _rename(changed)
        if changed.died_on != died_on:
            deaths.move(subject=changed, before=died_on)
        if changed.responsible_user_id != responsible.pk:
            welfare.responsible_changed(changed, responsible, by=by)
            if "request" not in given:
                requests.link(subjects=[changed], to=changed.responsible_user)
        if {"line", "litter"} & set(given):
            zygosities.follow([changed.pk])
    return changed


def _need_birth(given: Mapping[str, Any], lab: Lab) -> None:
    born_on = given.get("born_on")
    if born_on and born_on > day_of(now(), lab):
        raise DoesNotFit(f"{born_on} is not here yet.", field="born_on")


def _only_lab_of(user: User) -> Lab:
    labs = list(Lab.objects.with_role(user, Role.EXPERIMENTER)[:2])
    if len(labs) != 1:
        raise DoesNotFit("Say in which lab the animal lives.", field="lab")
    return labs[0]


def keeper_of(lab: Lab, otherwise: User) -> User:
    """Return who answers for animals that nobody was named for: whoever keeps the colony."""
    keepers = Membership.objects.filter(lab=lab, role__in=up_from(Role.COLONY_MANAGER))
    first = (
        keepers.filter(user__is_active=True).select_related("user").order_by("joined_at").first()
    )
    if first is None and people.role_of(otherwise, lab) is None:
        raise DoesNotFit("Say who is responsible for the animal.", field="responsible_user")
    return first.user if first else otherwise


def _next_name(line: Line | None, lab: Lab) -> str:
    if line is None:
        raise DoesNotFit("Give a nickname, or a line that names its animals.", field="nickname")
    return names.of_subjects(line=line, lab=lab)[0]


def take_names(subjects: Sequence[Subject]) -> None:
    """Let new animals have their names, which no other of the lab has, had or answers to."""
    rows = [
        SubjectName(subject=each, lab=each.lab, name=each.nickname, kind=Kind.PRESENT)
        for each in subjects
    ]
    try:
        with transaction.atomic():
            SubjectName.objects.bulk_create(rows)
    except IntegrityError:
        raise _taken(subjects) from None


def _taken(subjects: Sequence[Subject]) -> Taken:
    """Return the refusal that says which name is not free."""
    wanted = Counter(subject.nickname.upper() for subject in subjects)
    lab, others = subjects[0].lab, SubjectName.objects.annotate(upper=Upper("name"))
    gone = set(others.filter(lab=lab, upper__in=list(wanted)).values_list("upper", flat=True))
    gone |= {name for name, count in wanted.items() if count > 1}
    names_ = ", ".join(each.nickname for each in subjects if each.nickname.upper() in gone)
    return Taken(
        f"Another animal of {lab} has, had or answers to the name {names_}.", field="nickname"
    )


def _rename(subject: Subject) -> None:
    """Keep the old name as a former one, and take the new one, perhaps a former one of its own."""
    moment = now()
    mine = SubjectName.objects.filter(subject=subject)
    mine.filter(kind=Kind.PRESENT).update(kind=Kind.FORMER, until=moment)
    again = mine.filter(name__iexact=subject.nickname)
    if not again.update(kind=Kind.PRESENT, name=subject.nickname, since=moment, until=None):
        take_names([subject])


def find(user: Any, nickname: str, among: Any = None) -> Subject | None:
    """Return the animal that ``user`` sees under a present or, failing that, another name of it.

    ``among`` are the animals that ``user`` sees, with what else is wanted of the one.
    """
    seen = Subject.objects.visible_to(user) if among is None else among
    found = list(seen.filter(nickname=nickname)[:2])
    if not found:
        named = SubjectName.objects.filter(name__iexact=nickname).values("subject")
        found = list(seen.filter(pk__in=named)[:2])
    if len(found) > 1:
        labs = " and ".join(sorted(str(subject.lab) for subject in found))
        raise DoesNotFit(f"There is a {nickname} in {labs}. Use the animal's id.", field="nickname")
    return found[0] if found else None
