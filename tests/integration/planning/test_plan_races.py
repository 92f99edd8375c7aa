"""Several editors of one plan at once, on a database that commits: one of them, and no mixture."""

import pytest
from tests.factories import accounts, studies
from tests.integration.runs.test_races import at_once

from accounts.models import AuditEntry
from accounts.roles import Role
from planning.errors import PlanChanged
from planning.models import Plan
from planning.services import designs

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_eight_who_store_a_change_at_once_one_does_and_the_others_are_told(transactional_db):
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    plan = studies.plan(accounts.project(lab), ann)

    def store(number):
        text = plan.specification.replace("trials = 24", f"trials = {30 + number}")
        told = designs.read(text)
        mine = Plan.objects.get(pk=plan.pk)
        try:
            designs.change(plan=mine, name="Mine", told=told, text=text, revision=1, by=ann)
        except PlanChanged:
            return None
        return text

    stored = [text for text in at_once(store) if text]
    plan.refresh_from_db()
    assert len(stored) == 1
    assert plan.specification == stored[0]
    assert plan.revision == 2
    assert AuditEntry.objects.on(plan).count() == 1
