"""What ends with an animal's life, whoever writes down its death, and what comes back with it.

An animal remembers what its death has ended (`Subject.ended_with_death`), so that a death that was
written down by mistake can be taken back.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

from django.db.models import Exists, F, Model, OuterRef, Q, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils.timezone import now

from accounts.models import Lab
from lab.models import BreedingPair, Cull, HousingPeriod, Subject, WaterRestriction
from lab.models.deletion import throw_away
from lab.services import licence, life
from lab.times import zone_of

LAST_SECOND = time(23, 59, 59)
MARKED = "to_be_culled"
OWNERS = {  # what the history names, fetched with the rows
    "restrictions": ("subject", "lab"),
    "housing": ("subject__lab", "housing"),
    "pairs": ("line__lab", "father", "mother1", "mother2"),
}
ENDED: dict[str, Any] = {
    "restrictions": WaterRestriction,
    "housing": HousingPeriod,
    "pairs": BreedingPair,
}
Ended = dict[str, Any]  # of one animal: {kind: {key: when it ended}}


def move(*, subject: Subject, before: date | None) -> None:
    """Let what follows from an animal's death follow from its new date, or from there being none.

    Call it after the date was saved. A cull moves with the death, and goes when there is none.
    """
    if before is not None:
        give_back(subjects=[subject])
    cull = Cull.objects.filter(subject=subject).first()
    if subject.died_on is None and cull:
        throw_away(record=cull)
    if subject.died_on is not None:
        end(subjects=[subject], on=subject.died_on)
        Cull.objects.filter(subject=subject).exclude(culled_on=subject.died_on).update(
            culled_on=subject.died_on
        )


def end(*, subjects: Sequence[Subject], on: date, after_death: str = "") -> None:
    """Let animals have died on a day, and end their restrictions, housing and pairs.

    What was done with them on later days is refused, or gets ``after_death`` as the reason.
    """
    life.make_way(subjects, on, after_death)
    ended: dict[Any, Ended] = {subject.pk: {} for subject in subjects}
    of_labs: dict[Lab, list[Subject]] = defaultdict(list)
    for subject in subjects:
        of_labs[subject.lab].append(subject)
        if subject.to_be_culled:
            ended[subject.pk][MARKED] = True
    for lab, some in of_labs.items():
        moment = end_of_life(on, lab)
        for kind in ("restrictions", "housing"):
            _end_times(kind, some, moment, ended)
    _end_pairs(subjects, on, ended)
    for subject in subjects:
        subject.died_on, subject.to_be_culled = on, False
        subject.ended_with_death = ended[subject.pk] or None
    _save(subjects)
    _settle(subjects)


def end_of_life(day: date, lab: Lab) -> datetime:
    """Return until when an animal that died on a day lived: now, or the end of that day."""
    return min(now(), datetime.combine(day, LAST_SECOND, tzinfo=zone_of(lab)))


def _end_times(
    kind: str, subjects: Sequence[Subject], moment: datetime, ended: dict[Any, Ended]
) -> None:
    rows = ENDED[kind].objects.filter(subject__in=subjects, ended_at=None).exclude(began_at=None)
    keys = list(rows.values_list("pk", flat=True))
    if not keys:
        return
    mine = _rows(kind, keys)
    mine.update(ended_at=Greatest(F("began_at"), Value(moment)))
    for row in mine:
        _remember(ended[row.subject_id], kind, row, row.ended_at)


def _end_pairs(subjects: Sequence[Subject], on: date, ended: dict[Any, Ended]) -> None:
    """End the pairs that cannot breed any more: their father is dead, or all their mothers are."""
    last = {pair.pk: whose for pair, whose in _widowed(subjects, on)}
    if not last:
        return
    mine = _rows("pairs", list(last))
    mine.update(ended_on=Greatest(Coalesce(F("began_on"), Value(on)), Value(on)))
    for pair in mine:
        for key in last[pair.pk]:
            _remember(ended[key], "pairs", pair, pair.ended_on)


def _widowed(subjects: Sequence[Subject], on: date) -> Iterable[tuple[BreedingPair, list[Any]]]:
    keys = {subject.pk for subject in subjects}
    parents = ("father", "mother1", "mother2")
    whose = Q(father__in=keys) | Q(mother1__in=keys) | Q(mother2__in=keys)
    pairs = BreedingPair.objects.filter(whose, ended_on=None).order_by()
    for pair in pairs.select_related(*parents):
        if not breeds(pair, on, dead=keys):
            found = [getattr(pair, f"{name}_id") for name in parents]
            yield pair, [key for key in found if key in keys]


def breeds(
    pair: BreedingPair, on: date, *, dead: Collection[Any] = (), living: Collection[Any] = ()
) -> bool:
    """Say whether a pair can have young: nobody knows of its father's death, or of all mothers'.

    Of some animals the caller knows it better than their records do.
    """

    def lives(parent: Subject) -> bool:
        return parent.pk in living or (parent.pk not in dead and parent.is_alive(on))

    mothers = [mother for mother in (pair.mother1, pair.mother2) if mother]
    if pair.father and not lives(pair.father):
        return False
    return not mothers or any(lives(mother) for mother in mothers)


def give_back(*, subjects: Sequence[Subject]) -> None:
    """Let go on what the animals' deaths had ended, unless somebody has changed its end since.

    Their death dates are saved as the caller has set them.
    """
    wanted: dict[str, dict[str, str]] = {kind: {} for kind in ENDED}
    for subject in subjects:
        kept = subject.ended_with_death or {}
        for kind in ENDED:
            wanted[kind] |= kept.get(kind, {})
        subject.to_be_culled = subject.to_be_culled or bool(kept.get(MARKED))
        subject.ended_with_death = None
    _save(subjects)
    for kind, ends in wanted.items():
        if ends:
            _go_on(kind, ends, {subject.pk for subject in subjects})
    _settle(subjects)


def _settle(subjects: Sequence[Subject]) -> None:
    """Reckon the licence's step of animals anew; the caller's rows know it as well."""
    changed = {each.pk: each for each in licence.settle(subjects=[each.pk for each in subjects])}
    for subject in subjects:
        if found := changed.get(subject.pk):
            subject.protocol_number = found.protocol_number
            subject.actual_severity = found.actual_severity
            subject.remember()


def _save(subjects: Sequence[Subject]) -> None:
    Subject.objects.select_related("lab").bulk_update(
        subjects, ["died_on", "ended_with_death", "to_be_culled"]
    )
    for subject in subjects:
        subject.remember()


def _go_on(kind: str, ends: dict[str, str], living: set[Any]) -> None:
    name = "ended_on" if kind == "pairs" else "ended_at"
    rows = list(_ended(kind, list(ends)))
    same = [row for row in rows if _told(getattr(row, name)) == ends[str(row.pk)]]
    free = [row.pk for row in same if kind != "pairs" or breeds(row, row.ended_on, living=living)]
    if free:
        _rows(kind, free).update(**{name: None})


def _ended(kind: str, keys: list[str]) -> Any:
    """Return what a death has ended, without that in whose place another has begun by now."""
    rows = _rows(kind, keys)
    if kind != "pairs":
        others = ENDED[kind].objects.filter(subject=OuterRef("subject"), ended_at=None)
        return rows.exclude(Exists(others))
    return rows


def _rows(kind: str, keys: list[Any]) -> Any:
    return ENDED[kind].objects.filter(pk__in=keys).select_related(*OWNERS[kind]).order_by()


def _told(when: date | None) -> str:
    return when.isoformat() if when else ""


def _remember(ended: Ended, kind: str, row: Model, when: date | None) -> None:
    ended.setdefault(kind, {})[str(row.pk)] = _told(when)
