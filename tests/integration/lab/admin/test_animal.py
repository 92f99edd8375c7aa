"""The page of an animal: its course of weights and water, its timeline; the colony's pages."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from tests.factories import lab as make
from tests.factories.lab_world import fill

from lab.models import GenotypeTest, Litter, Sequence, Subject


def test_the_weights_of_an_animal_are_drawn_and_told(as_, alice, animal, at):
    for days in range(5):
        moment = now() - timedelta(days=days)
        make.weighing(animal, alice, 24.0 - days / 10, at=moment)
    make.water(animal, alice, 0.7, at=now())
    page = as_(alice).get(at("subject", "change", animal.pk)).content.decode()
    assert page.count('<circle class="dot"') == 5
    assert "<td>0.70</td>" in page
    assert "style=" not in page[page.index("<svg viewBox") : page.index("</figure>")]


def test_an_animal_without_weights_has_no_drawing(as_, alice, animal, at):
    page = as_(alice).get(at("subject", "change", animal.pk))
    assert page.context["course"] is None


def test_the_timeline_tells_what_happened(as_, alice, animal, at):
    make.session(animal, alice, task_protocol="choice world")
    page = as_(alice).get(at("subject", "timeline", animal.pk)).content.decode()
    assert "choice world" in page
    assert "birth" in page


def test_the_timeline_of_another_labs_animal_is_not_there(as_, alice, foreign, at):
    assert as_(alice).get(at("subject", "timeline", foreign.pk)).status_code == 404


@pytest.fixture
def world(alder, carol):
    return fill(alder, carol, "w")


def test_a_litters_page_enters_an_animal_with_the_result_of_its_test(
    as_, carol, world, at, untouched
):
    litter, sequence = world[Litter], world[Sequence]
    address = at("litter", "change", litter.pk)
    client = as_(carol)
    sent = untouched(client.get(address))
    rows = int(sent["subjects-TOTAL_FORMS"])
    sent["subjects-TOTAL_FORMS"] = str(rows + 1)
    sent |= {f"subjects-{rows}-sex": "F", f"subjects-{rows}-ear_mark": "LL",
             f"subjects-{rows}-test_0": "0"}  # fmt: skip
    answer = client.post(address, sent)
    assert answer.status_code == 302, answer.context["errors"]
    young = Subject.objects.get(ear_mark="LL")
    assert (young.litter, young.born_on, young.line) == (litter, litter.born_on, litter.line)
    assert young.nickname.startswith("Lw_")
    assert GenotypeTest.objects.get(subject=young, sequence=sequence).result == 0


def test_a_result_changed_on_a_litters_page_is_kept(as_, carol, world, at, untouched):
    address = at("litter", "change", world[Litter].pk)
    client = as_(carol)
    sent = untouched(client.get(address))
    assert sent["subjects-0-test_0"] == "1"
    assert client.post(address, sent | {"subjects-0-test_0": "0"}).status_code == 302
    test = GenotypeTest.objects.get(subject=world[Subject], sequence=world[Sequence])
    assert test.result == 0
