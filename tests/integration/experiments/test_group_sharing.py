"""Members share a state: the version that they saw decides, and each change is written down."""

import json

import pytest
from tests.factories import accounts, experiments, groups
from tests.integration.experiments.in_groups import ask, comers, phase, run_of
from tests.integration.experiments.taking_part import HOLDER
from tests.integration.runs.test_races import TIMES, at_once

from accounts.roles import Role
from experiments.models import Group
from runs.models import Event


@pytest.fixture
def pair(project, ann):
    return comers(experiments.published(project, ann, groups.words(size=2)), ann, 2)


def share(someone, version, state, **more):
    sent = {"holder": holder(someone), "version": version, "state": state} | more
    return send(someone, json.dumps(sent))


def holder(someone):
    someone.look()
    return HOLDER.search(someone.text)[1]


def send(someone, body):
    return someone.browser.post(f"/run/{someone.key}/group/", body, "application/json")


def test_what_one_writes_the_other_reads(pair):
    a, b = pair
    phase(b)
    before = ask(b)
    assert (before.json()["version"], before.json()["state"]) == (0, None)
    kept = share(a, 0, {"pot": 5})
    assert (kept.status_code, kept.json()) == (200, {"version": 1, "state": {"pot": 5}})
    after = ask(b, before["ETag"])
    assert (after.status_code, after.json()["state"]) == (200, {"pot": 5})
    assert Event.objects.get(kind="group state").run == run_of(a)


def test_who_has_not_seen_the_last_version_is_told_it_and_changes_nothing(pair):
    a, b = pair
    share(a, 0, {"pot": 5})
    refused = share(b, 0, {"pot": 1})
    assert refused.status_code == 409
    assert refused.json() == {"version": 1, "state": {"pot": 5}, "code": "changed"}
    assert share(b, 1, {"pot": 6}).status_code == 200
    assert Event.objects.filter(kind="group state").count() == 2


def test_sent_again_because_the_reply_was_lost_it_is_there_once(pair):
    a, _ = pair
    assert [share(a, 0, [1]).status_code for _ in range(2)] == [200, 200]
    assert Event.objects.filter(kind="group state").count() == 1


def test_before_the_group_has_begun_and_after_it_is_over_nothing_is_shared(project, ann):
    revision = experiments.published(project, ann, groups.words(size=2))
    (a,) = comers(revision, ann, 1)
    assert share(a, 0, 1).status_code == 409
    comers(revision, ann, 1)
    Group.objects.update(size=3)
    Group.objects.update(status="over")
    assert share(a, 0, 1).status_code == 409
    assert not Event.objects.filter(kind="group state").exists()


@pytest.mark.parametrize("body", [
    "", "5", "[]", "{", '{"holder": "x"}', '{"holder": "x", "version": -1}',
    '{"holder": "x", "version": true}', '{"holder": "../", "version": 0}',
    '{"holder": "x", "version": 1e999}', '{"holder": "x", "version": 99999999999999999999}',
    '{"holder": "x", "version": 0, "state": NaN}', "[" * 100_000,
    json.dumps({"holder": "x" * 65, "version": 0}),
])  # fmt: skip
def test_what_cannot_be_read_is_refused(pair, body):
    assert send(pair[0], body).status_code == 422


def test_too_much_is_refused_and_odd_text_is_kept_as_it_can_be(pair):
    a, _ = pair
    assert share(a, 0, "x" * 70_000).status_code == 422
    assert share(a, 0, "a\0b\ud800").json()["state"] == "a\N{REPLACEMENT CHARACTER}b?"


def test_another_browser_and_another_run_share_nothing(pair):
    a, _ = pair
    share(a, 0, 1)
    assert share(a, 1, 2, holder="other").status_code == 409
    assert a.browser.post("/run/nothing/group/", "{}", "application/json").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_change_the_same_version_at_once_one_does(transactional_db):
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    words = groups.words(size=TIMES)
    people = comers(experiments.published(accounts.project(lab), ann, words), ann, TIMES)
    bodies = [json.dumps({"holder": holder(each), "version": 0, "state": n})
              for n, each in enumerate(people)]  # fmt: skip

    def change(number):
        for _ in range(500):
            status = send(people[number], bodies[number]).status_code
            if status != 503:
                return status
        raise AssertionError("the site stayed busy")

    assert sorted(at_once(change)) == [200] + [409] * (TIMES - 1)
    assert Event.objects.filter(kind="group state").count() == 1
