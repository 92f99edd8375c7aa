"""All that has happened to an animal, newest first, in one question however long it lived."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    CharField,
    F,
    FloatField,
    Max,
    Model,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Cast, NullIf, TruncWeek

from lab import models
from lab.models import Subject
from lab.times import instant_of, zone_of

Rows = QuerySet[Any]
NOTHING = Value(None, output_field=FloatField())


@dataclass(frozen=True)
class Happening:
    """One thing that happened: when, of which kind, what, and how much of it."""

    at: datetime
    kind: str
    id: UUID
    what: str
    amount: float | None = None
    ended_at: datetime | None = None

    @property
    def place(self) -> tuple[datetime, str]:
        """Return what the order of the timeline goes by."""
        return self.at, str(self.id)


@dataclass(frozen=True)
class Source:
    """A kind of record as the timeline tells of it."""

    kind: str
    model: type[Model]
    at: str = "began_at"
    what: str = ""
    amount: str = ""
    ended_at: str = ""


SOURCES = (
    Source("session", models.Session, what="task_protocol", amount="number", ended_at="ended_at"),
    Source("surgery", models.Surgery, what="outcome", amount="implant_weight_g",
           ended_at="ended_at"),
    Source("virus injection", models.VirusInjection, what="virus_batch", amount="volume_nl"),
    Source("chronic recording", models.ChronicRecording, what="name", ended_at="ended_at"),
    Source("other action", models.OtherAction, what="narrative", ended_at="ended_at"),
    Source("water restriction", models.WaterRestriction, amount="reference_weight_g",
           ended_at="ended_at"),
    Source("move", models.HousingPeriod, what="housing__cage_name", ended_at="ended_at"),
    Source("weighing", models.Weighing, at="at", amount="weight_g"),
    Source("water administration", models.WaterAdministration, at="at",
           what="water_type__name", amount="water_ml"),
    Source("name", models.SubjectName, at="since", what="name", ended_at="until"),
)  # fmt: skip
KINDS = (*(source.kind for source in SOURCES), "note", "birth", "weaning", "genotyping", "death",
         "cull")  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """Which part of a timeline: so many things before a place, of these kinds."""

    limit: int
    before: tuple[datetime, UUID] | None = None
    kinds: frozenset[str] = frozenset(KINDS)
    every_weight: bool = False


def of(subject: Subject, user: Any, wish: Wish) -> list[Happening]:
    """Return what happened, newest first; of each week the last weight is told, unless all are."""
    found = [*_recorded(subject, user, wish), *_days(subject, wish.kinds)]
    later = wish.before and (wish.before[0], str(wish.before[1]))
    shown = [each for each in found if later is None or each.place < later]
    return sorted(shown, key=lambda each: each.place, reverse=True)[: wish.limit]


def _recorded(subject: Subject, user: Any, wish: Wish) -> Iterator[Happening]:
    arms = [_cut(arm, wish.before) for arm in _arms(subject, user, wish)]
    if not arms:
        return
    first, *others = arms
    rows = first.union(*others, all=True) if others else first
    for at, kind, key, what, amount, ended_at in rows.order_by("-when", "-key")[: wish.limit]:
        yield Happening(at, kind, UUID(str(key)), what or "", amount, ended_at)


def _arms(subject: Subject, user: Any, wish: Wish) -> Iterator[Rows]:
    for source in SOURCES:
        if source.kind in wish.kinds:
            rows = _arm(source, subject, user)
            is_thinned = source.kind == "weighing" and not wish.every_weight
            yield _thinned(rows, subject) if is_thinned else rows
    if "note" in wish.kinds:
        yield _notes(subject, user)


def _arm(source: Source, subject: Subject, user: Any) -> Rows:
    """Return what one kind tells; who sees the animal sees it, but sessions have own projects."""
    rows: Any = source.model._default_manager.all()  # noqa: SLF001
    seen = rows.visible_to(user) if source.model is models.Session else rows
    return _told(seen.filter(subject=subject.pk).exclude(**{source.at: None}), source)


def _told(rows: Rows, source: Source) -> Rows:
    what = Cast(source.what, CharField()) if source.what else Value("", output_field=CharField())
    amount = Cast(source.amount, FloatField()) if source.amount else NOTHING
    ended = F(source.ended_at) if source.ended_at else _no_time(source.at)
    told: Rows = (
        rows.order_by()
        .annotate(when=F(source.at), sort=Value(source.kind, output_field=CharField()),
                  key=F("pk"), what=what, amount=amount, until_=ended)
        .values_list("when", "sort", "key", "what", "amount", "until_")
    )  # fmt: skip
    return told


def _no_time(at: str) -> Any:
    """Return an empty time of a type that both databases know."""
    return NullIf(F(at), F(at))


def _notes(subject: Subject, user: Any) -> Rows:
    kind = ContentType.objects.get_for_model(Subject)
    rows = models.Note.objects.visible_to(user).filter(content_type=kind, object_id=subject.pk)
    return _told(rows, Source("note", models.Note, at="at", what="text"))


def _thinned(rows: Rows, subject: Subject) -> Rows:
    """Keep the last weight of each week in the lab's zone."""
    zone = zone_of(subject.lab)
    weeks = models.Weighing.objects.filter(subject=subject.pk).order_by()
    last = weeks.annotate(week=TruncWeek("at", tzinfo=zone)).values("week")
    return rows.filter(at__in=last.annotate(last=Max("at")).values("last"))


def _cut(rows: Rows, before: tuple[datetime, UUID] | None) -> Rows:
    if before is None:
        return rows
    at, key = before
    return rows.filter(Q(when__lt=at) | Q(when=at, key__lt=key))


def _days(subject: Subject, kinds: frozenset[str]) -> Iterator[Happening]:
    """Yield what the animal itself and its cull say of single days."""
    said: list[tuple[str, date | None, UUID, str]] = [
        ("birth", subject.born_on, subject.pk, ""),
        ("weaning", subject.weaned_on, subject.pk, ""),
        ("genotyping", subject.genotyped_on, subject.pk, ""),
    ]
    cull: Any = models.Cull.objects.filter(subject=subject.pk).select_related("reason").first()
    if cull:
        said.append(("cull", cull.culled_on, cull.pk, str(cull.reason or cull.description)))
    elif subject.died_on:
        said.append(("death", subject.died_on, subject.pk, ""))
    for kind, day, key, what in said:
        if day and kind in kinds:
            yield Happening(_midnight(day, subject), kind, key, what)


def _midnight(day: date, subject: Subject) -> datetime:
    return instant_of(datetime.combine(day, time.min), subject.lab)
