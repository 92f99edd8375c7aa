"""Several people at one animal at the same moment: the database has the last word."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError
from tests.factories import accounts
from tests.factories import lab as make

from lab import models, recording
from lab.errors import DoesNotFit
from lab.services import measurements, restrictions, subjects
from lab.times import day_of

AT_ONCE = 8
MORNING = datetime(2026, 4, 5, 9, tzinfo=UTC)
DIED = date(2026, 4, 3)


@pytest.fixture
def ground(transactional_db):
    lab = accounts.lab("Alder")
    alice = accounts.person("alice", lab=lab, role="experimenter")
    return make.subject(lab, alice), alice


def test_of_eight_restrictions_at_once_one_is_open(ground, at_once):
    animal, alice = ground

    def restrict(_number):
        values = {"subject": animal, "began_at": MORNING, "reference_weight_g": 25.0}
        try:
            restrictions.restrict(by=alice, values=values)
        except DoesNotFit:
            return 0
        return 1

    assert sum(at_once(AT_ONCE, restrict)) == 1
    assert models.WaterRestriction.objects.open().count() == 1


def test_also_when_nobody_asks_a_service(ground, at_once):
    animal, _alice = ground

    def restrict(_number):
        try:
            make.restriction(animal, began_at=MORNING)
        except IntegrityError:
            return 0
        return 1

    assert sum(at_once(AT_ONCE, restrict)) == 1


def test_a_death_and_what_is_done_later_cannot_both_come_in(ground, at_once):
    """Half of them weigh, as a service and as the bare table; half say that the animal is dead."""
    animal, alice = ground

    def act(number):
        try:
            if number % 2:
                subjects.change_subject(subject=animal, by=alice, values={"died_on": DIED})
            elif number % 4:
                values = {"subject": animal, "weight_g": 24.0, "at": MORNING}
                measurements.weigh(by=alice, values=values)
            else:
                with recording.by(None):
                    models.Weighing.objects.bulk_create(
                        [models.Weighing(subject=animal, weight_g=24.0, at=MORNING)]
                    )
        except (DoesNotFit, IntegrityError):
            return 0
        return 1

    assert sum(at_once(AT_ONCE, act)) >= 1
    found = models.Subject.objects.select_related("lab").get(pk=animal.pk)
    days = {day_of(row.at, found.lab) for row in models.Weighing.objects.all()}
    assert found.died_on is None or not days or max(days) <= found.died_on
    assert found.died_on is not None or days
