"""What the lab sees of the runs of a design, and what it costs."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from tests.factories import accounts
from tests.factories import designs as make

from accounts.models import AuditEntry
from accounts.roles import Role
from factorial.models import PlannedRun
from factorial.queries import monitor
from factorial.services import hand_out, marks, posting
from runs.models import Event, Run, Trial

MOST_QUERIES = 15


def do(held, planned, count, per_block=2, **values):
    values = values or {"duration": 12}
    for index in range(planned.done, planned.done + count):
        one = make.trial(index // per_block, index % per_block, events=[{"pointer.x": 1}], **values)
        posting.receive(planned=planned, token=held.token, trials=[one])


@pytest.fixture
def under_way(design):
    held, planned = make.held(design)
    do(held, planned, 3)
    return planned


def lines(design, at=None, kind=""):
    return {line.planned.code: line for line in monitor.monitor(design, at or now(), kind).lines}


def test_a_line_says_where_a_run_is(design, under_way):
    line = lines(design)["S0"]
    assert (line.state, line.block, line.trial, line.is_practice) == ("Under way", 1, 1, False)
    assert line.holder == under_way.run.holder[:8]
    assert lines(design)["S1"].state == "Free"


def test_a_run_that_brings_nothing_for_long_is_said_to_stall(design, under_way):
    assert not lines(design)["S0"].is_stalled
    later = now() + timedelta(minutes=10)
    found = monitor.monitor(design, later)
    assert [line.planned.code for line in found.stalled] == ["S0"]
    assert lines(design, later)["S0"].holder == ""  # the lease has lapsed


def test_the_pace_is_held_against_the_usual_one(design):
    for code, seconds in (("S0", 30), ("S1", 60)):
        held, planned = make.held(design, code)
        do(held, planned, 3)
        run = Run.objects.filter(pk=planned.run.pk)
        run.update(began_at=now() - timedelta(seconds=seconds))
    found = lines(design)
    assert found["S0"].pace_s == pytest.approx(10, abs=1)
    assert found["S1"].against_usual == 1.3
    assert found["S1"].left_s == pytest.approx(20, abs=2)


def test_interruptions_doubts_and_marks_are_counted(design, under_way, alice):
    run = under_way.run
    Event.objects.create(run=run, kind="resumed", received_at=now())
    one = make.trial(0, 0, duration=99)
    posting.receive(planned=under_way, token=run.holder, trials=[one])
    marks.mark(run=run, kind="note", by=alice, reason="Was late.")
    marks.mark(run=run, kind="excluded", by=alice, reason="Noise.", where=marks.Where(0, 1))
    line = lines(design)["S0"]
    assert (line.retries, line.variants, line.notes, line.excluded) == (1, 1, 1, 1)


def test_kinds_of_runs_are_told_apart_and_counted(design, under_way, alice):
    marks.put_aside(planned=make.planned(design, "S1"), by=alice, reason="Broken room.")
    found = monitor.monitor(design, now(), "aside")
    assert [line.planned.code for line in found.lines] == ["S1"]
    assert found.counts == {"under-way": 1, "over": 0, "free": 0, "aside": 1}


def asked(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def many(project, alice, runs):
    design = make.design(project, alice, code=f"of-{runs}", runs=runs, blocks=2, trials=2)
    for number in range(0, runs, 2):
        held, planned = make.held(design, f"S{number}")
        do(held, planned, 1 + number % 4)
    return design


def test_watching_costs_the_same_however_many_runs_there_are(project, alice, as_):
    client = as_(alice)
    few, more = many(project, alice, 12), many(project, alice, 200)
    costs = [asked(client, f"/designs/{each.pk}/monitor/state/") for each in (few, more)]
    assert costs[0] == costs[1] <= MOST_QUERIES
    whole = [asked(client, f"/designs/{each.pk}/monitor/") for each in (few, more)]
    assert whole[0] == whole[1]


def test_a_run_s_page_costs_the_same_however_many_trials_there_are(project, alice, as_):
    client, costs = as_(alice), []
    for trials in (2, 60):
        design = make.design(project, alice, code=f"of-{trials}", trials=trials)
        held, planned = make.held(design)
        do(held, planned, trials, per_block=trials)
        costs.append(asked(client, f"/designs/{design.pk}/runs/{planned.pk}/"))
    assert costs[0] == costs[1]


def test_the_page_of_a_run_shows_values_measures_and_counts_of_events(
    design, under_way, as_, alice
):
    page = as_(alice).get(f"/designs/{design.pk}/runs/{under_way.pk}/").content.decode()
    assert "duration = 12" in page
    assert "SIZE = 32" in page
    assert 'data-label="Events">1<' in page


def test_the_page_of_a_trial_draws_its_events(design, as_, alice):
    held, planned = make.held(design)
    events = [{"at_ms": at, "x": at, "y": 2 * at, "kind": "move"} for at in (0, 12.5, 40)]
    one = make.trial(0, 0, events=events, duration=40)
    posting.receive(planned=planned, token=held.token, trials=[one])
    page = (
        as_(alice)
        .get(f"/designs/{design.pk}/runs/{planned.pk}/attempts/{held.run.pk}/0/0/")
        .content.decode()
    )
    assert "<title>Trial 0 of block 0 " in page
    assert page.count('class="strip-dot') == 3
    assert 'class="strip-way"' in page
    assert "12.5 ms" in page or "12 ms" in page


@pytest.mark.parametrize(
    "events",
    [[{}], [{"at_ms": "soon", "x": None}], [{"at_ms": 1e300, "x": 1e308, "y": -1e308}] * 2,
     [{"x": 1, "y": 1}] * 3, [{"a": {"b": [1, 2]}}]],
)  # fmt: skip
def test_odd_events_make_no_page_fail(design, as_, alice, events):
    held, planned = make.held(design)
    one = make.trial(0, 0, events=events, duration=40)
    posting.receive(planned=planned, token=held.token, trials=[one])
    address = f"/designs/{design.pk}/runs/{planned.pk}/attempts/{held.run.pk}/0/0/"
    assert as_(alice).get(address).status_code == 200


# --- decisions ----------------------------------------------------------------------------------


@pytest.fixture
def act(design, under_way, as_, alice):
    def acted(do, planned=under_way, person=alice, **sent):
        return as_(person).post(f"/designs/{design.pk}/runs/{planned.pk}/{do}/", sent)

    return acted


def again(planned):
    return PlannedRun.objects.select_related("run").get(pk=planned.pk)


def told(action):
    return AuditEntry.objects.filter(action=action).last()


def test_letting_go_ends_a_lease_and_what_its_holder_sends_is_refused(act, under_way):
    token = under_way.run.holder
    assert act("unlock", reason="The browser crashed.").status_code == 302
    assert told("run.unlocked").reason == "The browser crashed."
    with pytest.raises(hand_out.NotHeld):
        posting.receive(
            planned=again(under_way), token=token, trials=[make.trial(1, 1, duration=1)]
        )


def test_handing_over_shows_a_link_that_another_browser_can_use(act, client):
    page = act("hand-over", reason="Another room.").content.decode()
    link = page.partition("?link=")[2].partition("<")[0].strip()
    asked = {"link": link, "key": "a" * 64, "holder": "b" * 32}
    answer = client.post("/designs/run/begin/", json.dumps(asked), "application/json")
    assert (answer.json()["code"], answer.json()["done"]) == ("S0", 3)
    assert told("run.handed-over").reason == "Another room."


def test_done_anew_the_run_is_free_and_the_attempt_kept_and_excluded(act, under_way, design):
    first = under_way.run
    act("redo", reason="Wrong hand.")
    now_ = again(under_way)
    assert (now_.run, now_.done) == (None, 0)
    first.refresh_from_db()
    assert (first.excluded_because, first.is_open) == ("Wrong hand.", False)
    assert Trial.objects.filter(visit__run=first).count() == 3
    assert first.marks.get().kind == "redone"
    assert lines(design)["S0"].attempts == 1


def test_skipping_a_trial_moves_a_run_on_and_marks_it(act, under_way):
    act("skip", reason="A fire alarm.", what="trial")
    assert again(under_way).done == 4
    run = under_way.run
    run.refresh_from_db()
    assert run.status == Run.Status.COMPLETED  # it was the last
    mark = run.marks.get()
    assert (mark.kind, mark.block, mark.trial) == ("skipped", 1, 1)


def test_skipping_a_block_skips_what_is_left_of_it(design, act):
    held, planned = make.held(design, "S1")
    do(held, planned, 1)
    act("skip", planned=planned, reason="Ill.", what="block")
    assert again(planned).done == 2
    posting.receive(planned=again(planned), token=held.token, trials=[make.trial(1, 0, duration=1)])
    assert again(planned).done == 3


def test_what_a_browser_had_recorded_of_a_skipped_trial_is_kept(design, act):
    held, planned = make.held(design, "S1")
    do(held, planned, 1)
    act("skip", planned=planned, reason="Ill.", what="trial")
    late = make.trial(0, 1, duration=5)
    for _ in range(2):
        receipt = posting.receive(planned=again(planned), token=held.token, trials=[late])
    assert receipt.known == [(0, 1)]
    assert Trial.objects.filter(visit__run=held.run).count() == 2
    assert again(planned).done == 2


def test_a_run_that_was_put_aside_is_given_to_nobody_until_it_is_back(act, design):
    planned = make.planned(design, "S1")
    act("put-aside", planned=planned, reason="Broken room.")
    with pytest.raises(hand_out.NoRunLeft):
        hand_out.offer(design=design)
    act("put-back", planned=planned, reason="Mended.")
    assert hand_out.offer(design=design).code == "S1"
    assert told("design.run-put-back").reason == "Mended."


def test_an_exclusion_can_be_taken_back_and_stays_in_the_history(
    act, under_way, design, as_, alice
):
    run = under_way.run
    to = f"attempts/{run.pk}/mark"
    act(to, kind="excluded", reason="Slept.")
    run.refresh_from_db()
    assert run.excluded_because == "Slept."
    mark = run.marks.get()
    act(f"marks/{mark.pk}/undo")
    run.refresh_from_db()
    mark.refresh_from_db()
    assert (run.excluded_at, mark.undone_by) == (None, alice)
    assert act(f"marks/{mark.pk}/undo").status_code == 409


@pytest.mark.parametrize(
    "sent",
    [
        {"kind": "deleted", "reason": "x"},
        {"kind": "note", "reason": " "},
        {"kind": "note", "reason": "x", "block": "two"},
        {"kind": "note", "reason": "x", "block": "99"},
        {"kind": "note", "reason": "x", "trial": "0"},
        {"kind": "note", "reason": "x", "block": "0", "trial": "99"},
        {"kind": "note", "reason": "x", "block": "9" * 30},
    ],
)
def test_a_mark_that_makes_no_sense_is_refused(act, under_way, sent):
    answer = act(f"attempts/{under_way.run.pk}/mark", **sent)
    assert answer.status_code in {404, 422}
    assert not under_way.run.marks.exists()


@pytest.mark.parametrize("do", ["unlock", "hand-over", "redo", "skip", "put-aside"])
def test_no_decision_is_taken_without_a_reason_or_by_strangers(act, design, under_way, bob, do):
    planned = make.planned(design, "S1") if do == "put-aside" else under_way
    assert act(do, planned=planned, reason=" ").status_code == 422
    assert act(do, planned=planned, person=bob, reason="x").status_code == 404


@pytest.mark.parametrize("do", ["unlock", "hand-over", "redo", "skip", "put-aside", "put-back"])
def test_who_may_only_look_decides_nothing(act, alder, under_way, do):
    viewer = accounts.person("vera", lab=alder, role=Role.VIEWER)
    assert act(do, person=viewer, reason="x").status_code == 404
    page = act("", person=viewer)
    assert page.status_code in {404, 405}


def test_who_may_only_look_sees_no_buttons(design, alder, under_way, as_):
    viewer = accounts.person("vera", lab=alder, role=Role.VIEWER)
    page = as_(viewer).get(f"/designs/{design.pk}/runs/{under_way.pk}/").content.decode()
    assert "Let the run go" not in page
