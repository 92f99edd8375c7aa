"""Exports as programs ask for them."""

import json
import re

import pytest
from django.template.loader import render_to_string
from django.test import Client
from tests.factories import designs
from tests.factories import factorial as make

from accounts.services import tokens


@pytest.fixture
def run(design):
    return make.attempt(design, "S0")


@pytest.fixture
def api(alice):
    _, secret = tokens.create_token(user=alice, name="analysis", scope="read")
    return Client(headers={"authorization": f"Token {secret}"})


def address(design, file=""):
    return f"/api/v1/designs/{design.pk}/exports{file and '/'}{file}"


def content(answer):
    return b"".join(answer.streaming_content)


def test_a_table_is_streamed_under_a_name_that_says_what_it_is(api, design, run):
    make.log(run, 0, 0, {"duration": 7})
    answer = api.get(address(design, "trials.csv"))
    assert answer.streaming
    assert answer["Content-Disposition"] == 'attachment; filename="pointing-trials.csv"'
    assert content(answer).startswith(b"experiment,run,run_id,")


def test_what_is_known_is_not_sent_again_until_something_changes(api, design, run):
    make.log(run, 0, 0, {"duration": 7})

    def asked(tag):
        return api.get(address(design, "trials.csv"), headers={"if-none-match": tag})

    tag = asked("")["ETag"]
    assert asked(tag).status_code == 304
    changes = (
        lambda: make.log(run, 0, 1, {"duration": 8}),
        lambda: make.mark(run, "note", "left-handed"),
        lambda: make.attempt(design, "S1"),
    )
    for change in changes:
        change()
        answer = asked(tag)
        assert answer.status_code == 200
        assert answer["ETag"] != tag
        tag = answer["ETag"]


def test_each_way_of_asking_has_a_tag_of_its_own(api, design):
    asked = ["trials.csv", "trials.tsv", "joined.csv", "trials.csv?pilots=1"]
    assert len({api.get(address(design, file))["ETag"] for file in asked}) == len(asked)


@pytest.mark.parametrize("given", ["pilots=perhaps", "pilot=1", "excluded=2"])
def test_an_option_that_is_not_known_is_refused_with_those_that_are(api, design, given):
    answer = api.get(address(design, f"trials.csv?{given}"))
    assert answer.status_code == 400
    assert answer.json()["remedy"]


@pytest.mark.parametrize("file", ["trials.xlsx", "trials", "people.csv", "dictionary.xml"])
def test_a_file_that_there_is_not_is_not_found(api, design, file):
    assert api.get(address(design, file)).status_code == 404


def test_the_list_names_every_file_and_where_it_comes_from(api, design):
    told = api.get(address(design)).json()
    assert told["design"]["digest"] == design.digest
    assert all(api.get(file).status_code == 200 for file in told["files"])
    assert f"http://testserver{address(design, 'joined.parquet')}" in told["files"]


def test_the_dictionary_says_what_each_column_is(api, design):
    told = json.loads(api.get(address(design, "dictionary.json")).content)
    tech = next(each for each in told["columns"] if each["id"] == "TECH")
    assert tech == {
        "table": "trials", "name": "TECH", "source": "factor", "id": "TECH", "type": "text",
        "declared_type": "String", "is_declared": True, "unit": "", "label": "Technique",
        "levels": {"mouse": "Mouse", "pen": "Pen"},
    }  # fmt: skip
    assert api.get(address(design, "dictionary.csv")).content.startswith(b"table,name,source,id,")


def test_the_name_of_a_design_breaks_no_header(api, project, alice):
    odd = designs.design(project, alice, code='a"b/é\r\nX: y')
    answer = api.get(address(odd, "trials.csv"))
    assert answer["Content-Disposition"] == 'attachment; filename="a_b%2F_%0D%0AX__y-trials.csv"'


def test_a_file_is_asked_for_in_a_fixed_number_of_queries(
    api, design, run, django_assert_max_num_queries
):
    for number in range(2):
        make.log(run, 0, number, {"duration": 7}, [{"pointer.x": 1.0}] * 30)
    with django_assert_max_num_queries(24):
        content(api.get(address(design, "joined.jsonl")))


def test_the_section_of_a_page_leads_to_every_file(as_, alice, design):
    page = render_to_string("factorial/_exports.html", {"design": design})
    links = re.findall(r'(?:href|formaction)="([^"]+)"', page)
    client = as_(alice)
    asked = [
        client.get(link, {"pilots": "1"} if "dictionary" not in link else {}) for link in links
    ]
    assert [answer.status_code for answer in asked] == [200] * len(links)
    assert len(links) == 18
