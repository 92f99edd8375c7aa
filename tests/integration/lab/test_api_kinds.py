"""Every resource of the lab's API: shown, listed, exported, filtered, with few questions."""

import pytest
from tests.factories import lab_kinds
from tests.integration.lab.test_api import Caller

from lab.api.filters import filters_of
from lab.api.resources import ALL, BY_NAME

NAMES = sorted(BY_NAME)


@pytest.fixture
def each(alder, alice):
    return lab_kinds.one_of_each(alder, alice)


def test_there_is_a_record_of_every_kind(each):
    assert set(each) == set(BY_NAME)


@pytest.mark.parametrize("name", NAMES)
def test_a_record_is_shown_listed_and_written_out(name, each, olga, django_assert_max_num_queries):
    call, key = Caller(olga), str(each[name].pk)
    shown = call.get(f"{name}/{key}")
    assert shown.status_code == 200, shown.content
    with django_assert_max_num_queries(10):
        listed = call.get(name, count="true").json()
    assert shown.json() in listed["results"]
    table = b"".join(call.get(name, format="csv").streaming_content).decode()
    assert key in table
    with django_assert_max_num_queries(10):
        assert call.get(f"{name}/{key}").status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_every_order_of_a_list_can_be_had(name, each, alice):
    for order in BY_NAME[name].order:
        for way in (order, f"-{order}".replace("--", "")):
            assert Caller(alice).get(name, order=way).status_code == 200


SAMPLES = {"boolean": "true", "integer": "3", "number": "2.5", "date": "2026-03-02",
           "date-time": "2026-03-02T09:00:00Z"}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_filter_takes_a_value_of_its_kind(name, each, alice):
    call = Caller(alice)
    for one in filters_of(BY_NAME[name]).values():
        kind = one.schema.get("format", one.schema["type"])
        sample = SAMPLES.get(kind) or one.schema.get("example", "x")
        found = call.get(name, **{one.name: sample})
        assert found.status_code == 200, (one.name, sample, found.content)


def test_names_of_resources_differ():
    assert len(ALL) == len(BY_NAME)
