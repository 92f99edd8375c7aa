"""Withdrawing, registering and signing in at once, on a database that commits."""

import pytest
from tests.factories import accounts, experiments
from tests.factories.runs import row
from tests.integration.experiments.post import arrives
from tests.integration.experiments.taking_part import ACTION, HOLDER, Participant
from tests.integration.experiments.test_consent import way_out
from tests.integration.experiments.test_races import post
from tests.integration.experiments.test_registration import ANNA
from tests.integration.experiments.test_registration import WORDS as REGISTERING
from tests.integration.experiments.test_sign_in import CODE, SECRET
from tests.integration.experiments.test_sign_in import WORDS as SIGNING_IN
from tests.integration.runs.test_races import TIMES, at_once

from accounts.roles import Role
from common.errors import StudiumError
from runs.models import Account, Answer, Consent, Identity, Run, Trial, Visit, Withdrawal
from runs.models import Participant as Person
from runs.rows import rows_of
from runs.services import trials, withdrawals

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def publish(transactional_db):
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    project = accounts.project(lab)
    return lambda words: experiments.token(experiments.published(project, ann, words), ann)


def begun(token):
    someone = Participant(token)
    someone.begin()
    someone.send(agree="1")
    return someone


def test_withdrawn_eight_times_at_once_is_withdrawn_once(publish):
    someone = begun(publish(REGISTERING))
    someone.send(**ANNA)
    address = way_out(someone)
    assert at_once(lambda _: post(address, {"confirm": "1"})) == [302] * TIMES
    assert Withdrawal.objects.count() == 1
    for model in (Answer, Visit, Identity):
        assert not model.objects.exists()


def test_what_is_stored_while_somebody_withdraws_is_erased_or_refused(publish):
    someone = begun(publish(REGISTERING))
    run, visit = Run.objects.get(), Visit.objects.order_by("position").last()

    def either(number):
        if number == TIMES // 2:
            return withdrawals.withdraw(run=Run.objects.get()) and "withdrawn"
        rows = rows_of([row(10 * number + each) for each in range(10)])
        try:
            mine = Visit.objects.select_related("run").get(pk=visit.pk)
            return trials.store(visit=mine, holder=run.holder, rows=rows) and "stored"
        except (StudiumError, Visit.DoesNotExist):
            return "refused"

    told = at_once(either)
    assert told.count("withdrawn") == 1
    assert set(told) <= {"withdrawn", "stored", "refused"}
    for model in (Trial, Answer, Visit):
        assert not model.objects.exists()
    assert someone.look().status_code == 200
    assert someone.title == "You have withdrawn"


def test_registered_while_somebody_withdraws_leaves_no_identity(publish):
    someone = begun(publish(REGISTERING))
    page, address = someone.text, way_out(someone)
    data = ANNA | {"holder": HOLDER.search(page)[1]}
    data["item-sex"] = data.pop("item_sex")

    def either(number):
        if number == TIMES // 2:
            return post(address, {"confirm": "1"})
        return post(ACTION.search(page)[1], data)

    assert set(at_once(either)) <= {302, 404, 409}
    assert not Identity.objects.exists()
    assert not Answer.objects.exists()
    assert Person.objects.get().withdrawn_at


def test_registered_eight_times_at_once_is_registered_once(publish):
    someone = begun(publish(REGISTERING))
    page = someone.text
    data = ANNA | {"holder": HOLDER.search(page)[1], "who-e-mail": "anna@example.org"}
    data["item-sex"] = data.pop("item_sex")
    assert at_once(lambda _: post(ACTION.search(page)[1], data)) == [302] * TIMES
    assert Identity.objects.count() == 1
    assert Answer.objects.count() == 2
    assert not Visit.objects.filter(is_disputed=True).exists()


def test_one_address_in_eight_runs_at_once_is_one_account(publish, settings):
    settings.LIMITS = settings.LIMITS | {"participant-code-address": (100, 3600)}
    token = publish(SIGNING_IN)
    waiting = []
    for number in range(TIMES):
        someone = begun(token)
        someone.send(item_why=str(number))
        waiting.append(someone)
    codes = [_code(someone) for someone in waiting]

    def enter(number):
        someone = waiting[number]
        data = {"use-code": "1", "code": codes[number], "chosen": SECRET,
                "holder": HOLDER.search(someone.text)[1]}  # fmt: skip
        return post(ACTION.search(someone.text)[1], data)

    assert at_once(enter) == [302] * TIMES
    assert Account.objects.count() == 1
    assert Person.objects.count() == 1
    assert Run.objects.filter(participant=Person.objects.get()).count() == TIMES
    assert Consent.objects.filter(participant=Person.objects.get()).count() == TIMES


def _code(someone):
    someone.look()
    someone.send(**{"send-code": "1"}, address="anna@example.org")
    return CODE.search(arrives()[-1].body)[1]
