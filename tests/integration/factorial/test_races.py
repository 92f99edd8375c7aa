"""Many at once, on a database that commits."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.utils.timezone import now
from tests.factories import accounts
from tests.factories import designs as make
from tests.integration.runs.test_races import TIMES, at_once, until_unlocked

from accounts.roles import Role
from factorial.models import Design, Measure, PlannedRun
from factorial.services import designs, hand_out, posting
from runs.models import Answer, Event, Run, Trial, TrialEvents

pytestmark = pytest.mark.django_db(transaction=True)
API = "/lightmill/2020/api"


@pytest.fixture
def made(transactional_db):
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    return accounts.project(lab), ann


def ask(path, body=None):
    """Ask as a client of its own; asked to come back in a moment, it does."""
    for _ in range(500):
        client = Client(raise_request_exception=False)
        if body is None:
            response = client.get(f"{API}/{path}")
        else:
            response = client.post(f"{API}/{path}", json.dumps(body), "application/json")
        if response.status_code != 503:
            return response.status_code, response.json()
        time.sleep(0.02)
    raise AssertionError("the site stayed busy")


def test_of_50_who_ask_at_once_for_one_of_12_runs_12_get_one_each_and_nobody_waits_in_vain(made):
    make.design(*made, runs=12)

    def start(_):
        try:
            status, said = ask("experiment/pointing/available_run")
            if status != 200:
                return status, said["type"]
            return status, ask(f"run/pointing/{said['id']}/lock")[1].get("token") and said["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        told = list(pool.map(start, range(50)))
    got = sorted(code for status, code in told if status == 200)
    assert got == sorted(f"S{number}" for number in range(12))
    assert [each for each in told if each[0] != 200] == [(410, "NoAvailableRuns")] * 38
    assert Run.objects.count() == 12


def test_of_eight_who_lock_one_run_at_once_one_has_it(made):
    make.design(*made)
    told = at_once(lambda _: ask("run/pointing/S0/lock")[0])
    assert sorted(told) == [200] + [405] * (TIMES - 1)
    assert Run.objects.count() == 1


def test_of_eight_who_find_a_run_quiet_one_takes_it_over(made):
    design = make.design(*made)
    until_unlocked(lambda: make.held(design))
    Run.objects.update(held_until=now())
    told = at_once(lambda _: ask("run/pointing/S0/lock")[0])
    assert sorted(told) == [200] + [405] * (TIMES - 1)
    assert Event.objects.filter(kind="taken over").count() == 1


def body(token, value=1, count=20):
    events = [{"pointer": {"x": number}} for number in range(count)]
    return {"token": token, "measures": {"trial": {"duration": value}, "events": events}}


def test_eight_equal_posts_at_once_store_one_trial(made):
    make.design(*made)
    token = ask("run/pointing/S0/lock")[1]["token"]
    told = at_once(lambda _: ask("trial/pointing/S0/0/0", body(token)))
    assert [status for status, _ in told] == [200] * TIMES
    assert len({json.dumps(said, sort_keys=True) for _, said in told}) == 1
    assert (Trial.objects.count(), TrialEvents.objects.count()) == (1, 1)
    assert (Answer.objects.count(), PlannedRun.objects.get(code="S0").done) == (1, 1)


def test_of_eight_contents_at_once_one_is_stored(made):
    make.design(*made)
    token = ask("run/pointing/S0/lock")[1]["token"]
    told = at_once(lambda number: ask("trial/pointing/S0/0/0", body(token, number))[0])
    assert sorted(told) == [200] + [405] * (TIMES - 1)
    assert Answer.objects.count() == 1


def test_ours_keep_eight_contents_that_come_at_once(made):
    design = make.design(*made)
    held, _ = until_unlocked(lambda: make.held(design))

    def send(number):
        planned = make.planned(design)
        trials = [make.trial(0, 0, duration=number)]
        return len(posting.receive(planned=planned, token=held.token, trials=trials).stored)

    assert sorted(at_once(send)) == [0] * (TIMES - 1) + [1]
    trial = Trial.objects.get()
    assert (trial.is_disputed, trial.visit.variants.count()) == (True, TIMES - 1)


def test_whoever_takes_a_run_over_while_trials_come_is_the_only_one_to_write_on(made):
    design = make.design(*made, trials=40)
    first, _ = until_unlocked(lambda: make.held(design))

    def play(number):
        if number == 0:
            time.sleep(0.05)
            return hand_out.hold(planned=make.planned(design), takes_over=True).token
        for block, trial in [(block, trial) for block in range(2) for trial in range(40)]:
            status, said = ask(f"trial/pointing/S0/{block}/{trial}", body(first.token))
            if status != 200:
                return said["type"]
        return "done"

    token, *told = at_once(play)
    assert set(told) <= {"WrongToken", "done", "ExperimentProgressError"}
    planned = make.planned(design)
    assert planned.run.holder == token or planned.run.status == Run.Status.COMPLETED
    assert Trial.objects.count() == planned.done


def test_two_runs_that_report_the_same_strange_measures_at_once_both_go_on(made):
    design = make.design(*made, runs=TIMES)
    tokens = [ask(f"run/pointing/S{number}/lock")[1]["token"] for number in range(TIMES)]
    names = {f"m{number}": 1 for number in range(40)}

    def send(number):
        ordered = names if number % 2 else dict(reversed(names.items()))
        measures = {"trial": ordered, "events": [ordered, {"duration": 1}]}
        sent = {"token": tokens[number], "measures": measures}
        return ask(f"trial/pointing/S{number}/0/0", sent)[0]

    assert at_once(send) == [200] * TIMES
    assert Measure.objects.filter(design=design, is_declared=False).count() == 40
    assert Measure.objects.get(design=design, code="duration").at_event


def test_of_eight_who_bring_one_design_in_at_once_one_does(made):
    told = at_once(lambda _: make.design(*made).code)
    assert sorted(told) == ["DesignExists"] * (TIMES - 1) + ["pointing"]
    assert (Design.objects.count(), PlannedRun.objects.count()) == (1, 2)


def test_eight_who_extend_a_design_at_once_add_its_runs_once(made):
    design = make.design(*made)
    more = make.plan(runs=6)
    told = at_once(lambda _: designs.extend(design=design, plan=more, by=made[1]))
    assert sorted(told) == [0] * (TIMES - 1) + [4]
    assert PlannedRun.objects.count() == 6
