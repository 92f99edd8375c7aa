"""What an animal on measured water should weigh and drink: one rule, exact, without a database.

The formulas are those of Alyx (cortex-lab/alyx, `actions/water_control.py` describes them), so that
a lab that moves here sees the numbers it knows. Weights are in grams, water in millilitres.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

ML_PER_G = 0.04
ML_PER_G_WHEN_LIGHT = 0.05  # for an animal below its minimum
DEFICIT_SHARE = 1.5  # of what an animal lacks of the lab's share of its reference weight
LEAST_ML, MOST_ML = 0.5, 1.2  # of the rule of the deficit
NEARLY_PERCENT = 2.0  # an animal so little above its minimum is looked at
DAYS_A_WEEK = 7

Dated = tuple[date, float]


@dataclass(frozen=True)
class Norm:
    """Mean and standard deviation, in grams, of animals of one sex and age."""

    mean_g: float
    sd_g: float


@dataclass(frozen=True)
class Growth:
    """Norms by sex and age in whole weeks; between two ages the line that joins them."""

    points: dict[tuple[str, int], Norm]

    def norm(self, sex: str, age_weeks: int) -> Norm | None:
        """Return the norm for an age; beyond the ends it is that of the end."""
        own = sorted((age, norm) for (whose, age), norm in self.points.items() if whose == sex)
        if not own:
            return None
        ages = [age for age, _ in own]
        place = bisect_right(ages, age_weeks)
        if place == 0:
            return own[0][1]
        if place == len(own):
            return own[-1][1]
        (before, low), (after, high) = own[place - 1], own[place]
        share = (age_weeks - before) / (after - before)
        return Norm(
            low.mean_g + share * (high.mean_g - low.mean_g),
            low.sd_g + share * (high.sd_g - low.sd_g),
        )


@dataclass(frozen=True)
class Restriction:
    """A time of measured water; open while ``ended_on`` is None."""

    began_on: date
    ended_on: date | None
    reference_g: float | None


@dataclass(frozen=True)
class Rule:
    """How a lab weighs its two norms, as fractions from 0 to 1, and how it gives water."""

    reference_fraction: float
    zscore_fraction: float
    water: str = "gram"  # gram, deficit or fixed
    fixed_ml: float = 0.0

    @property
    def fraction(self) -> float:
        return self.reference_fraction + self.zscore_fraction


@dataclass(frozen=True)
class Reading:
    """One animal on one day. Weights in g, water in mL; 0 where nothing is known to say."""

    day: date
    weight_g: float
    weighed_on: date | None
    implant_g: float
    reference_g: float
    zscore_g: float
    expected_g: float
    minimum_g: float
    percentage: float
    minimum_percentage: float
    required_ml: float
    is_restricted: bool

    @property
    def status(self) -> str:
        """Return "good", "warning" within two points above the minimum, or "harm" below it."""
        if not self.expected_g or not self.weight_g:
            return "neutral"
        if self.percentage < self.minimum_percentage:
            return "harm"
        return "warning" if self.percentage < self.minimum_percentage + NEARLY_PERCENT else "good"


@dataclass(frozen=True)
class Course:
    """All that was measured of one animal, each list by day."""

    sex: str
    born_on: date | None
    rule: Rule
    growth: Growth | None = None
    weighings: Sequence[Dated] = ()
    implants: Sequence[Dated] = ()
    restrictions: Sequence[Restriction] = field(default_factory=tuple)

    def on(self, day: date) -> Reading:
        """Return what holds for the animal on ``day``."""
        weighed_on, weight = _latest(self.weighings, day) or (None, 0.0)
        implant = self._implant(day)
        reference, zscore = self._references(day)
        expected, minimum = self._bounds(reference, zscore, implant)
        bare = expected - implant
        return Reading(
            day=day,
            weight_g=weight,
            weighed_on=weighed_on,
            implant_g=implant,
            reference_g=reference,
            zscore_g=zscore,
            expected_g=expected,
            minimum_g=minimum,
            percentage=100 * (weight - implant) / bare if expected and bare > 0 else 0.0,
            minimum_percentage=100 * self.rule.fraction,
            required_ml=self._required(weight, implant, reference, minimum),
            is_restricted=any(_covers(each, day) for each in self.restrictions),
        )

    def _implant(self, day: date) -> float:
        found = _latest(self.implants, day)
        return found[1] if found else 0.0

    def _references(self, day: date) -> tuple[float, float]:
        """Return the reference weight and the one that the growth of such animals suggests."""
        restriction = _latest_restriction(self.restrictions, day)
        if restriction is None or restriction.reference_g is None:
            return 0.0, 0.0
        reference = restriction.reference_g - self._implant(restriction.began_on)
        return reference, self._zscore_weight(reference, restriction.began_on, day)

    def _zscore_weight(self, reference: float, referred_on: date, day: date) -> float:
        if self.born_on is None or self.growth is None:
            return 0.0
        sex = "M" if self.sex == "M" else "F"
        then = self.growth.norm(sex, _weeks(self.born_on, referred_on))
        now = self.growth.norm(sex, _weeks(self.born_on, day))
        if then is None or now is None or not then.sd_g:
            return 0.0
        return now.mean_g + (reference - then.mean_g) / then.sd_g * now.sd_g

    def _bounds(self, reference: float, zscore: float, implant: float) -> tuple[float, float]:
        """Return the expected and the least weight, the implant included."""
        total = self.rule.fraction
        weighted = self.rule.zscore_fraction * zscore + self.rule.reference_fraction * reference
        if not total or not weighted:
            return 0.0, 0.0
        return weighted / total + implant, weighted + implant

    def _required(self, weight: float, implant: float, reference: float, minimum: float) -> float:
        return WATER[self.rule.water](self.rule, weight, implant, reference, minimum)


def _by_gram(_: Rule, weight: float, implant: float, __: float, minimum: float) -> float:
    share = ML_PER_G_WHEN_LIGHT if weight < minimum else ML_PER_G
    return max(share * (weight - implant), 0.0)


def _by_deficit(rule: Rule, weight: float, implant: float, reference: float, _: float) -> float:
    wanted = rule.reference_fraction * reference + implant
    return min(MOST_ML, max(LEAST_ML, DEFICIT_SHARE * (wanted - weight)))


def _fixed(rule: Rule, *_: float) -> float:
    return rule.fixed_ml


WATER: dict[str, Callable[..., float]] = {
    "gram": _by_gram,
    "deficit": _by_deficit,
    "fixed": _fixed,
}


def _latest(measured: Sequence[Dated], day: date) -> Dated | None:
    """Return the last measurement up to a day, that day included; ``measured`` is in order."""
    place = bisect_right(measured, day, key=lambda each: each[0])
    return measured[place - 1] if place else None


def _latest_restriction(restrictions: Sequence[Restriction], day: date) -> Restriction | None:
    """Return the latest restriction that has begun, which stays the reference after its end."""
    begun = [each for each in restrictions if each.began_on <= day]
    return max(begun, key=lambda each: each.began_on, default=None)


def _covers(restriction: Restriction, day: date) -> bool:
    return restriction.began_on <= day and (
        restriction.ended_on is None or day <= restriction.ended_on
    )


def _weeks(born_on: date, day: date) -> int:
    return (day - born_on).days // DAYS_A_WEEK
