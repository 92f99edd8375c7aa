"""Reports of analyses and of designs: the same numbers as the pages, the same bytes each time."""

import re
import zlib

import pytest
from django.urls import reverse
from tests.factories import maps, studies

from planning.models import TaskDesign


@pytest.fixture
def client(as_, alice):
    return as_(alice)


@pytest.fixture
def done(project, alice):
    return maps.answered(maps.pilot(project, alice), alice)


def fetched(client, what, key, form, **asked):
    answer = client.get(reverse(f"planning:{what}-report-{form}", args=[key]), asked)
    assert answer.status_code == 200, answer.text[:500]
    return answer


def words_of(pdf):
    """Return what stands on the pages of a PDF, without where it stands."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(stream).decode("latin-1"))
        except zlib.error:
            continue
    return "".join("".join(re.findall(r"\((.*?)\) Tj", "".join(found), re.DOTALL)))


@pytest.mark.parametrize("form", ["pdf", "html"])
def test_the_same_report_is_the_same_bytes(client, design, done, form):
    for what, key in (("design", design.pk), ("power", done.pk)):
        first, again = (fetched(client, what, key, form) for _ in range(2))
        assert first.content == again.content
        assert re.search(rf'"{what}-\w{{12}}\.{form}"', first["Content-Disposition"])


def test_a_pdf_says_its_title_and_language_and_when_it_was_made(client, design):
    content = fetched(client, "design", design.pk, "pdf").content
    assert content.startswith(b"%PDF-")
    assert b"/Lang (en" in content
    assert b"/DisplayDocTitle true" in content
    assert f"D:{design.created_at:%Y%m%d}".encode() in content
    assert "Faces and houses" in words_of(content)


def test_a_design_is_reported_with_its_scores_and_its_sequence(client, design):
    page = fetched(client, "design", design.pk, "html").text
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert f"{design.scores['detection']:.4f}" in page
    assert page.count("<svg") == 5
    assert len(re.findall(r"<td>(?:faces|houses)</td></tr>", page)) >= 24
    assert "http" not in re.sub(r'xmlns="[^"]*"', "", page)  # it asks nothing of others


def test_an_analysis_is_reported_with_its_answers(client, done):
    page = fetched(client, "power", done.pk, "html", power="0.9").text
    assert "power of 90 %" in page
    assert done.mark in page
    assert page.count("<svg") == 3
    assert "random field theory" in page
    assert done.mark[:12] in words_of(fetched(client, "power", done.pk, "pdf").content)


def test_a_map_of_noise_is_reported_without_a_sample_size(client, project, alice):
    noise = maps.answered(maps.pilot(project, alice, maps.file(maps.OF_NOISE)), alice)
    page = fetched(client, "power", noise.pk, "html").text
    assert "No sample size" in page
    assert "Participants for power" not in page
    assert fetched(client, "power", noise.pk, "pdf").content.startswith(b"%PDF")


def test_names_are_shown_as_text_in_any_script(client, plan):
    plan.name = "<script>alert(1)</script> 日本 Ω"
    plan.save()
    design = studies.design(plan)
    page = fetched(client, "design", design.pk, "html").text
    assert "<script>" not in page
    assert "日本 Ω" in page
    assert "?? ?" in words_of(fetched(client, "design", design.pk, "pdf").content)


@pytest.mark.parametrize("power", ["x", "0", "1", "nan", "-1"])
def test_a_power_that_is_none_is_refused(client, done, power):
    address = reverse("planning:power-report-pdf", args=[done.pk])
    assert client.get(address, {"power": power}).status_code == 422


def test_what_is_not_there_yet_is_refused(client, project, alice, design):
    waiting = maps.asked(maps.pilot(project, alice), alice)
    address = reverse("planning:power-report-pdf", args=[waiting.pk])
    assert "not finished" in client.get(address).text
    TaskDesign.objects.filter(pk=design.pk).update(specification="nonsense")
    assert client.get(reverse("planning:design-report-pdf", args=[design.pk])).status_code == 422
