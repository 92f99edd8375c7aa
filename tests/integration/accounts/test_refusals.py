"""What services refuse when a form did not: names taken meanwhile, steps out of order."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key

from accounts import urls
from accounts.errors import (
    AlreadySet,
    CodeWrong,
    LinkSpent,
    NameHidesPage,
    NameTaken,
    NotSet,
    OperatorsOnly,
    RoleTooLow,
    spoken,
)
from accounts.models import Lab, Membership, OneTimeLink, User
from accounts.models.labs import check_time_zone, hides_its_page
from accounts.roles import Role
from accounts.services import labs, links, people, projects, second_factor
from accounts.views.shared import after_answer


@pytest.fixture
def device(alice):
    return TOTPDevice.objects.create(user=alice, key=default_key(), name="authenticator")


def test_a_user_name_that_was_taken_meanwhile_is_refused(alder, carol, alice):
    with pytest.raises(NameTaken):
        people.invite(lab=alder, by=carol, username="Alice", role=Role.VIEWER)


def test_an_address_that_was_taken_meanwhile_is_refused(alice, bob):
    with pytest.raises(NameTaken):
        people.edit_profile(user=alice, email="Bob@Example.org")
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"


def test_two_people_without_an_address_are_fine(alder, carol):
    for name in ("one", "two"):
        people.invite(lab=alder, by=carol, username=name, role=Role.VIEWER)
    assert User.objects.filter(email="").count() == 2


def test_a_project_name_that_was_taken_meanwhile_is_refused(alder, alice, memory):
    with pytest.raises(NameTaken):
        projects.create_project(lab=alder, by=alice, name="Memory")


def test_a_lab_name_that_was_taken_meanwhile_is_refused(alder, olga):
    with pytest.raises(NameTaken):
        labs.create_lab(by=olga, name="Alder")


@pytest.mark.parametrize("name", ["new", "New", " NEW! "])
def test_a_lab_whose_page_another_page_hides_is_not_opened(as_, olga, name):
    answer = as_(olga).post("/accounts/labs/new/", {"name": name, "time_zone": "UTC"})
    assert b"its address belongs to another page" in answer.content
    with pytest.raises(NameHidesPage):
        labs.create_lab(by=olga, name=name)
    assert not Lab.objects.exists()


@pytest.mark.parametrize("slug", ["new", "a/b", "two words", ""])
def test_a_lab_does_not_take_a_short_name_that_hides_its_page(alder, adam, slug):
    with pytest.raises(NameHidesPage):
        labs.edit_lab(lab=alder, by=adam, slug=slug)
    alder.refresh_from_db()
    assert alder.slug == "alder"


def test_every_word_that_stands_where_a_labs_short_name_would_is_known():
    words = [re.fullmatch(r"labs/([\w-]+)/", str(each.pattern)) for each in urls.urlpatterns]
    taken = {word[1] for word in words if word}
    assert taken
    assert all(hides_its_page(word) for word in taken)
    assert not any(hides_its_page(word) for word in ["alder", "newton", "new-lab", "people"])


def test_settings_saved_without_a_change_leave_no_entry(alder, adam, actions):
    labs.edit_lab(lab=alder, by=adam, name="Alder", time_zone=alder.time_zone)
    assert actions() == []


def test_the_same_role_again_leaves_no_entry(alice, carol, role_in, actions):
    people.change_role(membership=role_in(alice), role=Role.EXPERIMENTER, by=carol)
    assert actions() == []


def test_a_role_that_changed_meanwhile_is_not_overwritten(alice, carol, role_in):
    stale = role_in(alice)
    people.change_role(membership=role_in(alice), role=Role.VIEWER, by=carol)
    with pytest.raises(Exception, match="just changed"):
        people.change_role(membership=stale, role=Role.TECHNICIAN, by=carol)
    assert role_in(alice).role == Role.VIEWER


def test_a_second_device_is_refused_while_there_is_one(alice, device):
    with pytest.raises(AlreadySet):
        second_factor.turn_on(user=alice, key=default_key(), code="123456")


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])
def test_what_is_no_code_is_refused(alice, code):
    with pytest.raises(CodeWrong):
        second_factor.turn_on(user=alice, key=default_key(), code=code)


def test_without_a_device_there_is_nothing_to_renew_turn_off_or_check(alice):
    with pytest.raises(NotSet):
        second_factor.new_recovery_codes(user=alice)
    with pytest.raises(NotSet):
        second_factor.turn_off(user=alice, by=alice)
    with pytest.raises(CodeWrong):
        second_factor.check_code(user=alice, code="123456")


def test_a_link_of_a_closed_account_does_nothing(alice):
    secret = links.make_link(user=alice, purpose=OneTimeLink.Purpose.RESET).split("/")[-2]
    alice.is_active = False
    alice.save()
    with pytest.raises(LinkSpent):
        links.use_link(secret=secret, password="a wholly different phrase")
    assert OneTimeLink.objects.get().used_at is None


def test_only_operators_make_links_for_people_without_a_lab(carol, db):
    lone = User.objects.create(username="lone")
    lone.set_unusable_password()
    lone.save()
    with pytest.raises(OperatorsOnly):
        links.renew_welcome(person=lone, by=carol)


def test_a_manager_makes_no_link_for_an_admin_who_was_invited(alder, carol, adam):
    person, _ = people.invite(lab=alder, by=adam, username="ada", role=Role.ADMIN)
    with pytest.raises(RoleTooLow):
        links.renew_welcome(person=person, by=carol)


def test_a_role_must_be_known(alder, alice):
    with pytest.raises(Exception, match="membership_role_is_known"):
        Membership.objects.filter(user=alice).update(role="emperor")


def test_a_time_zone_must_be_known():
    check_time_zone("Europe/Berlin")
    with pytest.raises(ValidationError, match="is no time zone"):
        check_time_zone("Mars/Olympus")


def test_what_fails_after_an_answer_is_logged_and_not_lost(rf, caplog):
    def work():
        raise RuntimeError("no mail today")

    response = HttpResponse("ok")
    after_answer(response, work)
    for closer in response._resource_closers:
        closer()
    assert "no mail today" in caplog.text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "a second"), (1, "a second"), (45, "45 seconds"), (91, "2 minutes"), (900, "15 minutes")],
)
def test_waiting_is_told_in_words(seconds, words):
    assert spoken(seconds) == words


def test_a_lab_that_has_had_such_a_short_name_for_long_is_still_changed(adam, alder):
    Lab.objects.filter(pk=alder.pk).update(slug="new")
    alder.refresh_from_db()
    labs.edit_lab(lab=alder, by=adam, name="Newer", slug="new")
    alder.refresh_from_db()
    assert alder.name == "Newer"
