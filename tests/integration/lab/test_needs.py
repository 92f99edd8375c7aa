"""Who needs what today, and what people are told of it."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import lab as make

from lab import models, recording
from lab.queries import weights
from lab.queries.needs import needs
from lab.services import welfare

NORMS = {12: (27.7, 1.7), 13: (28.4, 1.9)}
NOON = datetime(2026, 4, 5, 12, tzinfo=UTC)


def at(day, hour=9):
    return datetime(2026, 4, day, hour, tzinfo=UTC)


@pytest.fixture
def rules(alder):
    with recording.by(None):
        alder.profile.reference_weight_fraction = 0.8
        alder.profile.save()
    for age, (mean, sd) in NORMS.items():
        facts = {"sex": "M", "age_weeks": age, "mean_g": mean, "sd_g": sd, "source": "a test"}
        make.made(models.GrowthPoint, lab=alder, **facts)
    return alder.profile


@pytest.fixture
def thirsty(rules, alder, alice):
    """An animal on measured water since the first, weighed on all days but the third."""
    animal = make.subject(alder, alice, "LN1_0001")
    make.restriction(animal, began_at=at(1))
    for day, weight in ((2, 24), (4, 21), (5, 20.5)):
        make.weighing(animal, alice, weight, at=at(day))
    make.water(animal, alice, 0.9, at=at(4, 18))
    make.water(animal, alice, 0.3, at=at(5, 10))
    return animal


def test_a_need_has_the_numbers_that_labs_know(thirsty):
    [need] = needs(moment=NOON)
    reading = need.reading
    assert (reading.weight_g, reading.expected_g, reading.minimum_g) == (20.5, 25.0, 20.0)
    assert reading.percentage == pytest.approx(82.0)
    assert (need.given_ml, need.remaining_ml) == (0.3, pytest.approx(0.82 - 0.3))
    assert need.last_water_at == at(5, 10)
    assert need.is_weighed
    assert not need.is_first_day


def test_missed_days_are_named_without_the_first(thirsty):
    [need] = needs(moment=NOON)
    assert need.unweighed == (date(2026, 4, 3),)
    assert need.waterless == (date(2026, 4, 2), date(2026, 4, 3))


@pytest.mark.parametrize("implant", [0.0, 2.0])
@pytest.mark.parametrize("fractions", [(0.8, 0.0), (0.0, 0.8), (0.4, 0.4)])
@pytest.mark.parametrize("day", [2, 3, 5, 9])
def test_it_is_the_reading_of_the_whole_course(thirsty, rules, implant, fractions, day):
    make.made(models.Surgery, subject=thirsty, lab=thirsty.lab, implant_weight_g=implant,
              began_at=datetime(2026, 3, 1, tzinfo=UTC))  # fmt: skip
    with recording.by(None):
        rules.reference_weight_fraction, rules.zscore_weight_fraction = fractions
        rules.save()
    thirsty = models.Subject.objects.select_related("lab__profile").get(pk=thirsty.pk)
    [need] = needs(moment=at(day, 23))
    whole = weights.courses([thirsty])[thirsty.pk].on(date(2026, 4, day))
    assert need.reading == whole


def test_only_what_lasts_and_lives_and_is_seen(thirsty, alder, birch, alice, bob, carol):
    make.restriction(make.subject(birch, bob, "B1"), began_at=at(1))
    make.restriction(make.subject(alder, alice, "Over"), began_at=at(1), ended_at=at(3))
    make.restriction(make.subject(alder, alice, "Dead", died_on=date(2026, 4, 3)), began_at=at(1))
    make.restriction(make.subject(alder, alice, "Later"), began_at=at(8))
    assert [need.subject.nickname for need in needs(user=carol, moment=NOON)] == ["LN1_0001"]
    assert [need.subject.nickname for need in needs(user=bob, moment=NOON)] == ["B1"]
    assert len(needs(moment=NOON)) == 2
    assert len(needs(labs=[birch], moment=NOON)) == 1


def test_a_hundred_animals_take_five_questions(rules, alder, alice, carol):
    for number in range(100):
        animal = make.subject(alder, alice, f"A{number:03d}")
        make.restriction(animal, began_at=at(1))
        make.weighing(animal, alice, 21.0, at=at(4))
        make.water(animal, alice, 0.5, at=at(4))
    with CaptureQueriesContext(connection) as asked:
        assert len(needs(user=carol, moment=NOON)) == 100
    assert len(asked) <= 5


# --- the check -------------------------------------------------------------------------------
def titles(moment, **how):
    return sorted(story.title for story in welfare.check(moment=moment, **how).stories)


def test_water_that_is_still_due_is_told_a_day_after_the_last(thirsty):
    make.weighing(thirsty, None, 22.0, at=at(6, 7))
    assert titles(at(6, 8)) == titles(at(6, 9)) == []
    assert titles(at(6, 9) + timedelta(minutes=1)) == ["LN1_0001 is to be given water"]


def test_enough_water_is_not_due(thirsty):
    make.weighing(thirsty, None, 22.0, at=at(6))
    make.water(thirsty, None, 1.5, at=at(6, 0))
    assert titles(at(6, 23) + timedelta(minutes=30)) == []


@pytest.mark.parametrize(
    ("weight", "said"),
    [(20.51, []), (20.5, ["Attention"]), (20.01, ["Attention"]), (20.0, ["Warning"]),
     (15.0, ["Warning"]), (0.0, [])],
)  # fmt: skip
def test_an_animal_near_its_minimum_is_told_of(thirsty, weight, said):
    make.weighing(thirsty, None, weight, at=at(5, 11))
    found = titles(NOON)
    assert [title.split(":")[0] for title in found if "minimum" in title] == said


def test_mixed_fractions_count_together(thirsty, rules):
    with recording.by(None):
        rules.reference_weight_fraction = rules.zscore_weight_fraction = 0.4
        rules.save()
    assert titles(NOON) == ["Attention: LN1_0001 is close to its minimum weight"]


def test_the_first_day_wants_no_weighing(rules, alder, alice):
    animal = make.subject(alder, alice, "New")
    make.restriction(animal, began_at=at(5, 1))
    assert titles(NOON) == []
    assert titles(at(6, 0)) == ["New was not weighed on 2026-04-06"]


def test_a_check_takes_as_many_questions_for_many_as_for_few(rules, alder, alice):
    looks, checks = [], []
    for some in (range(2), range(2, 40)):
        for number in some:
            animal = make.subject(alder, alice, f"A{number:03d}")
            make.restriction(animal, began_at=at(1))
            make.weighing(animal, alice, 19.0, at=at(4))
        moment = at(5 + len(looks), 12)
        with CaptureQueriesContext(connection) as asked:
            assert len(welfare.check(moment=moment, is_dry=True).stories) == 3 * some.stop
        looks.append(len(asked))
        with CaptureQueriesContext(connection) as asked:
            assert len(welfare.check(moment=moment).told) == 3 * some.stop
        checks.append(len(asked))
    assert looks[0] == looks[1] <= 4
    assert max(checks) <= 20  # SQLite takes some hundred values at once, so rows come in batches


def test_a_check_is_made_once_a_day_at_the_labs_hour(thirsty, rules, alder):
    alder.time_zone = "America/New_York"
    alder.save()
    assert welfare.check_due(moment=at(6, 20)).looked_at == 0  # four in the afternoon there
    assert welfare.check_due(moment=at(6, 21)).looked_at == 1
    assert welfare.check_due(moment=at(6, 22)).looked_at == 0
    assert welfare.check_due(moment=at(7, 21)).looked_at == 1


def test_what_was_told_is_not_told_again_within_the_hour(thirsty):
    first = welfare.check(moment=at(6, 12))
    assert len(first.told) == 3
    assert welfare.check(moment=at(6, 12) + timedelta(minutes=59)).told == ()
    assert len(welfare.check(moment=at(6, 13)).told) == 3


def test_the_command_says_what_it_found_and_a_dry_run_tells_nobody(thirsty):
    out = StringIO()
    call_command("check_welfare", dry_run=True, date="2026-04-06", stdout=out)
    assert "LN1_0001 was not weighed on 2026-04-06" in out.getvalue()
    assert "1 animals on measured water. Nobody was told" in out.getvalue()
    assert not models.Notification.objects.exists()
    call_command("check_welfare", date="2026-04-06", stdout=out)
    assert models.Notification.objects.count() == 3


@pytest.mark.parametrize(
    ("how", "said"), [({"date": "tomorrow"}, "2026-05-31"), ({"lab": "elm"}, "alder")]
)
def test_the_command_explains_what_it_does_not_understand(alder, how, said):
    with pytest.raises(CommandError, match=said):
        call_command("check_welfare", **how)
