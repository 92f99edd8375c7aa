"""Weights and water from the database to the client, with the numbers that labs know."""

from datetime import UTC, date, datetime

import pytest
from tests.factories import lab as make

from lab import models, recording
from lab.queries import weights

NORMS = {12: (27.7, 1.7), 13: (28.4, 1.9)}


def at(day, hour=9):
    return datetime(2026, 4, day, hour, tzinfo=UTC)


@pytest.fixture
def thirsty(alder, alice):
    """An animal on measured water, weighed on six days."""
    animal = make.subject(alder, alice, "LN1_0001")
    with recording.by(None):
        alder.profile.reference_weight_fraction = 0.8
        alder.profile.save()
    for age, (mean, sd) in NORMS.items():
        facts = {"sex": "M", "age_weeks": age, "mean_g": mean, "sd_g": sd, "source": "a test"}
        make.made(models.GrowthPoint, lab=alder, **facts)
    make.restriction(animal, began_at=at(1))
    for day, weight in enumerate((24, 23, 21, 20.5, 20, 18), start=2):
        make.weighing(animal, alice, weight, at=at(day))
    session = make.session(animal, alice, began_at=at(5, 10))
    make.water(animal, alice, 0.6, at=at(5, 10), session=session)
    make.water(animal, alice, 0.3, at=at(5, 18))
    return animal


def test_a_day_has_the_numbers_that_labs_know(thirsty, alice, program):
    query = {"start_date": "2026-04-05", "end_date": "2026-04-07"}
    answer = program(alice).get("water-requirement/LN1_0001", **query).json()
    fifth, _sixth, seventh = answer["records"]
    assert fifth["weight"] == 20.5
    assert fifth["expected_weight"] == pytest.approx(25.0)
    assert fifth["percentage_weight"] == pytest.approx(82.0)
    assert (fifth["given_water_reward"], fifth["given_water_supplement"]) == (0.6, 0.3)
    assert fifth["excess_water"] == pytest.approx(0.9 - 0.82)
    assert seventh["expected_water"] == pytest.approx(0.9)
    assert seventh["is_water_restricted"] is True


def test_a_day_is_that_of_the_lab(thirsty, alder):
    alder.time_zone = "Pacific/Auckland"
    alder.save()
    thirsty.refresh_from_db()
    fifth, sixth = weights.days(thirsty, date(2026, 4, 5), date(2026, 4, 6))
    assert fifth.given.reward_ml == 0.6
    assert sixth.given.supplement_ml == 0.3


def test_two_hundred_days_take_as_many_questions_as_one(
    thirsty, alice, program, django_assert_max_num_queries
):
    client = program(alice)
    query = {"start_date": "2026-01-05", "end_date": "2026-07-24"}
    with django_assert_max_num_queries(10):
        assert len(client.get("water-requirement/LN1_0001", **query).json()["records"]) == 201


def test_the_restricted_animals_are_listed_with_what_they_still_need(
    thirsty, alder, alice, program, django_assert_max_num_queries
):
    for number in range(8):
        make.restriction(make.subject(alder, alice, f"KS{number:03d}"))
    client = program(alice)
    with django_assert_max_num_queries(10):
        rows = client.get("water-restricted-subjects").json()["results"]
    assert len(rows) == 9
    row = next(row for row in rows if row["nickname"] == "LN1_0001")
    assert row["expected_water"] == row["remaining_water"] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": "2026-04-05", "end_date": "2026-04-01"}, "end_date"),
        ({"start_date": "1900-01-01"}, "start_date"),
    ],
)
def test_days_that_cannot_be_asked_for_are_named(thirsty, alice, program, query, named):
    answer = program(alice).get("water-requirement/LN1_0001", **query)
    assert answer.status_code == 400
    assert named in answer.json()


def test_water_is_of_the_kind_of_the_latest_restriction(thirsty, alice, program):
    gel = make.water_type("Hydrogel")
    make.restriction(thirsty, began_at=at(6), ended_at=at(7), water_type=gel)
    given = {"subject": "LN1_0001", "water_administered": 1.0, "date_time": "2026-04-07T10:00:00"}
    assert program(alice).post("water-administrations", **given).json()["water_type"] == "Hydrogel"


@pytest.mark.parametrize("amount", [-0.1, "much"])
def test_water_that_cannot_be_is_refused(thirsty, alice, program, amount):
    given = {"subject": "LN1_0001", "water_administered": amount}
    answer = program(alice).post("water-administrations", **given)
    assert answer.status_code == 400
    assert "water_administered" in answer.json()
