"""Requests for animals, who is responsible, and the names that animals answer to."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import accounts
from tests.factories import lab as make

from common.errors import NotAllowed
from lab import models
from lab.errors import DoesNotFit, Taken
from lab.models import SubjectRequest
from lab.queries import colony as read
from lab.services import nicknames, requests, subjects


@pytest.fixture
def line(alder):
    return make.line(alder)


@pytest.fixture
def animals(line, carol):
    """Four animals of a line that nobody has asked for."""
    return [make.subject(line.lab, carol, f"A{number}", line=line) for number in range(4)]


@pytest.fixture
def asked(line, alice):
    return requests.create_request(by=alice, values={"line": line, "count": 2})


def get(record):
    return type(record).objects.get(pk=record.pk)


def remaining(request):
    return SubjectRequest.objects.with_remaining().get(pk=request.pk).remaining


def is_open(request):
    found = SubjectRequest.objects.open().filter(pk=request.pk).exists()
    assert found != SubjectRequest.objects.closed().filter(pk=request.pk).exists()
    return found


# --- requests -------------------------------------------------------------------------------------
def test_somebody_asks_for_animals(asked, alice):
    assert (asked.user, asked.count, remaining(asked)) == (alice, 2, 2)
    assert is_open(asked)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"count": 0}, "count"),
        ({"count": -1}, "count"),
        ({"count": None}, "count"),
        ({"line": None}, "line"),
        ({"made_on": date(2026, 3, 2), "due_on": date(2026, 3, 1)}, "due_on"),
    ],
)
def test_a_request_that_asks_for_nothing_is_refused(line, alice, change, field):
    with pytest.raises(DoesNotFit) as refusal:
        requests.create_request(by=alice, values={"line": line, "count": 1} | change)
    assert refusal.value.field == field


def test_a_request_is_for_somebody_of_the_lab(line, carol, bob):
    with pytest.raises(DoesNotFit) as refusal:
        requests.create_request(by=carol, values={"line": line, "count": 1, "user": bob})
    assert refusal.value.field == "user"
    with pytest.raises(NotAllowed):
        requests.create_request(by=bob, values={"line": line, "count": 1})


def test_animals_given_for_a_request_belong_to_who_asked(asked, animals, alice, carol):
    done = requests.fulfil(request=asked, by=carol, subjects=animals[:1])
    assert (done.remaining, is_open(asked)) == (1, True)
    one = get(animals[0])
    assert (one.responsible_user, one.request) == (alice, asked)
    assert requests.fulfil(request=asked, by=carol, subjects=animals[:2]).remaining == 0
    assert not is_open(asked)
    assert requests.fulfil(request=asked, by=carol, subjects=animals[:2]).remaining == 0


def test_more_than_remain_are_refused_all(asked, animals, carol):
    with pytest.raises(DoesNotFit, match="2 of 2 remain, and these are 3"):
        requests.fulfil(request=asked, by=carol, subjects=animals[:3])
    assert remaining(asked) == 2


def test_an_animal_that_dies_or_is_handed_on_remains_to_be_given(asked, animals, carol):
    requests.fulfil(request=asked, by=carol, subjects=animals[:2])
    subjects.change_subject(subject=get(animals[0]), by=carol, values={"died_on": date(2026, 4, 1)})
    assert remaining(asked) == 1
    requests.hand_over(by=carol, subjects=animals[1:2], to=carol)
    assert (remaining(asked), is_open(asked)) == (2, True)


def test_what_does_not_suit_is_refused(asked, animals, alder, line, carol, alice):
    strange = make.subject(alder, carol, "Strange")
    dead = make.subject(alder, carol, "Dead", line=line, died_on=date(2026, 2, 1))
    second = requests.create_request(by=alice, values={"line": line, "count": 1})
    requests.fulfil(request=second, by=carol, subjects=animals[:1])
    for one, word in ((strange, "not of the line"), (dead, "died on"),
                      (animals[0], "another request")):  # fmt: skip
        with pytest.raises(DoesNotFit, match=word) as refusal:
            requests.fulfil(request=asked, by=carol, subjects=[animals[1], one])
        assert refusal.value.field == "subjects"
    assert remaining(asked) == 2


def test_animals_of_others_are_not_given_away(asked, animals, alice):
    with pytest.raises(NotAllowed):
        requests.fulfil(request=asked, by=alice, subjects=animals[:1])
    assert remaining(asked) == 2


def test_animals_are_taken_back(asked, animals, alice, carol):
    requests.fulfil(request=asked, by=carol, subjects=animals[:2])
    requests.take_back(by=carol, subjects=animals[:1], to=carol)
    one = get(animals[0])
    assert (one.request, one.responsible_user, remaining(asked)) == (None, carol, 1)
    assert get(animals[1]).responsible_user == alice


def test_a_request_that_animals_were_given_for_keeps_its_line_and_person(
    asked, animals, alder, alice, carol
):
    requests.change_request(request=asked, by=carol, values={"user": carol})
    requests.fulfil(request=asked, by=carol, subjects=animals[:1])
    for values in ({"user": alice}, {"line": make.line(alder, "Other")}):
        with pytest.raises(DoesNotFit, match="given for this request"):
            requests.change_request(request=get(asked), by=carol, values=values)
    requests.change_request(request=get(asked), by=carol, values={"count": 5})
    assert remaining(asked) == 4


def test_requests_are_listed_with_what_remains(
    asked, animals, alice, bob, carol, django_assert_max_num_queries
):
    for _ in range(4):
        requests.create_request(by=carol, values={"line": asked.line, "count": 7})
    requests.fulfil(request=asked, by=carol, subjects=animals[:1])
    with django_assert_max_num_queries(3):
        found = [(str(each), each.remaining) for each in read.requests(alice)]
    assert sorted(count for _, count in found) == [1, 7, 7, 7, 7]
    assert not read.requests(bob)


# --- who is responsible ---------------------------------------------------------------------------
def test_animals_are_handed_over_and_history_tells_it(animals, alice, carol):
    requests.hand_over(by=carol, subjects=animals, to=alice, reason="New project")
    assert {get(each).responsible_user for each in animals} == {alice}
    told = read.keepers(animals[0])
    assert [(each.user, each.written_by, each.reason) for each in told] == [
        (alice, carol, "New project"), (carol, None, "a test"),
    ]  # fmt: skip


def test_only_who_is_responsible_or_keeps_the_colony_hands_over(animals, alder, alice):
    erin = accounts.person("erin", lab=alder, role="experimenter")
    with pytest.raises(NotAllowed):
        requests.hand_over(by=alice, subjects=animals, to=alice)
    mine = make.subject(alder, alice, "Mine")
    requests.hand_over(by=alice, subjects=[mine], to=erin)
    with pytest.raises(NotAllowed):
        requests.hand_over(by=alice, subjects=[mine], to=alice)


def test_nobody_of_another_lab_becomes_responsible(animals, bob, carol):
    with pytest.raises(DoesNotFit) as refusal:
        requests.hand_over(by=carol, subjects=animals, to=bob)
    assert refusal.value.field == "responsible_user"


def test_what_is_handed_over_fulfils_what_that_person_asked_for(asked, animals, alice, carol):
    later = requests.create_request(by=alice, values={"line": asked.line, "count": 1})
    requests.hand_over(by=carol, subjects=animals, to=alice)
    counts = [asked.subjects.count(), later.subjects.count()]
    assert sorted(counts) == [1, 2], "the fourth was not asked for"
    assert not is_open(asked)
    assert not is_open(later)


def test_a_new_person_by_an_ordinary_change_fulfils_a_request_too(asked, animals, alice, carol):
    one = subjects.change_subject(subject=animals[0], by=carol, values={"responsible_user": alice})
    assert get(one).request == asked
    two = subjects.change_subject(
        subject=animals[1], by=carol, values={"responsible_user": alice, "request": None}
    )
    assert get(two).request is None


# --- who hears of it ------------------------------------------------------------------------------
def told(kind):
    rows = models.Notification.objects.filter(kind=kind).prefetch_related("users")
    return [sorted(user.username for user in row.users.all()) for row in rows]


def test_who_keeps_the_colony_hears_of_a_request_and_who_asked_of_its_end(
    line, animals, alder, alice, carol
):
    accounts.person("cora", lab=alder, role="colony manager")
    asked = requests.create_request(by=alice, values={"line": line, "count": 2})
    assert told("new_request") == [["cora"]]
    requests.fulfil(request=asked, by=carol, subjects=animals[:1])
    assert told("request_fulfilled") == []
    requests.fulfil(request=asked, by=carol, subjects=animals[1:2])
    assert told("request_fulfilled") == [["alice"]]
    assert told("responsible_user_change") == [["alice", "carol"]] * 2


def test_many_are_handed_over_in_as_many_statements_as_few(line, alder, alice, carol):
    def statements(some):
        with CaptureQueriesContext(connection) as asked:
            requests.hand_over(by=carol, subjects=some, to=alice)
        return len(asked)

    herd = [make.subject(alder, carol, f"H{number}", line=line) for number in range(12)]
    assert statements(herd[:2]) == statements(herd[2:])
    assert len(told("responsible_user_change")) == 12


# --- names ----------------------------------------------------------------------------------------
def test_an_animal_is_found_by_what_it_was_called_and_answers_to(animals, alice, carol):
    one = animals[0]
    subjects.change_subject(subject=one, by=carol, values={"nickname": "Zoe"})
    nicknames.add_alias(subject=one, by=carol, name="007")
    for name in ("Zoe", "a0", "007"):
        assert subjects.find(alice, name) == one
    names = read.names_of(animals)[one.pk]
    assert [(each.name, each.kind) for each in names] == [
        ("A0", "former"), ("Zoe", "present"), ("007", "alias"),
    ]  # fmt: skip
    assert names[0].until is not None


def test_a_name_that_an_animal_has_had_or_answers_to_is_no_other_s(animals, carol):
    one, two, *_ = animals
    subjects.change_subject(subject=one, by=carol, values={"nickname": "Zoe"})
    nicknames.add_alias(subject=one, by=carol, name="007")
    for name in ("zoe", "A0", "007"):
        with pytest.raises(Taken):
            nicknames.add_alias(subject=two, by=carol, name=name)
        with pytest.raises(Taken):
            subjects.change_subject(subject=get(two), by=carol, values={"nickname": name})
    assert get(two).nickname == "A1"


def test_an_alias_given_twice_is_one(animals, carol):
    first = nicknames.add_alias(subject=animals[0], by=carol, name="Zoe")
    assert nicknames.add_alias(subject=animals[0], by=carol, name="zoe") == first


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65])
def test_an_alias_that_is_no_name_is_refused(animals, carol, name):
    with pytest.raises(DoesNotFit) as refusal:
        nicknames.add_alias(subject=animals[0], by=carol, name=name)
    assert refusal.value.field == "name"


def test_a_name_forgotten_is_free(animals, carol, alice):
    one, two, *_ = animals
    alias = nicknames.add_alias(subject=one, by=carol, name="007")
    with pytest.raises(NotAllowed):
        nicknames.forget(name=alias, by=alice)
    nicknames.forget(name=alias, by=carol)
    assert nicknames.add_alias(subject=two, by=carol, name="007").subject == two
    with pytest.raises(DoesNotFit, match="is what the animal is called"):
        nicknames.forget(name=models.SubjectName.objects.get(name="A0"), by=carol)


def test_an_animal_may_take_a_former_name_of_its_own_again(animals, carol):
    one = animals[0]
    for name in ("Zoe", "A0"):
        subjects.change_subject(subject=get(one), by=carol, values={"nickname": name})
    kinds = {each.name: each.kind for each in read.names_of([one])[one.pk]}
    assert kinds == {"A0": "present", "Zoe": "former"}


# --- lists ----------------------------------------------------------------------------------------
def test_what_waits_is_listed_while_it_lives(animals, alder, carol, bob, line):
    one, two, three, _ = animals
    for each in (one, two, three):
        values = {"to_be_genotyped": True, "to_be_culled": True}
        subjects.change_subject(subject=each, by=carol, values=values)
    subjects.change_subject(subject=two, by=carol, values={"died_on": date(2026, 4, 1)})
    subjects.change_subject(subject=three, by=carol, values={"genotyped_on": date(2026, 4, 1)})
    assert list(read.to_be_genotyped(carol)) == [one]
    assert list(read.to_be_culled(carol)) == [one, three]
    assert not read.to_be_genotyped(bob)
    litter = make.litter(line)
    young = make.subject(alder, carol, "Y", litter=litter, born_on=date(2026, 3, 1))
    make.subject(alder, carol, "W", litter=litter, weaned_on=date(2026, 3, 22))
    assert list(read.to_be_weaned(carol, date(2026, 3, 10))) == [young]
    assert not read.to_be_weaned(carol, date(2026, 3, 1))


def test_lists_of_the_colony_take_a_fixed_number_of_questions(
    animals, line, alice, carol, django_assert_max_num_queries
):
    for number in range(6):
        pair = make.pair(line, animals[0], name=f"P{number}")
        litter = make.litter(line, name=f"L{number}", breeding_pair=pair)
        make.subject(line.lab, carol, f"Y{number}", litter=litter, line=line)
    for rows in (read.pairs(alice), read.litters(alice), read.lines(alice)):
        with django_assert_max_num_queries(3):
            assert [str(each) + str(each.lab) for each in rows]
    assert {each.litters_count for each in read.pairs(alice)} == {1}
    assert {(each.animals, each.alive, each.weaned) for each in read.litters(alice)} == {(1, 1, 0)}
    assert [each.alive for each in read.lines(alice)] == [10]
