"""Groups gather, begin together, and go on as declared when somebody is missing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import experiments, groups
from tests.integration.experiments.in_groups import (
    ask,
    comers,
    member_of,
    pass_time,
    phase,
    run_of,
)
from tests.integration.experiments.taking_part import Participant

from experiments.models import Group, Link, Meeting, Member
from runs.models import Answer, Event, Run


@pytest.fixture
def three(project, ann):
    """Publish a protocol for groups of three, and let so many come."""

    def come(count=3, link=None, **words):
        revision = experiments.published(project, ann, groups.words(**words))
        return comers(revision, ann, count, **(link or {}))

    return come


def outcomes():
    rows = Answer.objects.filter(measure__name__in=["meet", "again", "play"]).order_by("pk")
    return [answer.value for answer in rows]


def test_who_comes_first_waits_and_the_last_one_begins_for_all(three):
    people = three(2)
    assert [phase(each) for each in people] == ["lobby", "lobby"]
    assert "2 of 3 are here" in people[0].text
    last = Participant(people[0].token)
    last.begin()
    assert [phase(each) for each in (*people, last)] == ["open"] * 3
    assert Group.objects.get().status == "together"
    assert Meeting.objects.get().opened_at


def test_the_page_that_is_begun_together_is_answered_and_kept(three):
    people = three()
    for each in people:
        assert phase(each) == "open"
        each.send(item_age="33")
        assert each.title == "Why"
    assert outcomes() == ["together"] * 3
    assert Answer.objects.filter(measure__name="age").count() == 3
    assert not Answer.objects.filter(measure__is_unforeseen=True).exists()


def test_a_fault_on_the_page_is_said_and_the_group_stays(three):
    people = three()
    phase(people[0])
    assert people[0].send(item_age="12").status_code == 422
    assert "at least 18" in people[0].text
    assert Answer.objects.count() == 0
    people[0].send(item_age="18")
    assert people[0].title == "Why"


def test_the_fourth_begins_another_group(three):
    people = three(4)
    assert [phase(each) for each in people] == ["open"] * 3 + ["lobby"]
    assert sorted(Group.objects.values_list("status", "taken")) == [
        ("forming", 1), ("together", 3)]  # fmt: skip


def test_pilots_wait_for_pilots(three, ann):
    people = three(2)
    revision = Group.objects.get().revision
    pilot = comers(revision, ann, 1, kind=Link.Kind.PREVIEW)[0]
    assert phase(pilot) == "lobby"
    assert "1 of 3 are here" in pilot.text
    assert phase(people[0]) == "lobby"


def test_people_of_a_group_link_wait_for_each_other_and_links_of_one_name_are_one(three, ann):
    three(1)
    revision = Group.objects.get().revision
    own = comers(revision, ann, 2, kind=Link.Kind.GROUP)
    named = [comers(revision, ann, 1, group="Tuesday")[0] for _ in range(3)]
    assert [phase(each) for each in own] == ["lobby"] * 2
    assert [phase(each) for each in named] == ["open"] * 3
    assert sorted(Group.objects.values_list("status", "taken")) == [
        ("forming", 1), ("forming", 2), ("together", 3)]  # fmt: skip


def test_reloading_takes_no_second_seat(three):
    (someone,) = three(1)
    for _ in range(3):
        assert phase(someone) == "lobby"
    assert (Member.objects.count(), Group.objects.get().taken) == (1, 1)


def test_enough_begin_when_the_lobby_has_lasted_long_enough(three):
    people = three(2, least=2)
    pass_time(601, but=people)
    assert [phase(each) for each in people] == ["open", "open"]
    assert Group.objects.get().taken == 2


def test_who_waits_in_vain_goes_on_alone_and_the_lobby_stays_for_others(three):
    people = three(2)
    pass_time(300, but=people)
    pass_time(301, but=people)
    assert phase(people[0]) == "alone"
    people[0].send()
    assert people[0].title == "Why"
    people[0].send(item_why="So.")
    assert people[0].title == "Thank you"  # the second step for groups is passed over
    assert outcomes() == ["alone"]
    assert run_of(people[0]).status == "completed"


def test_who_came_later_still_waits_when_the_first_one_gives_up(three):
    people = three(1)
    pass_time(400, but=people)
    later = Participant(people[0].token)
    later.begin()
    pass_time(201, but=[*people, later])
    assert phase(people[0]) == "alone"
    assert phase(later) == "lobby"
    assert Group.objects.get().taken == 1


def test_a_ghost_in_the_lobby_loses_its_seat_and_gets_one_when_it_returns(three):
    people = three(2)
    pass_time(46, but=people[:1])
    assert "1 of 3 are here" in people[0].look().content.decode()
    assert Group.objects.get().taken == 1
    others = [Participant(people[0].token) for _ in range(2)]
    for each in others:
        each.begin()
    assert phase(people[0]) == "open"
    assert phase(people[1]) == "lobby"
    assert member_of(people[1]).group != member_of(people[0]).group


def test_no_group_is_made_with_who_left_the_lobby_yesterday(three):
    people = three(2)
    pass_time(24 * 60 * 60)
    last = Participant(people[0].token)
    last.begin()
    assert phase(last) == "lobby"
    assert "1 of 3 are here" in last.text
    assert Member.objects.get().run == run_of(last)


def test_a_short_silence_is_forgiven(three):
    people = three(2)
    pass_time(40)
    assert phase(people[0]) == "lobby"
    assert Group.objects.get().taken == 2


def to_the_second_step(people):
    for each in people:
        phase(each)
        each.send(item_age="33")
        each.send(item_why="So.")


def test_the_next_step_waits_for_those_on_their_way(three):
    people = three()
    to_the_second_step(people[:2])
    assert [phase(each) for each in people[:2]] == ["waiting", "waiting"]
    to_the_second_step(people[2:])
    assert [phase(each) for each in people] == ["open"] * 3
    for each in people:
        each.send(item_liked="5")
        assert each.title == "Thank you"
    assert outcomes() == ["together"] * 6


def finish_together(people):
    to_the_second_step(people)
    for each in people:
        phase(each)
    for each in people:
        each.send(item_liked="5")


def test_a_group_is_over_when_the_last_of_its_members_has_come_to_the_end(
    three, ann, as_, django_capture_on_commit_callbacks
):
    people = three()
    to_the_second_step(people)
    for each in people:
        phase(each)
    with django_capture_on_commit_callbacks(execute=True):
        for each in people[:2]:
            each.send(item_liked="5")
    assert Group.objects.get().status == "together"
    with django_capture_on_commit_callbacks(execute=True):
        people[2].send(item_liked="5")
    group = Group.objects.get()
    assert (group.status, group.why) == ("over", "All of its members have come to the end.")
    assert group.ended_at is not None
    assert "Together" not in as_(ann).get("/groups/").content.decode()


def test_who_watches_sees_that_a_group_is_over_even_if_nobody_could_say_so(three, ann, as_):
    finish_together(three())
    Group.objects.update(status="together", ended_at=None, why="")
    page = as_(ann).get(f"/groups/{Group.objects.get().pk}/").content.decode()
    assert "All of its members have come to the end." in page
    assert Group.objects.get().status == "over"


def test_after_the_deadline_the_others_go_on_without_who_is_missing(three):
    people = three(least=2)
    to_the_second_step(people[:2])
    pass_time(301, but=people[:2])
    assert [phase(each) for each in people[:2]] == ["open", "open"]
    assert member_of(people[2]).gone_at
    assert Event.objects.filter(kind="group member gone").count() == 1


def test_who_was_missing_comes_late_and_is_one_of_them_again(three):
    people = three(least=2)
    to_the_second_step(people[:2])
    pass_time(301, but=people[:2])
    assert phase(people[0]) == "open"
    to_the_second_step(people[2:])
    assert phase(people[2]) == "open"
    assert member_of(people[2]).gone_at is None
    assert Event.objects.filter(kind="group returned", data__opened=True).count() == 1


def test_a_group_that_is_too_small_ends_and_its_members_go_on(three):
    people = three()
    to_the_second_step(people[:2])
    pass_time(301, but=people[:2])
    assert [phase(each) for each in people[:2]] == ["over", "over"]
    assert "The group has ended" in people[0].text
    people[0].send()
    assert people[0].title == "Thank you"
    assert Group.objects.get().why == "Fewer than 3 were left."
    assert outcomes() == ["together", "together", "over"]


def test_who_is_gone_while_waiting_is_not_waited_for_longer_than_the_grace(three):
    people = three(least=1)
    to_the_second_step(people[:2])
    pass_time(46, but=people[:1])
    assert phase(people[0]) == "waiting"  # the third is still on the way
    assert member_of(people[1]).gone_at
    assert phase(people[1]) == "waiting"  # and is back
    assert member_of(people[1]).gone_at is None


def test_by_another_rule_the_silent_are_waited_for_until_the_deadline(three):
    people = three(least=1, when_gone="wait")
    to_the_second_step(people[:2])
    pass_time(100, but=people[:1])
    assert phase(people[0]) == "waiting"
    assert member_of(people[1]).gone_at is None
    pass_time(201, but=people[:1])
    assert phase(people[0]) == "open"
    assert member_of(people[1]).gone_at


def test_by_a_third_rule_the_group_ends_with_the_first_who_is_gone(three):
    people = three(least=1, when_gone="end")
    to_the_second_step(people[:2])
    pass_time(46, but=people[:1])
    assert phase(people[0]) == "over"
    assert phase(people[1]) == "over"
    to_the_second_step(people[2:])
    assert people[2].title == "Thank you"


def test_who_has_ended_the_study_is_not_waited_for(three):
    people = three(least=2)
    to_the_second_step(people[:2])
    Run.objects.filter(pk=run_of(people[2]).pk).update(
        status="withdrawn", ended_at=run_of(people[2]).seen_at)  # fmt: skip
    assert [phase(each) for each in people[:2]] == ["open", "open"]


def test_the_answers_of_a_page_that_was_begun_count_when_the_group_ends_meanwhile(three):
    people = three()
    phase(people[0])
    Group.objects.update(status="over")
    people[0].send(item_age="33")
    assert people[0].title == "Why"
    assert outcomes() == ["together"]


def test_a_form_before_its_time_is_refused_and_stores_nothing(three):
    (someone,) = three(1)
    phase(someone)
    assert someone.send(item_age="33").status_code == 409
    assert "not that far yet" in someone.text
    assert Answer.objects.count() == 0


def test_a_double_click_answers_once_and_goes_one_step(three):
    people = three()
    phase(people[0])
    page = people[0].text
    people[0].send(page=page, item_age="33")
    people[0].send(page=page, item_age="33")
    assert people[0].title == "Why"
    assert Answer.objects.filter(measure__name="age").count() == 1


def test_roles_are_given_by_lot_each_once(three):
    people = three(roles=["speaker", "listener", "judge"])
    assert phase(people[0]) == "open"
    assert sorted(Member.objects.values_list("role", flat=True)) == ["judge", "listener", "speaker"]


def test_conditions_ask_for_the_role_and_each_member_is_told_theirs(project, ann):
    words = groups.words(size=2, roles=["speaker", "judge"])
    judged = {"name": "judged", "page": "rating",
              "if": {"item": "meet-role", "is": "=", "value": "judge"}}  # fmt: skip
    words["flow"] = [words["flow"][0], judged, words["flow"][-1]]
    titles = {}
    for each in comers(experiments.published(project, ann, words), ann, 2):
        role = member_of(each).role
        phase(each)
        assert f"({role})" in each.text
        each.send(item_age="33")
        titles[role] = each.title
    assert titles == {"speaker": "Thank you", "judge": "The melody"}
    assert not Answer.objects.filter(measure__is_unforeseen=True).exists()


def test_a_browser_without_cookies_waits_and_goes_on(project, ann):
    revision = experiments.published(project, ann, groups.words(size=2))
    token = experiments.token(revision, ann)
    people = [Participant(token, blocks_cookies=True) for _ in range(2)]
    for each in people:
        each.begin()
    assert [phase(each) for each in people] == ["open", "open"]


def test_without_scripts_the_page_loads_itself_anew_while_it_waits_and_not_after(three):
    people = three(2)
    refresh = f'<meta http-equiv="refresh" content="5; url=/run/{people[0].key}/">'
    assert refresh in people[0].look().content.decode()
    last = Participant(people[0].token)
    last.begin()
    assert "http-equiv" not in people[0].look().content.decode()


def test_who_asks_learns_of_a_change_and_else_gets_nothing(three):
    (someone,) = three(1)
    first = ask(someone)
    assert (first.status_code, first["X-Again-Ms"]) == (200, "2000")
    same = ask(someone, first["ETag"])
    assert (same.status_code, same.content) == (304, b"")
    other = Participant(someone.token)
    other.begin()
    changed = ask(someone, first["ETag"])
    assert (changed.status_code, changed["ETag"] != first["ETag"]) == (200, True)


def test_asking_costs_one_question_and_writes_nothing(three):
    (someone,) = three(1)
    stamp = ask(someone)["ETag"]
    with CaptureQueriesContext(connection) as asked:
        assert ask(someone, stamp).status_code == 304
    assert len(asked) == 1, [each["sql"] for each in asked]
    assert not [each for each in asked if each["sql"].startswith(("UPDATE", "INSERT"))]


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("size", [3, 12])
def test_a_group_s_pages_cost_at_most_fifteen_questions_for_whoever_comes(project, ann, acts, size):
    roles = [f"role {n}" for n in range(size)]
    revision = experiments.published(project, ann, groups.words(acts=acts, size=size, roles=roles))
    people = unseen(revision, ann, size)
    told = [questions(each.look) for each in people]
    assert max(map(len, told)) <= 15, max(told, key=len)
    assert {phase(each) for each in people} == {"acting" if acts else "open"}
    assert len(questions(people[0].look)) <= 3
    for each in people:
        each.send(**({"act": "c", "round": "0"} if acts else {"item_age": "33"}))


def test_what_a_member_does_costs_at_most_fifteen_questions(project, ann):
    people = comers(experiments.published(project, ann, groups.words(acts=True)), ann, 3)
    for each in people:
        each.look()
        each.look, look = (lambda: None), each.look
        sent = questions(lambda each=each: each.send(act="c", round="0"))
        each.look = look
        assert len(sent) <= 15, sent
    assert Meeting.objects.get().rounds[0] == {"0": "c", "1": "c", "2": "c"}


def questions(do):
    """Return what the database was asked; where a transaction begins and ends is none."""
    with CaptureQueriesContext(connection) as asked:
        do()
    return [each["sql"] for each in asked if "SAVEPOINT" not in each["sql"]]


def unseen(revision, ann, count):
    """Begin so many runs that have not looked at the first page."""
    token, people = experiments.token(revision, ann), []
    for _ in range(count):
        someone = Participant(token)
        someone.address = someone.browser.post(f"/take/{token}/")["Location"]
        people.append(someone)
    return people


def test_a_page_of_a_group_is_served_and_taken_with_few_questions(three):
    people = three()
    phase(people[0])
    with CaptureQueriesContext(connection) as served:
        people[0].look()
    assert len(served) <= 15, [each["sql"] for each in served]
    people[0].look, look = (lambda: None), people[0].look
    with CaptureQueriesContext(connection) as taken:
        people[0].send(item_age="33")
    assert len(taken) <= 14, [each["sql"] for each in taken]
    people[0].look = look


def test_asking_keeps_a_member_there(three):
    people = three(2)
    pass_time(30)
    ask(people[0])
    pass_time(30)
    assert phase(people[0]) == "lobby"
    assert Group.objects.get().taken == 1


def test_asking_settles_what_time_has_brought(three):
    people = three(2, least=2)
    pass_time(601, but=people)
    ask(people[0])
    assert Meeting.objects.get().opened_at


def test_an_address_that_leads_nowhere_gets_no_news(db, client):
    assert client.get("/run/nothing/group/").status_code == 404


def test_a_run_that_is_in_no_group_is_told_to_look(project, ann):
    someone = comers(experiments.published(project, ann), ann, 1)[0]
    assert ask(someone).json() == {"stamp": "none"}
