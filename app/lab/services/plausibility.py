"""What cannot be, or hardly can: refused, unless whoever sends it says why it is right."""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Self

from django.utils.timezone import now

from lab.errors import DoesNotFit
from lab.models import LabProfile, Subject, Weighing
from lab.times import day_of

SAY_WHY = "If this is right, say why in confirmed."
Weight = tuple[datetime, float]  # in grams
LATELY = timedelta(days=7)  # within which two weights of an animal are compared
MOST_WATER_ML = 100.0  # at once; a rat drinks half of it in a day


def need_life(subject: Subject, given: Mapping[str, Any], *, field: str = "start_time") -> None:
    """Refuse what was done before an animal's birth, after its death, or is yet to come."""
    day = day_of(given["began_at"], subject.lab)
    if subject.died_on and day > subject.died_on and not given.get("after_death"):
        raise DoesNotFit(
            f"{subject} died on {subject.died_on}. If this is right, say why in after_death.",
            field=field,
        )
    if given.get("confirmed"):
        return
    if subject.born_on and day < subject.born_on:
        raise DoesNotFit(f"{subject} was born on {subject.born_on}. {SAY_WHY}", field=field)
    if day > day_of(now(), subject.lab):
        raise DoesNotFit(f"{day} is in the future. {SAY_WHY}", field=field)


def need_number(given: Mapping[str, Any], name: str, *, field: str) -> float:
    """Refuse what is no finite number of at least zero."""
    value = given.get(name)
    if value is None:
        raise DoesNotFit("Give a number.", field=field)
    if not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise DoesNotFit(f"{value} is no number of at least 0.", field=field)
    return float(value)


def need_likely_water(given: Mapping[str, Any], *, field: str = "water_administered") -> None:
    """Refuse an amount of water that no animal drinks at once: as a slip from mL to µL makes it."""
    if given.get("water_ml") is None:
        return
    amount = need_number(given, "water_ml", field=field)
    if amount > MOST_WATER_ML and not given.get("confirmed"):
        bound = f"{MOST_WATER_ML:g} mL are expected at most"
        raise DoesNotFit(f"{amount:g} mL is implausible: {bound}. {SAY_WHY}", field=field)


def need_likely_weight(given: Mapping[str, Any], *, field: str = "weight") -> None:
    """Refuse a weight beyond the lab's bounds, or far from the animal's weight of the same week."""
    weight = need_number(given, "weight_g", field=field)
    if given.get("confirmed"):
        return
    subject: Subject = given["subject"]
    rules = LabProfile.objects.filter(lab=subject.lab_id).first()
    if rules is None:
        return
    _need_within(weight, rules, field)
    if rules.weight_change_fraction is not None:
        _need_near(weight, rules.weight_change_fraction, _neighbour(subject, given), field)


def _need_within(weight: float, rules: LabProfile, field: str) -> None:
    least, most = rules.least_weight_g or 0.0, rules.most_weight_g
    if weight < least or (most is not None and weight > most):
        bounds = f"from {least:g} g to {most:g} g" if most is not None else f"from {least:g} g"
        raise DoesNotFit(
            f"{weight:g} g is implausible: this lab expects weights {bounds}. {SAY_WHY}",
            field=field,
        )


def _neighbour(subject: Subject, given: Mapping[str, Any]) -> Weight | None:
    """Return the last weight of the week before this one."""
    at: datetime = given["at"]
    others = Weighing.objects.filter(subject=subject, at__lte=at, at__gt=at - LATELY)
    if "pk" in given:
        others = others.exclude(pk=given["pk"])
    return others.order_by("-at").values_list("at", "weight_g").first()


def _need_near(weight: float, fraction: float, before: Weight | None, field: str) -> None:
    if before is None or not before[1]:
        return
    at, former = before
    if abs(weight - former) / former > fraction:
        raise DoesNotFit(
            f"{weight:g} g is implausible: the animal weighed {former:g} g on"
            f" {at:%Y-%m-%d}. {SAY_WHY}",
            field=field,
        )


@dataclass(frozen=True)
class Lately:
    """The rules and the weights that many new weighings are held against, each asked for once."""

    rules: Mapping[Any, LabProfile]
    weights: Mapping[Any, list[Weight]]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Look up what concerns these weighings, themselves apart: two questions for any number."""
        labs = {given["subject"].lab_id for given in rows}
        times = [given["at"] for given in rows]
        found = Weighing.objects.filter(
            subject__in={given["subject"].pk for given in rows},
            at__gt=min(times) - LATELY,
            at__lte=max(times),
        ).exclude(pk__in=[given["pk"] for given in rows if "pk" in given])
        weights: dict[Any, list[Weight]] = defaultdict(list)
        for key, at, weight in found.order_by("at").values_list("subject", "at", "weight_g"):
            weights[key].append((at, weight))
        rules = {rule.lab_id: rule for rule in LabProfile.objects.filter(lab__in=labs)}
        return cls(rules, weights)

    def need_likely(self, given: Mapping[str, Any], *, field: str = "weight") -> None:
        """Refuse as `need_likely_weight` does; the next one is held against this one, too."""
        weight = need_number(given, "weight_g", field=field)
        known = self.weights[given["subject"].pk]
        rules = self.rules.get(given["subject"].lab_id)
        if rules is not None and not given.get("confirmed"):
            _need_within(weight, rules, field)
            if rules.weight_change_fraction is not None:
                _need_near(weight, rules.weight_change_fraction, _last(known, given["at"]), field)
        insort(known, (given["at"], weight), key=_when)


def _when(weight: Weight) -> datetime:
    return weight[0]


def _last(known: Sequence[Weight], at: datetime) -> Weight | None:
    """Return the last of the weights of the week before an instant; they are in order."""
    place = bisect_right(known, at, key=_when)
    found = known[place - 1] if place else None
    return found if found and found[0] > at - LATELY else None
