"""Who lives where, with whom, and where they lived before."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.timezone import now

from lab.models import Housing, HousingPeriod, Sex, Subject

CAGE = ("housing__room", "housing__cage_type", "housing__enrichment", "housing__food")


def during(moment: datetime) -> Q:
    """Return the condition for times in a cage that an instant lies in; the last one does not."""
    return Q(began_at__lte=moment) & (Q(ended_at=None) | Q(ended_at__gt=moment))


def cages(user: Any) -> Any:
    """Return the cages that ``user`` sees as they are now, with how many live in each.

    Those whose place another has taken are left out; animals of closed projects are counted.
    """
    lives = Q(periods__ended_at=None, periods__isnull=False)
    rows = Housing.objects.visible_to(user).filter(replaced_by=None)
    return rows.select_related("lab", "room", "cage_type", "enrichment", "food").annotate(
        animals=Count("periods", filter=lives),
        males=Count("periods", filter=lives & Q(periods__subject__sex=Sex.MALE)),
        females=Count("periods", filter=lives & Q(periods__subject__sex=Sex.FEMALE)),
    )


def residents(housing: Housing, at: datetime | None = None) -> Any:
    """Return the animals that live in a cage, or lived there at an instant."""
    lived = HousingPeriod.objects.filter(during(at or now()), housing=housing)
    return Subject.objects.filter(pk__in=lived.values("subject"))


def mates(subject: Subject, at: datetime | None = None) -> Any:
    """Return the animals that live, or lived at an instant, in the same cage as this one."""
    moment = at or now()
    mine = HousingPeriod.objects.filter(during(moment), subject=subject)
    shared = HousingPeriod.objects.filter(during(moment), housing__in=mine.values("housing"))
    return Subject.objects.filter(pk__in=shared.values("subject")).exclude(pk=subject.pk)


def present(subjects: Iterable[Subject]) -> dict[UUID, HousingPeriod]:
    """Return where each animal lives, with one question for all; those without a cage have none."""
    keys = [subject.pk for subject in subjects]
    rows = HousingPeriod.objects.filter(subject__in=keys, ended_at=None).select_related(*CAGE)
    return {row.subject_id: row for row in rows.order_by()}


def history(subjects: Sequence[Subject]) -> Any:
    """Return where animals lived, the latest first."""
    rows = HousingPeriod.objects.filter(subject__in=subjects).select_related("subject__lab", *CAGE)
    return rows.order_by("subject__nickname", "-began_at")


def homeless(user: Any) -> Any:
    """Return the living animals that ``user`` sees and that are in no cage."""
    open_ = HousingPeriod.objects.filter(subject=OuterRef("pk"), ended_at=None)
    return Subject.objects.visible_to(user).alive().exclude(Exists(open_))
