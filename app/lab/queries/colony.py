"""The colony as it is read: what waits, who was responsible, what was anybody called."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.utils.timezone import now

from accounts.models import AuditEntry, User
from lab.models import BreedingPair, Line, Litter, Subject, SubjectName, SubjectRequest

ANIMAL = ("lab", "line", "strain", "litter", "responsible_user")
PARENTS = ("father", "mother1", "mother2")


@dataclass(frozen=True)
class Keeper:
    """Since when somebody was responsible for an animal, and who wrote it down."""

    since: datetime
    user: User | None
    written_by: User | None
    reason: str


def to_be_genotyped(user: Any) -> Any:
    """Return the living animals that ``user`` sees and that wait for a genotype, oldest first."""
    rows = Subject.objects.visible_to(user).alive().filter(to_be_genotyped=True)
    return rows.select_related(*ANIMAL).order_by("born_on", "nickname")


def to_be_culled(user: Any) -> Any:
    """Return the living animals that ``user`` sees and that are to be culled, oldest first."""
    rows = Subject.objects.visible_to(user).alive().filter(to_be_culled=True)
    return rows.select_related(*ANIMAL).order_by("born_on", "nickname")


def to_be_weaned(user: Any, born_before: date) -> Any:
    """Return the living young that ``user`` sees, of litters born before a day, and not weaned."""
    young = Subject.objects.visible_to(user).alive().exclude(litter=None)
    rows = young.filter(weaned_on=None, born_on__lt=born_before)
    return rows.select_related(*ANIMAL).order_by("born_on", "nickname")


def breeders(on: date | None = None) -> Any:
    """Return the living animals in a pair that has begun and not ended, today or on a day."""
    day = on or now().date()
    going = BreedingPair.objects.filter(began_on__lte=day)
    going = going.filter(Q(ended_on=None) | Q(ended_on__gt=day))
    parents = Q()
    for name in PARENTS:
        parents |= Q(pk__in=going.exclude(**{name: None}).values(name))
    return Subject.objects.alive(day).filter(parents)


def pairs(user: Any) -> Any:
    """Return the pairs that ``user`` sees, with their parents and how many litters they have."""
    rows = BreedingPair.objects.visible_to(user).select_related("line__lab", *PARENTS)
    return rows.annotate(litters_count=Count("litters"))


def litters(user: Any) -> Any:
    """Return the litters that ``user`` sees, with how many animals each has, and how many live."""
    living = Q(subjects__died_on=None) | Q(subjects__died_on__gt=now().date())
    rows = Litter.objects.visible_to(user).select_related("line__lab", "breeding_pair")
    return rows.annotate(
        animals=Count("subjects"),
        alive=Count("subjects", filter=living),
        weaned=Count("subjects", filter=~Q(subjects__weaned_on=None)),
    )


def lines(user: Any) -> Any:
    """Return the lines that ``user`` sees, with how many of their animals live."""
    living = Q(subjects__isnull=False) & (
        Q(subjects__died_on=None) | Q(subjects__died_on__gt=now().date())
    )
    rows = Line.objects.visible_to(user).select_related("lab", "species", "strain", "source")
    return rows.annotate(alive=Count("subjects", filter=living))


def requests(user: Any) -> Any:
    """Return the requests that ``user`` sees, with how many animals remain to be given."""
    rows = SubjectRequest.objects.visible_to(user).with_remaining()
    return rows.select_related("user", "line__lab")


def names_of(subjects: Iterable[Subject]) -> dict[UUID, list[SubjectName]]:
    """Return every name that each animal has, had or answers to, the first first."""
    found: dict[UUID, list[SubjectName]] = {subject.pk: [] for subject in subjects}
    for row in SubjectName.objects.filter(subject__in=list(found)).order_by("since", "name"):
        found[row.subject_id].append(row)
    return found


def keepers(subject: Subject) -> list[Keeper]:
    """Return who was responsible for an animal, the latest first, in two questions."""
    entries = AuditEntry.objects.on(subject).filter(changes__has_key="responsible_user")
    told = list(entries.select_related("user").order_by("-pk"))
    keys = [entry.changes["responsible_user"][1] for entry in told]
    known = _people(keys)
    return [
        Keeper(entry.at, known.get(str(key)), entry.user, entry.reason)
        for entry, key in zip(told, keys, strict=True)
    ]


def _people(keys: Sequence[Any]) -> dict[str, User]:
    return {str(user.pk): user for user in User.objects.filter(pk__in=filter(None, keys))}
