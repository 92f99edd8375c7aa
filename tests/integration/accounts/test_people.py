"""Who may invite, raise, lower, remove and close whom."""

import pytest
from django.core import mail
from tests.factories import accounts as make

from accounts import roles
from accounts.errors import (
    AlreadyThere,
    LastAdmin,
    LastOperator,
    NotYourself,
    OperatorsOnly,
    RoleTooLow,
)
from accounts.models import Membership, User
from accounts.roles import Role
from accounts.services import links, people, permission

LEADERS = [Role.MANAGER, Role.ADMIN]
OTHERS = [role for role in Role if role not in LEADERS]


def member(lab, role, name="somebody"):
    return make.person(name, lab=lab, role=role)


def fails(service, **arguments):
    """Say whether a service refuses for want of a role."""
    try:
        service(**arguments)
    except RoleTooLow:
        return True
    return False


def test_roles_are_ordered_by_power():
    assert roles.up_from(Role.COLONY_MANAGER) == ["colony manager", "manager", "admin"]
    assert roles.down_from(Role.TECHNICIAN) == ["viewer", "technician"]
    assert roles.at_least("manager", Role.MANAGER)
    assert not roles.at_least("colony manager", Role.MANAGER)
    assert not roles.at_least(None, Role.VIEWER)


@pytest.mark.parametrize("given", list(Role))
@pytest.mark.parametrize("own", list(Role))
def test_leaders_grant_roles_up_to_their_own_and_others_none(alder, own, given):
    by = member(alder, own)
    refused = fails(people.invite, lab=alder, by=by, username="new", role=given)
    assert refused == (own not in LEADERS or given.power > own.power)
    assert User.objects.filter(username="new").exists() != refused


@pytest.mark.parametrize("current", list(Role))
@pytest.mark.parametrize("own", list(Role))
def test_nobody_lowers_somebody_above_them(alder, adam, own, current):
    by, other = member(alder, own), member(alder, current, "other")
    membership = Membership.objects.get(user=other)
    refused = fails(people.change_role, membership=membership, role=Role.VIEWER, by=by)
    assert refused == (own not in LEADERS or current.power > own.power)


@pytest.mark.parametrize("own", list(Role))
def test_nobody_raises_themselves(alder, adam, own):
    membership = Membership.objects.get(user=member(alder, own))
    for wanted in Role:
        if wanted.power > own.power:
            with pytest.raises(NotYourself):
                people.change_role(membership=membership, role=wanted, by=membership.user)
    membership.refresh_from_db()
    assert membership.role == own


def test_an_operator_does_not_raise_herself_either(alder, adam, olga):
    membership = Membership.objects.create(lab=alder, user=olga, role=Role.VIEWER)
    with pytest.raises(NotYourself):
        people.change_role(membership=membership, role=Role.ADMIN, by=olga)


def test_an_operator_makes_the_first_admin(alder, alice, olga, role_in):
    people.change_role(membership=role_in(alice), role=Role.ADMIN, by=olga)
    assert role_in(alice).role == Role.ADMIN


@pytest.mark.parametrize("own", list(Role))
def test_roles_count_in_their_own_lab_only(alder, birch, bob, own):
    by = member(alder, own)
    assert fails(people.remove, membership=Membership.objects.get(user=bob), by=by)
    assert fails(people.add, lab=birch, by=by, person=by, role=Role.VIEWER)


@pytest.mark.parametrize("action", [people.deactivate, people.reactivate])
@pytest.mark.parametrize("own", list(Role))
def test_leaders_close_and_open_accounts_of_their_lab(alder, alice, own, action):
    by = member(alder, own)
    assert fails(action, person=alice, by=by, reason="left") == (own not in LEADERS)


def test_somebody_of_two_labs_is_closed_by_neither_alone(alder, birch, carol, alice):
    Membership.objects.create(lab=birch, user=alice, role=Role.VIEWER)
    assert fails(people.deactivate, person=alice, by=carol)


def test_an_operator_is_closed_by_an_operator_only(alder, carol, olga):
    Membership.objects.create(lab=alder, user=olga, role=Role.VIEWER)
    with pytest.raises(Exception, match="Only operators"):
        people.deactivate(person=olga, by=carol)


@pytest.mark.parametrize(
    "left_over",
    [
        {"is_staff": True},  # no superuser: nobody could make operators
        {"is_staff": True, "is_superuser": True, "is_active": False},
        {"is_staff": True, "is_superuser": True, "password": "!"},  # invited, chose none yet
        {},
    ],
)
def test_the_last_superuser_who_can_sign_in_is_not_closed(olga, left_over):
    other = User.objects.create(**{"username": "other", "password": "x"} | left_over)
    with pytest.raises((LastOperator, OperatorsOnly)):
        permission.keep_an_operator(olga, other)


def test_an_operator_who_never_chose_a_password_may_be_closed(olga):
    invited = User.objects.create(username="invited", is_staff=True, password="!")
    people.deactivate(person=invited, by=olga)
    assert not User.objects.get(username="invited").is_active


def test_an_operator_who_was_closed_meanwhile_closes_nobody(olga, alice):
    other = make.person("other", is_staff=True, is_superuser=True)
    third = make.person("third", is_staff=True, is_superuser=True)
    people.deactivate(person=User.objects.get(pk=olga.pk), by=other)
    with pytest.raises(OperatorsOnly):
        people.deactivate(person=third, by=olga)


def test_nobody_closes_themselves(carol):
    with pytest.raises(NotYourself):
        people.deactivate(person=carol, by=carol)


def test_a_lab_keeps_an_admin_who_can_sign_in(alder, adam, olga, role_in):
    asleep = member(alder, Role.ADMIN, "asleep")
    people.deactivate(person=asleep, by=adam)
    for refused in (
        lambda: people.change_role(membership=role_in(adam), role=Role.VIEWER, by=adam),
        lambda: people.remove(membership=role_in(adam), by=adam),
        lambda: people.deactivate(person=adam, by=olga),
    ):
        with pytest.raises(LastAdmin):
            refused()
    adam.refresh_from_db()
    assert adam.is_active


def test_an_admin_steps_down_when_there_is_another(alder, adam, role_in):
    member(alder, Role.ADMIN, "other")
    people.change_role(membership=role_in(adam), role=Role.VIEWER, by=adam)
    assert role_in(adam).role == Role.VIEWER


def test_anybody_leaves_a_lab_and_its_projects(alder, alice, secret_project, role_in):
    secret_project.members.add(alice)
    people.remove(membership=role_in(alice), by=alice)
    assert not Membership.objects.filter(user=alice).exists()
    assert not secret_project.members.exists()


def test_adding_somebody_twice_is_refused(alder, alice, carol):
    with pytest.raises(AlreadyThere):
        people.add(lab=alder, by=carol, person=alice, role=Role.VIEWER)


def test_an_invitation_shows_the_link_once_and_sends_it(
    as_, carol, alder, django_capture_on_commit_callbacks, actions
):
    facts = {"username": "nina", "email": "Nina@example.org", "role": "technician"}
    with django_capture_on_commit_callbacks(execute=True):
        page = as_(carol).post("/accounts/labs/alder/invite/", facts).content.decode()
    nina = User.objects.get(username="nina")
    assert "/accounts/welcome/" in page
    assert "/accounts/welcome/" in mail.outbox[0].body
    assert mail.outbox[0].to == ["nina@example.org"]
    assert not nina.has_usable_password()
    assert nina.time_zone == alder.time_zone
    assert "person.invited" in actions()


def test_whoever_was_invited_chooses_a_password_and_is_in(client, alder, carol):
    _, link = people.invite(lab=alder, by=carol, username="nina", role=Role.VIEWER)
    path = link.partition("//")[2].partition("/")[2]
    phrase = "a phrase of my own"
    assert client.post(f"/{path}", {"password": phrase, "again": phrase}).url == "/"
    assert client.get("/accounts/me/").status_code == 200


@pytest.mark.parametrize("name", ["alice", "ALICE"])
def test_a_user_name_belongs_to_one_person(as_, carol, alice, name):
    facts = {"username": name, "role": "viewer"}
    page = as_(carol).post("/accounts/labs/alder/invite/", facts)
    assert b"has this user name already" in page.content


def test_a_manager_renews_the_link_of_whoever_has_no_password_yet(as_, carol, alder):
    person, old = people.invite(lab=alder, by=carol, username="nina", role=Role.VIEWER)
    page = as_(carol).post("/accounts/labs/alder/people/nina/link/").content.decode()
    assert "/accounts/welcome/" in page
    assert old not in page
    assert person.one_time_links.filter(used_at=None).count() == 1


def test_a_manager_cannot_take_over_an_account_by_a_link(carol, alice, olga):
    with pytest.raises(Exception, match="Only operators"):
        links.renew_welcome(person=alice, by=carol)
    assert "/accounts/welcome/" in links.renew_welcome(person=alice, by=olga)


def test_a_role_form_offers_no_more_than_ones_own(as_, carol, alice):
    page = as_(carol).get("/accounts/labs/alder/people/alice/").content.decode()
    assert 'value="manager"' in page
    assert 'value="admin"' not in page
    as_(carol).post("/accounts/labs/alder/people/alice/", {"role": "admin"})
    assert Membership.objects.get(user=alice).role == Role.EXPERIMENTER


def test_a_role_is_changed_on_the_page_with_its_reason(as_, carol, alice, role_in):
    page = "/accounts/labs/alder/people/alice/"
    as_(carol).post(page, {"role": "technician", "reason": "new duties"})
    assert role_in(alice).role == Role.TECHNICIAN
    assert "new duties" in as_(carol).get(page).content.decode()


def test_a_lock_is_ended_by_a_manager(as_, client, carol, alice, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        client.post("/accounts/sign-in/", {"username": "alice", "password": "wrong"})
    as_(carol).post("/accounts/labs/alder/people/alice/unlock/")
    answer = client.post("/accounts/sign-in/", {"username": "alice", "password": make.PASSWORD})
    assert answer.status_code == 302


PAGES = {
    "": [*Role],
    "settings/": [Role.ADMIN],
    "invite/": LEADERS,
    "add/": LEADERS,
    "projects/new/": [Role.EXPERIMENTER, Role.COLONY_MANAGER, *LEADERS],
    "people/vera/": [*Role],
}
DEEDS = {"remove/": LEADERS, "activate/": LEADERS, "unlock/": LEADERS, "link/": []}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_the_pages_that_are_for_it(as_, alder, vera, role, page):
    answer = as_(member(alder, role)).get(f"/accounts/labs/alder/{page}")
    assert answer.status_code == (200 if role in PAGES[page] else 403)


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("role", list(Role))
def test_each_role_does_what_is_for_it(as_, alder, vera, role, deed):
    page = f"/accounts/labs/alder/people/vera/{deed}"
    answer = as_(member(alder, role)).post(page, {"reason": "because"})
    assert answer.status_code == (302 if role in DEEDS[deed] else 403)


@pytest.mark.parametrize("page", PAGES)
def test_another_lab_is_not_there(as_, bob, vera, page):
    assert as_(bob).get(f"/accounts/labs/alder/{page}").status_code == 404


def test_a_lab_moves_its_people_to_its_time_zone(as_, adam, alice, alder):
    alice.time_zone = "UTC"
    alice.save()
    facts = {"name": "Alder", "time_zone": "Europe/Berlin"}
    as_(adam).post("/accounts/labs/alder/settings/", facts)
    alice.refresh_from_db()
    alder.refresh_from_db()
    assert alice.time_zone == alder.time_zone == "Europe/Berlin"


def test_an_operator_opens_a_lab_and_is_its_first_admin(as_, olga):
    facts = {"name": "New Lab", "time_zone": "UTC"}
    assert as_(olga).post("/accounts/labs/new/", facts).url == "/accounts/labs/new-lab/"
    assert Membership.objects.get(lab__slug="new-lab").role == Role.ADMIN


def test_others_open_no_labs(as_, adam):
    assert as_(adam).get("/accounts/labs/new/").status_code == 403


def test_two_labs_have_two_names(as_, olga, alder):
    answer = as_(olga).post("/accounts/labs/new/", {"name": "Alder", "time_zone": "UTC"})
    assert b"already exists" in answer.content
