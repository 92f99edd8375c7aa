"""Many at once at the same door, on a database that commits."""

from collections import Counter

import pytest
from django.db import connection
from tests.factories import accounts, experiments
from tests.integration.experiments import fake_recruiters
from tests.integration.experiments.test_races import post
from tests.integration.experiments.test_series import SHORT, WORDS
from tests.integration.runs.test_races import TIMES, at_once

from accounts.roles import Role
from experiments.models import Appointment, Arrival, Link
from experiments.services import confirming, recruiting, series
from experiments.services.confirming import ToldLater
from runs.models import Participant, Run

pytestmark = pytest.mark.django_db(transaction=True)

PROLIFIC = {"codes": {"completed": "DONE1"}}


@pytest.fixture
def ann(transactional_db):
    return accounts.person("ann", lab=accounts.lab("Alder"), role=Role.EXPERIMENTER)


@pytest.fixture
def revision(ann):
    return experiments.published(accounts.project(ann.memberships.get().lab), ann, SHORT)


@pytest.fixture
def token(revision, ann):
    recruiter = recruiting.agree(protocol=revision.protocol, by=ann, name="spring",
                                 kind="prolific", words=PROLIFIC, account="prolific")  # fmt: skip
    return experiments.token(revision, ann, recruiter=recruiter)


def test_one_submission_opened_on_eight_devices_at_once_is_one_run(token):
    query = "?PROLIFIC_PID=pid1&SESSION_ID=sub1"

    def begin(_):
        return post(f"/take/{token}/{query}")

    assert at_once(begin) == [302] * TIMES
    assert (Run.objects.count(), Arrival.objects.count(), Link.objects.get().uses) == (1, 1, 1)


def test_one_person_with_eight_submissions_at_once_begins_one_run(token):
    def begin(number):
        return post(f"/take/{token}/?PROLIFIC_PID=pid1&SESSION_ID=sub{number}")

    assert Counter(at_once(begin)) == {302: 1, 422: TIMES - 1}
    assert (Run.objects.count(), Participant.objects.count()) == (1, 1)


def test_eight_jobs_at_once_tell_a_recruiter_once(token, settings):
    post(f"/take/{token}/?PROLIFIC_PID=pid1&SESSION_ID=sub1")
    Arrival.objects.update(state="waiting", outcome="completed")
    prolific = fake_recruiters.Prolific()
    prolific.states["sub1"] = "ACTIVE"
    [arrival] = Arrival.objects.values_list("pk", flat=True)

    def tell(_):
        try:
            return confirming.confirm(arrival=arrival)
        except ToldLater:
            return "later"
        finally:
            connection.close()

    with fake_recruiters.serving(prolific) as address:
        settings.RECRUITER_ACCOUNTS = {"ALDER_PROLIFIC": f"{address} {prolific.key}"}
        told = Counter(at_once(tell))
    assert told["accepted"] >= 1
    assert set(told) <= {"accepted", "later"}
    assert prolific.accepted == [("sub1", "DONE1")]
    assert len(prolific.asked) == 2  # one look, one deed


def test_a_wave_is_missed_once_when_eight_look_at_once(revision, ann):
    first, second = WORDS["waves"]
    first = first | {"closes": "02:00", "closes_days": 1}
    project = revision.protocol.project
    made = series.write(project=project, by=ann, words=WORDS | {"waves": [first, second]})
    who = Participant.objects.create(project=project)
    series.enrol(series=made, participant=who, by=ann, time_zone="UTC")
    closes = Appointment.objects.get().closes_at

    def look(_):
        try:
            return series.miss(at=closes)
        finally:
            connection.close()

    assert sorted(at_once(look)) == [0] * (TIMES - 1) + [1]
    assert list(Appointment.objects.values_list("state", flat=True)) == ["missed", "planned"]
