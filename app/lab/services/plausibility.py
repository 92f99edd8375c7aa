"""What cannot be, or hardly can: refused, unless whoever sends it says why it is right."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from django.utils.timezone import now

from lab.errors import DoesNotFit
from lab.models import LabProfile, Subject, Weighing
from lab.times import day_of

SAY_WHY = "If this is right, say why in confirmed."
LATELY = timedelta(days=7)  # within which two weights of an animal are compared


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


def _neighbour(subject: Subject, given: Mapping[str, Any]) -> Weighing | None:
    """Return the last weighing of the week before this one."""
    at: datetime = given["at"]
    others = Weighing.objects.filter(subject=subject, at__lte=at, at__gt=at - LATELY)
    if "pk" in given:
        others = others.exclude(pk=given["pk"])
    return others.order_by("-at").first()


def _need_near(weight: float, fraction: float, before: Weighing | None, field: str) -> None:
    if before is None or not before.weight_g:
        return
    change = abs(weight - before.weight_g) / before.weight_g
    if change > fraction:
        raise DoesNotFit(
            f"{weight:g} g is implausible: the animal weighed {before.weight_g:g} g on"
            f" {before.at:%Y-%m-%d}. {SAY_WHY}",
            field=field,
        )
