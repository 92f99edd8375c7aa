"""Experimenters watch groups, begin them, let them go on, end them, and take notes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import accounts, experiments, groups
from tests.integration.experiments.in_groups import comers, member_of, pass_time, phase

from accounts.models import AuditEntry
from accounts.roles import Role
from experiments.models import Group


@pytest.fixture
def console(ann, as_):
    return as_(ann)


@pytest.fixture
def two(project, ann):
    return comers(experiments.published(project, ann, groups.words()), ann, 2)


def page(console, what=""):
    answer = console.get(f"/groups/{Group.objects.get().pk}/{what}")
    assert answer.status_code == 200
    return answer.content.decode()


def press(console, what, **data):
    return console.post(f"/groups/{Group.objects.get().pk}/{what}/", data).status_code


def done():
    return list(
        AuditEntry.objects.filter(action__startswith="group.").values_list("action", "reason")
    )


def test_who_is_there_is_seen_and_who_is_silent(console, two):
    pass_time(30, but=two[:1])
    text = page(console)
    assert str(member_of(two[0]).run.participant) in text
    assert text.count(">Here<") == 2
    pass_time(20, but=two[:1])
    text = page(console, "state/")
    assert text.count(">Here<") == 1  # the silent one has lost its seat in the lobby
    assert 'hx-trigger="every 3s"' in text


def test_groups_are_listed_and_shown_on_the_home_page(console, two):
    assert "2 of 3" in console.get("/groups/").content.decode()
    assert "Groups under way" in console.get("/").content.decode()
    Group.objects.update(status="over")
    assert "Groups under way" not in console.get("/").content.decode()


def test_a_lobby_is_begun_with_those_who_are_there(console, two):
    assert "Begin with those who are here" in page(console)
    assert [press(console, "begin") for _ in range(2)] == [302, 302]
    assert [phase(each) for each in two] == ["open", "open"]
    assert done() == [("group.begun", "")]


def test_an_empty_lobby_is_not_begun(console, two):
    pass_time(100)
    page(console)
    assert press(console, "begin") == 409
    assert Group.objects.get().status == "forming"


def test_a_step_goes_on_without_who_is_missing(console, project, ann):
    people = comers(experiments.published(project, ann, groups.words()), ann, 3)
    for each in people[:2]:
        phase(each)
        each.send(item_age="33")
        each.send(item_why="So.")
    assert "Go on without who is missing" in page(console)
    assert press(console, "go-on") == 302
    assert [phase(each) for each in people[:2]] == ["open", "open"]
    assert member_of(people[2]).gone_at
    assert done() == [("group.step-begun", "")]


def test_a_group_is_ended_with_a_reason_and_its_members_go_on(console, two):
    assert press(console, "end", reason="A fire drill.") == 302
    assert phase(two[0]) == "over"
    two[0].send()
    assert two[0].title == "Why"
    assert "A fire drill." in page(console)
    assert press(console, "end", reason="Again.") == 302
    assert done() == [("group.ended", "A fire drill.")]


def test_notes_are_kept_and_those_of_another_are_not_overwritten(console, two):
    assert press(console, "notes", before="", notes="Late,\r\nall of them.") == 302
    assert press(console, "notes", before="", notes="Mine.") == 409
    assert Group.objects.get().notes == "Late,\nall of them."
    assert press(console, "notes", before="Late,\r\nall of them.", notes="Mine.") == 302
    assert "Mine." in page(console)


@pytest.mark.parametrize("what", ["begin", "go-on", "end", "notes"])
def test_a_viewer_looks_and_a_stranger_learns_nothing(what, alder, two, as_):
    viewer = as_(accounts.person("vera", lab=alder, role=Role.VIEWER))
    stranger = as_(accounts.person("sam", lab=accounts.lab("Birch"), role=Role.ADMIN))
    assert "Save notes" not in page(viewer)
    assert "Begin with" not in page(viewer)
    assert (press(viewer, what), press(stranger, what)) == (403, 404)
    assert "2 of 3" not in stranger.get("/groups/").content.decode()
    assert (Group.objects.get().status, done()) == ("forming", [])


def questions(console, address):
    with CaptureQueriesContext(connection) as asked:
        assert console.get(address).status_code == 200
    return len(asked)


def test_lists_ask_as_much_for_many_as_for_one(console, project, ann):
    revision = experiments.published(project, ann, groups.words(size=2))
    comers(revision, ann, 2)
    address = f"/groups/{Group.objects.get().pk}/"
    few = (questions(console, "/groups/"), questions(console, address))
    for size in (9, 12):
        comers(experiments.published(project, ann, groups.words(size=size)), ann, size)
    many = f"/groups/{Group.objects.get(size=12).pk}/"
    assert (questions(console, "/groups/"), questions(console, many)) == few
