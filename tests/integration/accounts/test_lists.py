"""The lists of people and projects: sorted, with chosen columns, page by page, as CSV and JSON."""

import pytest
from tests.factories import accounts as make

from accounts.models import Project
from accounts.services import tokens
from accounts.tables import PEOPLE, PROJECTS
from common import lists

LAB = "/accounts/labs/alder/"
SORTED = {
    LAB: [column.name for column in PEOPLE.columns if column.order],
    "/accounts/projects/": [column.name for column in PROJECTS.columns if column.order],
}


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(lists.page, "__kwdefaults__", {"size": 3})


@pytest.fixture
def crowd(alder, birch, carol, memory):
    """Seven people and eight projects, some of them equal in what they are sorted by."""
    for number in range(6):
        role = ["viewer", "technician", "experimenter"][number % 3]
        person = make.person(f"p{number}", lab=alder, role=role, first_name="Ada" * (number % 2))
        make.project(alder, f"Study {number}", slug=f"s{number}").members.add(
            *[person, carol][: number % 3]
        )
    make.project(alder, "study Z", slug="z")
    return alder


def walked(client, address):
    """Return the rows of all pages, as their addresses lead from one to the next."""
    rows, pages = [], 0
    while address:
        listing = client.get(address).context["list"]
        rows += listing.rows
        address, pages = listing.next_url, pages + 1
    return rows, pages


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(
    ("path", "name"), [(path, name) for path, names in SORTED.items() for name in names]
)
def test_every_row_is_met_once_whatever_the_list_is_sorted_by(
    as_, carol, crowd, small_pages, path, name, sign
):
    client = as_(carol)
    rows, pages = walked(client, f"{path}?sort={sign}{name}")
    total = client.get(path).context["list"].total
    assert len({row.pk for row in rows}) == len(rows) == total
    assert pages == -(-total // 3)
    values = [getattr(row, lists.SORTED_BY) for row in rows]
    assert values == sorted(values, reverse=bool(sign))


def test_a_row_that_comes_or_goes_moves_no_other_over_the_edge(as_, carol, crowd, small_pages):
    client = as_(carol)
    first = client.get("/accounts/projects/").context["list"]
    make.project(crowd, "AAA")
    Project.objects.filter(pk=first.rows[-1].pk).update(name="AAB")
    second = client.get(first.next_url).context["list"]
    assert [row.name for row in second.rows] == ["Study 2", "Study 3", "Study 4"]


def test_the_page_says_how_many_there_are_and_leads_on_and_back(as_, carol, crowd, small_pages):
    client = as_(carol)
    shown = client.get("/accounts/projects/?sort=-name").content.decode()
    assert "3 of 8 projects" in shown
    assert 'rel="next"' in shown
    following = client.get("/accounts/projects/?sort=-name").context["list"].next_url
    assert "First page" in client.get(following).content.decode()


def test_a_head_turns_the_order_and_says_it(as_, carol, crowd):
    shown = as_(carol).get(f"{LAB}?sort=role&role=viewer").content.decode()
    assert 'aria-sort="ascending"' in shown
    assert f'href="{LAB}?role=viewer&amp;sort=-role"' in shown


def test_columns_are_chosen_by_the_address_and_kept_by_filters(as_, carol, crowd):
    listing = as_(carol).get(f"{LAB}?columns=&columns=joined").context
    assert set(listing["list"].shows) == {"person", "joined"}
    assert all("columns=joined" in chip.url for chip in listing["roles"])


@pytest.mark.parametrize("after", ["~", "x~y", "a~99999999999999999999", "~~~"])
@pytest.mark.parametrize("sort", ["person", "role", "joined"])
def test_an_address_that_names_no_row_is_refused_in_words(as_, carol, after, sort):
    answer = as_(carol).get(LAB, {"sort": sort, "after": after})
    assert answer.status_code == 422 or not answer.context["list"].rows
    assert answer.status_code == 422 or after == "~~~"


@pytest.mark.parametrize("query", ["sort=password", "sort=-user__password", "columns=password"])
def test_nobody_sorts_by_what_is_not_a_column(as_, carol, query):
    listing = as_(carol).get(f"{LAB}?{query}").context["list"]
    assert listing.wish.column.name == "person"
    assert "password" not in listing.shows


def test_only_leaders_sort_by_and_see_how_people_sign_in(as_, alice, carol):
    listing = as_(alice).get(f"{LAB}?sort=signed_in&columns=state").context["list"]
    assert set(listing.shows) == {"person"}
    assert "signed_in" not in as_(alice).get(f"{LAB}people.csv").getvalue().decode()
    assert "signed_in" in as_(carol).get(f"{LAB}people.csv").getvalue().decode()


def test_the_csv_has_what_the_filters_leave_in_the_order_of_the_list(as_, carol, crowd):
    address = "/accounts/projects.csv?sort=-name&lab=alder"
    lines = as_(carol).get(address).getvalue().decode().splitlines()
    assert lines[0].startswith("name,lab,visibility,members,started")
    assert [line.partition(",")[0] for line in lines[1:3]] == ["study Z", "Study 5"]


def test_a_name_is_no_formula_for_a_spreadsheet(as_, carol, alder):
    make.project(alder, "=1+1", slug="sum")
    assert "'=1+1" in as_(carol).get("/accounts/projects.csv").getvalue().decode()


def test_a_csv_holds_nothing_of_other_labs(as_, bob, crowd):
    assert as_(bob).get(f"{LAB}people.csv").status_code == 404
    assert as_(bob).get("/accounts/projects.csv?lab=alder").getvalue().count(b"\n") == 1


@pytest.fixture
def api(client):
    """Ask the API as a person."""

    def asked(person, address):
        _, secret = tokens.create_token(user=person, name="t", scope="read")
        return client.get(address, headers={"Authorization": f"Token {secret}"})

    return asked


@pytest.mark.parametrize("address", ["/api/v1/projects", "/api/v1/labs/alder/people?role=viewer"])
def test_programs_walk_the_same_list_page_by_page(api, carol, crowd, small_pages, address):
    found, pages = [], 0
    answer = api(carol, address).json()
    total = answer["count"]
    while True:
        found, pages = found + answer["results"], pages + 1
        if not answer["next"]:
            break
        answer = api(carol, answer["next"]).json()
    assert len(found) == total
    assert len({str(row) for row in found}) == total
    assert pages == -(-total // 3)


def test_programs_see_nobody_of_other_labs(api, bob, crowd):
    assert api(bob, "/api/v1/labs/alder/people").status_code == 404
    assert api(bob, "/api/v1/projects?lab=alder").json()["count"] == 0


def test_projects_of_one_lab_stand_under_its_tabs(as_, carol, memory):
    shown = as_(carol).get("/accounts/projects/?lab=alder").content.decode()
    assert "Projects of Alder" in shown
    assert "Start a project" in shown
    assert "Start a project" not in as_(carol).get("/accounts/projects/").content.decode()
