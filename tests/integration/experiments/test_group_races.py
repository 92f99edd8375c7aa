"""Many come, return and act at the same instant, on a database that commits."""

import pytest
from django.db.models import Count
from tests.factories import accounts, experiments, groups
from tests.integration.experiments.in_groups import comers, member_of, pass_time, phase, run_of
from tests.integration.experiments.taking_part import ACTION, HOLDER, Participant
from tests.integration.experiments.test_races import post
from tests.integration.runs.test_races import TIMES, at_once

from accounts.roles import Role
from experiments.models import Group, Meeting, Member
from experiments.services.groups import lobby, meetings
from runs.models import Event, Trial

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def come(transactional_db):
    """Publish a protocol for groups; let so many begin, who have not seen the first page yet."""
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    project = accounts.project(lab)

    def begun(count, **words):
        return comers(experiments.published(project, ann, groups.words(**words)), ann, count)

    return begun


def see(someone):
    """Look as a browser of its own; told that the site is busy, look again."""
    for _ in range(500):
        answer = someone.browser.get(someone.address)
        if answer.status_code != 503:
            someone.shown = answer
            return answer.status_code
    raise AssertionError("the site stayed busy")


def before_the_lobby(people):
    """Let it be as if these had begun and had not come to the lobby yet."""
    Event.objects.all().delete()
    Member.objects.all().delete()
    Meeting.objects.all().delete()
    Group.objects.all().delete()
    return people


def test_of_eight_who_come_at_once_two_groups_of_four_are_made(come):
    people = before_the_lobby(come(TIMES, size=4))
    assert at_once(lambda number: see(people[number])) == [200] * TIMES
    assert list(Group.objects.values_list("status", "taken")) == [("together", 4)] * 2
    seats = Member.objects.values("group").annotate(seats=Count("seat", distinct=True))
    assert [each["seats"] for each in seats] == [4, 4]
    assert [phase(each) for each in people] == ["open"] * TIMES
    assert Event.objects.filter(kind="group step began").count() == TIMES


def test_of_two_who_would_be_the_fourth_one_is_and_the_other_begins_anew(come):
    more = unseen(come(3, size=4)[0].token, 2)
    assert Group.objects.get().taken == 3
    told = at_once(lambda number: see(more[number % 2]))
    assert told == [200] * TIMES
    assert sorted(Group.objects.values_list("status", "taken")) == [
        ("forming", 1), ("together", 4)]  # fmt: skip
    assert Member.objects.count() == 5


def unseen(token, count):
    """Begin so many runs without looking at the first page."""
    others = [Participant(token) for _ in range(count)]
    for each in others:
        each.look, look = (lambda: None), each.look
        each.begin()
        each.look = look
    return others


def test_one_who_comes_eight_times_at_once_has_one_seat(come):
    (someone,) = before_the_lobby(come(1))
    assert at_once(lambda _: see(someone)) == [200] * TIMES
    assert (Member.objects.count(), Group.objects.get().taken) == (1, 1)


def test_a_deadline_that_eight_notice_at_once_passes_once(come):
    people = come(2, least=2)
    pass_time(601, but=people)

    def ask(number):
        return people[number % 2].browser.get(f"/run/{people[number % 2].key}/group/").status_code

    assert set(at_once(ask)) <= {200, 503}
    assert phase(people[0]) == "open"
    assert Event.objects.filter(kind="group began").count() == 2
    assert Event.objects.filter(kind="group step began").count() == 2
    assert Group.objects.get().taken == 2


def test_who_returns_as_the_grace_is_over_is_there_or_late_and_never_lost(come):
    people = come(3, least=2)
    for each in people[:2]:
        phase(each)
        each.send(item_age="33")
        each.send(item_why="So.")
    pass_time(301, but=people[:1])

    def look(number):
        return see(people[number % 2])

    assert set(at_once(look)) == {200}
    group = Group.objects.get()
    if group.status == "together":
        assert [phase(each) for each in people[:2]] == ["open", "open"]
        assert member_of(people[1]).gone_at is None
    else:  # the one who asked first found nobody else there
        assert [phase(each) for each in people[:2]] == ["over", "over"]
    assert Event.objects.filter(kind="group over").count() in {0, 3}


def test_acts_of_all_members_at_once_are_all_kept_and_close_the_round_once(come):
    people = come(TIMES, size=TIMES, acts=True)
    pages = [each.look().content.decode() for each in people]

    def choose(number):
        text = pages[number]
        data = {"holder": HOLDER.search(text)[1], "act": "c", "round": "0"}
        return post(ACTION.search(text)[1], data)

    assert at_once(choose) == [302] * TIMES
    assert Meeting.objects.get().rounds == [{str(seat): "c" for seat in range(TIMES)}, {}]
    assert Trial.objects.count() == TIMES


def test_one_act_that_is_sent_eight_times_at_once_is_there_once(come):
    people = come(3, acts=True)
    text = people[0].look().content.decode()
    data = {"holder": HOLDER.search(text)[1], "act": "d", "round": "0"}
    assert at_once(lambda _: post(ACTION.search(text)[1], data)) == [302] * TIMES
    assert Trial.objects.count() == 1
    assert sum(map(len, Meeting.objects.get().rounds)) == 1


def test_two_choices_at_once_are_one_act_and_one_variant(come):
    people = come(3, acts=True)
    text = people[0].look().content.decode()
    holder = HOLDER.search(text)[1]

    def choose(number):
        data = {"holder": holder, "act": "cd"[number % 2], "round": "0"}
        return post(ACTION.search(text)[1], data)

    assert at_once(choose) == [302] * TIMES
    trial = Trial.objects.get()
    assert (trial.is_disputed, trial.variants if hasattr(trial, "variants") else 1) == (True, 1)
    assert list(Meeting.objects.get().rounds[0].values()) == [trial.response]


def test_the_last_act_and_the_end_of_the_round_at_once_close_it_once(come):
    people = come(3, acts=True)
    pages = [each.look().content.decode() for each in people]
    for text in pages[:2]:
        post(ACTION.search(text)[1], {"holder": HOLDER.search(text)[1], "act": "c", "round": "0"})
    pass_time(31)
    last = {"holder": HOLDER.search(pages[2])[1], "act": "d", "round": "0"}

    def both(number):
        return post(ACTION.search(pages[2])[1], last) if number % 2 else see(people[0])

    assert set(at_once(both)) <= {200, 302, 409}
    first, *rest = Meeting.objects.get().rounds
    assert rest == [{}]
    kept = Trial.objects.filter(visit__run=run_of(people[2])).count()
    assert first[str(member_of(people[2]).seat)] == ("d" if kept else None)


def test_a_group_is_begun_by_one_of_two_who_do_it(come):
    come(2)
    group = Group.objects.get()
    now = Member.objects.first().joined_at
    told = at_once(lambda _: lobby.begin(group=group, at=now))
    assert sorted(told) == [False] * (TIMES - 1) + [True]
    ended = at_once(lambda _: meetings.end(group=group, why="Enough.", at=now))
    assert sorted(ended) == [False] * (TIMES - 1) + [True]
