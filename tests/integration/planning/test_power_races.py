"""Many at once, on a database that commits."""

import pytest
from tests.factories import accounts, maps
from tests.integration.runs.test_races import at_once

from accounts.roles import Role
from jobs.models import Job
from planning.models import PilotMap, PowerAnalysis

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made(transactional_db):
    lab = accounts.lab("Alder")
    return accounts.project(lab), accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)


@pytest.mark.parametrize("turn", range(3))
def test_those_who_bring_and_ask_the_same_at_once_get_one_answer(made, turn):
    got = at_once(lambda _: maps.asked(maps.pilot(*made), made[1]).pk)
    assert len(set(got)) == 1
    assert [kind.objects.count() for kind in (PilotMap, PowerAnalysis, Job)] == [1, 1, 1]
