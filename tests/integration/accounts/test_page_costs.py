"""Each page opens for whom it is meant, and its queries do not grow with what it lists."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import accounts as make

from accounts import audit
from accounts.services import tokens

# Queries of each page for the admin of a lab, the session, the person and the frame
# (what the menu leads to) included.
COSTS = {
    "/accounts/": 10,
    "/accounts/labs/alder/": 11,
    "/accounts/labs/alder/settings/": 10,
    "/accounts/labs/alder/invite/": 9,
    "/accounts/labs/alder/add/": 9,
    "/accounts/labs/alder/people/alice/": 14,
    "/accounts/labs/alder/projects/new/": 10,
    "/accounts/projects/": 9,
    "/accounts/projects/alder/memory/": 10,
    "/accounts/projects/alder/memory/edit/": 13,
    "/accounts/history/": 9,
    "/accounts/me/": 8,
    "/accounts/me/security/": 11,
    "/accounts/me/tokens/": 7,
    "/accounts/me/second-factor/": 11,
    "/accounts/me/second-factor/codes/": 6,
    "/accounts/me/second-factor/off/": 6,
    "/accounts/password/": 6,
}


def crowd(lab, adam, names):
    """Let there be more of everything that pages list."""
    for name in names:
        person = make.person(name, lab=lab, role="experimenter")
        make.project(lab, name).members.add(person, adam)
        audit.record(action="thing.done", user=person, on=lab)
        tokens.create_token(user=adam, name=name, scope="read")


@pytest.mark.parametrize("path", COSTS)
def test_a_page_costs_the_same_for_few_and_many(as_, adam, alder, alice, memory, path):
    client = as_(adam)
    crowd(alder, adam, ["one"])
    client.get(path)  # the first visit of some pages writes to the session
    counts = []
    for more in ([], [f"p{number}" for number in range(6)]):
        crowd(alder, adam, more)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert counts[0] <= COSTS[path], "\n".join(each["sql"] for each in captured)


ASKING = ["/accounts/me/", "/accounts/me/tokens/", "/accounts/me/second-factor/codes/"]


@pytest.mark.parametrize("path", ASKING)
def test_asking_for_the_password_again_costs_no_query(as_, idle, adam, path):
    client = idle(as_(adam))
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert b"own_password" in client.get(path).content
    assert len(captured) <= COSTS[path]


def test_signed_out_people_are_led_to_sign_in(client, alder, alice, memory):
    for path in COSTS:
        assert client.get(path).url == f"/accounts/sign-in/?next={path}"
