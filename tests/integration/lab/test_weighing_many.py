"""Many weighings in one call: as if one after the other, by a fixed number of questions."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from tests.factories import accounts
from tests.factories import lab as make
from tests.integration.lab.test_api import Caller, errors

from accounts.models import AuditEntry
from lab import models, recording
from lab.errors import DoesNotFit
from lab.services import measurements

FIRST = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MOST_QUESTIONS = 45


@pytest.fixture
def rules(alder):
    with recording.by(None):
        alder.profile.reference_weight_fraction = 0.8
        alder.profile.save()
    return alder.profile


def thirsty(alder, alice, prefix, count):
    """Return animals on measured water since yesterday, each with a reference of 25 g."""
    animals = [make.subject(alder, alice, f"{prefix}{number:03d}") for number in range(count)]
    for animal in animals:
        make.restriction(animal, began_at=now() - timedelta(days=1))
    return animals


def row(animal, weight_g, at=None):
    return {"subject": str(animal.pk), "at": (at or now()).isoformat(), "weight_g": weight_g}


@pytest.mark.parametrize("weight_g", [24.0, 19.0])  # well, and too light: which is told
def test_forty_weighings_ask_as_many_questions_as_one(rules, alder, alice, weight_g):
    call, asked = Caller(alice), {}
    call.get("weighings")  # from now on the token's use is known
    for count in (1, 10, 40):
        rows = [row(animal, weight_g) for animal in thirsty(alder, alice, f"K{count}_", count)]
        with CaptureQueriesContext(connection) as queries:
            answer = call.post("weighings", rows)
        assert answer.status_code == 201, answer.content
        asked[count] = len(queries)
    assert asked[1] == asked[10] == asked[40]
    assert asked[40] <= MOST_QUESTIONS
    told = 51 if weight_g == 19.0 else 0
    assert models.Notification.objects.filter(kind="mouse_underweight").count() == told


def test_forty_weighings_of_one_animal_ask_as_many_questions_as_one(animal, alice):
    call, asked = Caller(alice), {}
    call.get("weighings")
    for count in (1, 10, 40):
        rows = [row(animal, 23.0, FIRST + timedelta(hours=number)) for number in range(count)]
        with CaptureQueriesContext(connection) as queries:
            assert call.post("weighings", rows).status_code == 201
        asked[count] = len(queries)
    assert asked[1] == asked[10] == asked[40]


def test_each_is_attributed_and_stands_in_the_history(animal, alice, carol):
    rows = [row(animal, 23.0, FIRST), row(animal, 23.5, FIRST + timedelta(days=1))]
    rows[1]["user"] = "carol"
    answer = Caller(alice).post("weighings?reason=Morning round", rows)
    assert answer.status_code == 201, answer.content
    kept = [models.Weighing.objects.get(pk=one["id"]) for one in answer.json()["results"]]
    assert [(one.weight_g, one.user) for one in kept] == [(23.0, alice), (23.5, carol)]
    for one in kept:
        [told] = AuditEntry.objects.on(one)
        assert (told.action, told.user, told.reason, told.lab) == (
            "weighing.created", alice, "Morning round", animal.lab,
        )  # fmt: skip


def test_an_animal_is_told_of_once_as_it_is_after_all_of_them(rules, alder, alice):
    light, well = thirsty(alder, alice, "K", 2)
    moment = now()
    rows = [
        row(animal, weight, moment - timedelta(seconds=10 - number))
        for animal, weights in ((light, (24.0, 19.5, 19.0)), (well, (19.5, 24.0)))
        for number, weight in enumerate(weights)
    ]
    assert Caller(alice).post("weighings", rows).status_code == 201
    [told] = models.Notification.objects.all()
    assert told.subject == light
    assert "19.0 g" in told.message
    assert list(told.users.all()) == [alice]


def test_a_weight_far_from_one_before_it_in_the_list_is_named(animal, alice):
    day = timedelta(days=1)
    rows = [
        row(animal, 20.0, FIRST),
        row(animal, 30.0, FIRST + day),
        row(animal, 20.5, FIRST + day),
    ]
    answer = Caller(alice).post("weighings", rows)
    assert (answer.status_code, errors(answer)) == (422, [(1, "weight_g")])
    assert models.Weighing.objects.count() == 0
    rows[1]["confirmed"] = "It swallowed a stone."
    rows[2]["weight_g"] = 30.5
    assert Caller(alice).post("weighings", rows).status_code == 201


def test_what_is_beyond_the_bounds_or_after_death_is_named(alder, alice, animal):
    dead = make.subject(alder, alice, "KS002", died_on=FIRST.date() - timedelta(days=3))
    rows = [row(animal, 23.0, FIRST), row(animal, 2000.0, FIRST), row(dead, 23.0, FIRST)]
    answer = Caller(alice).post("weighings", rows)
    assert answer.status_code == 422
    assert {index for index, _ in errors(answer)} == {1, 2}
    assert models.Weighing.objects.count() == 0


def test_who_may_not_weigh_may_not_weigh_many(animal, alder):
    vera = accounts.person("vera", lab=alder, role="viewer")
    assert Caller(vera).post("weighings", [row(animal, 23.0, FIRST)] * 2).status_code == 403
    assert models.Weighing.objects.count() == 0


LISTS = [  # of (days after the first, grams)
    [(0, 20), (1, 21), (2, 27), (3, 27.5)],
    [(0, 20), (3, 30)],
    [(0, 20), (7, 30)],  # a week later nothing is compared
    [(0, 20), (6.9, 30)],
    [(3, 30), (0, 20)],  # the later one came first
    [(0, 0), (1, 20)],
    [(0, 0.5)],
    [(-1, 20), (0, 27), (1, 20)],
    [(-2, 16.5), (0.5, 16)],
]


@pytest.mark.parametrize("sent", LISTS)
def test_together_they_are_accepted_if_and_only_if_one_by_one(animal, alice, sent):
    make.weighing(animal, alice, 23.0, at=FIRST - timedelta(hours=1))
    rows = [{"subject": animal, "at": FIRST + timedelta(days=days), "weight_g": float(grams)}
            for days, grams in sent]  # fmt: skip

    def one_by_one():
        for values in rows:
            measurements.weigh(by=alice, values=values)

    def together():
        measurements.weigh_many(by=alice, rows=rows)

    def outcome(act):
        with transaction.atomic():
            try:
                act()
                found = sorted(models.Weighing.objects.values_list("at", "weight_g", "user"))
            except DoesNotFit as refusal:
                found = refusal.message
            transaction.set_rollback(True)
        return found

    assert outcome(one_by_one) == outcome(together)
