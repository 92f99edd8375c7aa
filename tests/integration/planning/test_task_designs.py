"""A design that was kept: its page, its files, its name."""

import csv
import io
import json
import zipfile

import pytest
from django.urls import reverse
from tests.factories import accounts, studies

from accounts.models import AuditEntry
from fmriplan.design import events
from planning.models import TaskDesign


def files(as_, person, design):
    answer = as_(person).get(reverse("planning:task-design-zip", args=[design.pk]))
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    return {name: archive.read(name) for name in archive.namelist()}


def test_a_design_shows_its_scores_and_charts(as_, alice, design):
    page = as_(alice).get(reverse("planning:task-design", args=[design.pk])).content.decode()
    for said in (
        "Detection",
        "Expected signal",
        "Design matrix",
        "Eigenvalues",
        "Order of the",
        "Late response",
    ):
        assert said in page
    assert page.count('<svg class="chart"') == 5


def test_bids_events_are_those_of_the_design_without_float_noise(as_, alice, design):
    held = files(as_, alice, design)
    text = held["task-FacesAndHouses_events.tsv"].decode()
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    assert [row["trial_type"] for row in rows] == [
        ("faces", "houses")[each] for each in design.order
    ]
    assert all(len(row["onset"]) <= len("100.1") for row in rows)
    assert "Levels" in json.loads(held["task-FacesAndHouses_events.json"])["trial_type"]


@pytest.mark.parametrize(
    "file",
    [
        "task-FacesAndHouses_events.tsv",
        "optseq/task-FacesAndHouses.par",
        "spm/task-FacesAndHouses_conditions.mat",
    ],
)
def test_what_is_downloaded_is_read_as_the_same_events(as_, alice, design, file):
    url = reverse("planning:task-design-file", args=[design.pk, file])
    answer = as_(alice).get(url)
    shown = events.read(file, answer.content)
    assert sorted(each.condition for each in shown) == ["faces"] * 12 + ["houses"] * 12


def test_the_same_design_is_the_same_archive(as_, alice, design):
    url = reverse("planning:task-design-zip", args=[design.pk])
    assert as_(alice).get(url).content == as_(alice).get(url).content


def test_all_programs_have_their_folder(as_, alice, design):
    folders = {name.partition("/")[0] for name in files(as_, alice, design) if "/" in name}
    assert folders == {"fsl", "afni", "spm", "optseq", "psychopy", "jspsych", "nilearn"}


def test_an_address_of_no_file_is_not_there(as_, alice, design):
    url = reverse("planning:task-design-file", args=[design.pk, "../../etc/passwd"])
    assert as_(alice).get(url).status_code == 404


def test_a_design_is_renamed_and_deleted(as_, alice, design, plan):
    as_(alice).post(reverse("planning:task-design-rename", args=[design.pk]), {"label": "Best"})
    assert TaskDesign.objects.get().label == "Best"
    answer = as_(alice).post(reverse("planning:task-design-delete", args=[design.pk]))
    assert answer.url == reverse("planning:plan", args=[plan.pk])
    assert not TaskDesign.objects.exists()
    actions = AuditEntry.objects.on(plan).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["design.renamed", "design.deleted"]


def test_a_viewer_downloads_and_deletes_nothing(as_, alder, design):
    vera = accounts.person("vera", lab=alder, role="viewer")
    assert files(as_, vera, design)
    assert (
        as_(vera).post(reverse("planning:task-design-delete", args=[design.pk])).status_code == 404
    )
    assert TaskDesign.objects.exists()


def test_a_design_that_fits_its_plan_no_more_says_why(as_, alice, plan):
    design = studies.design(plan)
    TaskDesign.objects.filter(pk=design.pk).update(order=[0, 1])
    page = as_(alice).get(reverse("planning:task-design", args=[design.pk]))
    assert "other trials than its specification" in page.content.decode()


def test_two_conditions_that_would_share_a_file_are_named(as_, alice, project):
    words = studies.SPECIFICATION.replace('"faces"', '"a b"').replace('"houses"', '"a_b"')
    words = words.replace("faces = 1\nhouses = -1", '"a b" = 1\na_b = -1')
    design = studies.design(studies.plan(project, alice, words))
    answer = as_(alice).get(reverse("planning:task-design-zip", args=[design.pk]))
    assert answer.status_code == 422
    assert "would share the file" in answer.content.decode()
    page = as_(alice).get(reverse("planning:task-design", args=[design.pk]))
    assert page.status_code in {200, 422}


def test_the_page_of_a_design_asks_the_same_number_of_questions(
    as_, alice, design, django_assert_max_num_queries
):
    client = as_(alice)
    url = reverse("planning:task-design", args=[design.pk])
    client.get(url)
    with django_assert_max_num_queries(10):
        client.get(url)
