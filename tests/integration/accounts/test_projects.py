"""Projects: who sees them, who changes them."""

import pytest
from django.contrib.auth.models import AnonymousUser
from tests.factories import accounts as make

from accounts.errors import NotOfThisLab
from accounts.models import Project
from accounts.roles import Role
from accounts.services import projects

WORKING = [Role.EXPERIMENTER, Role.COLONY_MANAGER, Role.MANAGER, Role.ADMIN]
LEADING = [Role.MANAGER, Role.ADMIN]


def member(lab, role):
    return make.person("somebody", lab=lab, role=role)


def seen(person):
    return set(Project.objects.visible_to(person).values_list("name", flat=True))


def editable(person):
    return set(Project.objects.editable_by(person).values_list("name", flat=True))


@pytest.mark.parametrize("role", list(Role))
def test_the_lab_sees_its_projects_and_leaders_the_hidden_ones_too(
    alder, memory, secret_project, role
):
    expected = {"Memory", "Sleep"} if role in LEADING else {"Memory"}
    assert seen(member(alder, role)) == expected


@pytest.mark.parametrize("role", list(Role))
def test_those_who_work_change_what_they_see(alder, memory, secret_project, role):
    person = member(alder, role)
    assert editable(person) == (seen(person) if role in WORKING else set())


def test_members_see_a_hidden_project(alder, secret_project, vera):
    secret_project.members.add(vera)
    assert seen(vera) == {"Sleep"}
    assert editable(vera) == set()


def test_a_member_who_left_the_lab_sees_nothing(secret_project, bob):
    secret_project.members.add(bob)
    assert seen(bob) == set()


def test_strangers_closed_accounts_and_nobody_see_nothing(memory, alice, bob):
    alice.is_active = False
    assert seen(bob) == seen(alice) == seen(AnonymousUser()) == set()


def test_operators_see_everything(memory, secret_project, olga):
    assert seen(olga) == {"Memory", "Sleep"}


def test_an_archived_project_is_seen_and_not_changed(memory, alice, carol):
    projects.archive(project=memory, by=carol)
    assert seen(alice) == {"Memory"}
    assert editable(alice) == set()
    projects.restore(project=memory, by=carol)
    assert editable(alice) == {"Memory"}


@pytest.mark.parametrize("role", list(Role))
def test_only_leaders_archive(as_, alder, memory, role):
    answer = as_(member(alder, role)).post("/accounts/projects/alder/memory/archive/")
    assert answer.status_code == (302 if role in LEADING else 403)
    memory.refresh_from_db()
    assert (memory.archived_at is not None) == (role in LEADING)


@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_work_change_a_project(as_, alder, memory, role):
    facts = {"name": "Renamed", "visibility": "lab", "description": "x"}
    answer = as_(member(alder, role)).post("/accounts/projects/alder/memory/edit/", facts)
    assert answer.status_code == (302 if role in WORKING else 403)
    memory.refresh_from_db()
    assert (memory.name == "Renamed") == (role in WORKING)


def test_whoever_starts_a_project_belongs_to_it(as_, alice, vera, actions):
    facts = {"name": "Fear & Joy", "visibility": "members", "members": [vera.pk]}
    answer = as_(alice).post("/accounts/labs/alder/projects/new/", facts)
    assert answer.url == "/accounts/projects/alder/fear-joy/"
    assert set(Project.objects.get().members.all()) == {alice, vera}
    assert "project.created" in actions()


def test_names_are_one_per_lab_and_addresses_differ(alder, birch, alice, bob):
    made = [projects.create_project(lab=alder, by=alice, name=name) for name in ("A b", "A-b", "!")]
    assert [each.slug for each in made] == ["a-b", "a-b-2", "project"]
    assert projects.create_project(lab=birch, by=bob, name="A b").slug == "a-b"


def test_a_name_that_is_taken_is_told_at_the_field(as_, alice, memory):
    answer = as_(alice).post(
        "/accounts/labs/alder/projects/new/", {"name": "Memory", "visibility": "lab"}
    )
    assert b"has a project of this name already" in answer.content


def test_members_are_people_of_the_lab(as_, alice, memory, bob):
    with pytest.raises(NotOfThisLab):
        projects.set_members(project=memory, by=alice, members=[bob])
    facts = {"name": "Memory", "visibility": "lab", "members": [bob.pk]}
    assert as_(alice).post("/accounts/projects/alder/memory/edit/", facts).status_code == 200
    assert not memory.members.exists()


def test_a_hidden_project_is_not_there_for_others(as_, alice, bob, secret_project, memory):
    assert as_(alice).get("/accounts/projects/alder/sleep/").status_code == 404
    assert as_(alice).get("/accounts/projects/alder/sleep/edit/").status_code == 404
    assert as_(bob).get("/accounts/projects/alder/memory/").status_code == 404


def test_the_list_is_filtered_by_its_address(as_, carol, memory, secret_project):
    projects.archive(project=memory, by=carol)
    client = as_(carol)
    assert "Sleep" in client.get("/accounts/projects/?lab=alder").content.decode()
    archived = client.get("/accounts/projects/?state=archived").content.decode()
    assert "/accounts/projects/alder/memory/" in archived.partition("<table")[2]
    assert "/accounts/projects/alder/sleep/" not in archived.partition("<table")[2]


def test_the_page_shows_what_happened(as_, carol, alice, memory):
    projects.edit_project(project=memory, by=alice, description="New words")
    page = as_(carol).get("/accounts/projects/alder/memory/").content.decode()
    assert "project changed by Alice" in page
