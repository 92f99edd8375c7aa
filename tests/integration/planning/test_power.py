"""A map goes in by its page, a job answers, and its pages show what was found."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.factories import accounts, maps

from accounts.models import AuditEntry
from common.errors import NotThere
from jobs.models import Job, Status
from planning import map_files
from planning.errors import MapGone, NotAMap
from planning.models import PilotMap, PowerAnalysis
from planning.services import power, power_work

NEW = "planning:power-new"
STEPS = ("power", "power-peaks", "power-viewer", "power-fit", "power-settings", "power-again")


def sent(project, content=None, **changes):
    """Return what the form sends."""
    file = SimpleUploadedFile("faces.nii.gz", maps.file() if content is None else content)
    usual = {
        "project": project.pk, "map": file, "kind": "z", "participants": 20, "groups": 1,
        "screening": "2.3", "alpha": "0.05", "direction": "positive", "resamples": "5",
    }  # fmt: skip
    return usual | changes


def upload(client, project, content=None, **changes):
    return client.post(reverse(NEW), sent(project, content, **changes))


def page(client, analysis, step="power", **asked):
    return client.get(reverse(f"planning:{step}", args=[analysis.pk]), asked)


def test_a_map_goes_in_and_comes_out_as_a_sample_size(as_, alice, project):
    client = as_(alice)
    answer = upload(client, project)
    analysis = PowerAnalysis.objects.get()
    assert answer.url == reverse("planning:power", args=[analysis.pk])
    assert "being analysed" in client.get(answer.url).content.decode()
    maps.done(analysis)
    told = page(client, analysis).context["told"]
    assert 10 < told["chosen"].participants < 200
    assert told["chosen"].interval.low <= told["chosen"].participants
    assert analysis.mark[:12] in told["paragraph"]
    assert analysis.pilot.name == "faces", "the file's name, where none is given"


def test_the_job_does_the_work_within_limits(as_, alice, project):
    upload(as_(alice), project)
    job = Job.objects.get()
    assert (job.name, job.status, job.project) == ("planning.analyse", Status.QUEUED, project)


def test_a_page_that_waits_learns_of_the_answer(as_, alice, project):
    client, asked = as_(alice), maps.asked(maps.pilot(project, alice), alice)
    address = reverse("planning:power", args=[asked.pk]) + "?waiting"
    before = client.get(address, headers={"HX-Request": "true"})
    assert (before.status_code, before.headers.get("HX-Refresh")) == (204, None)
    maps.done(asked)
    after = client.get(address, headers={"HX-Request": "true"})
    assert after.headers["HX-Refresh"] == "true"


def test_a_map_of_noise_gets_no_sample_size_but_says_what_to_do(as_, alice, project):
    analysis = maps.answered(maps.pilot(project, alice, maps.file(maps.OF_NOISE)), alice)
    shown = page(as_(alice), analysis).content.decode()
    assert "does not support a power analysis" in shown
    assert "What you can do" in shown
    assert 'id="participants"' not in shown
    assert page(as_(alice), analysis, "power-csv").status_code == 404
    assert page(as_(alice), analysis, "power-peaks").status_code == 200, "its peaks can be seen"


def test_the_same_question_is_answered_once(as_, alice, project):
    client = as_(alice)
    first = upload(client, project)
    maps.done(PowerAnalysis.objects.get())
    second = upload(client, project)
    assert first.url == second.url
    assert (PilotMap.objects.count(), Job.objects.count()) == (1, 1)
    assert "asked before" in client.get(second.url).content.decode()


def test_other_settings_need_no_other_upload(as_, alice, project):
    client, analysis = as_(alice), maps.answered(maps.pilot(project, alice), alice)
    changed = sent(project, screening="3.1", direction="both") | {"map": ""}
    answer = client.post(reverse("planning:power-again", args=[analysis.pk]), changed)
    assert answer.status_code == 302
    assert PilotMap.objects.count() == 1
    found = {
        each.chosen["negative"]: each for each in PowerAnalysis.objects.exclude(pk=analysis.pk)
    }
    assert sorted(found) == [False, True], "both directions are two analyses"
    others = page(client, analysis, "power-settings").context["others"]
    assert {each.pk for each in others} == {each.pk for each in found.values()}


def test_a_question_whose_work_failed_is_asked_anew(alice, project):
    pilot = maps.pilot(project, alice)
    asked = maps.asked(pilot, alice)
    Job.objects.update(status=Status.FAILED, finished_at=asked.created_at)
    again = maps.asked(pilot, alice)
    assert again.pk == asked.pk
    assert again.job.status == Status.QUEUED
    assert Job.objects.count() == 2


def test_work_that_is_done_twice_answers_once(alice, project):
    analysis = maps.answered(maps.pilot(project, alice), alice)
    before = analysis.finished_at
    assert "answered already" in power_work.answer(str(analysis.pk), maps.SILENT)
    analysis.refresh_from_db()
    assert analysis.finished_at == before


def test_both_directions_of_the_answer(as_, alice, project):
    client, analysis = as_(alice), maps.answered(maps.pilot(project, alice), alice)
    told = page(client, analysis, power="0.9", correction="bonferroni").context["told"]
    wanted = told["chosen"].participants
    back = page(client, analysis, participants=wanted, correction="bonferroni").context["told"]
    assert back["chosen"].power >= 0.9
    less = page(client, analysis, participants=wanted - 1, correction="bonferroni").context["told"]
    assert less["chosen"].power < 0.9


@pytest.mark.parametrize(
    "asked",
    [{"power": "1"}, {"power": "nan"}, {"power": "x"}, {"participants": "1"},
     {"participants": "99999999999"}, {"correction": "nope"}],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_at_its_field(as_, alice, project, asked):
    analysis = maps.answered(maps.pilot(project, alice), alice)
    answer = page(as_(alice), analysis, **asked)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == list(asked)


def test_peaks_are_sorted_and_sent_as_a_table(as_, alice, project):
    client, analysis = as_(alice), maps.answered(maps.pilot(project, alice), alice)
    heights = [one.height for one in page(client, analysis, "power-peaks").context["peaks"]]
    assert heights == sorted(heights, reverse=True)
    along_x = page(client, analysis, "power-peaks", sort="x", page="2").context["peaks"]
    assert [one.mm[0] for one in along_x] == sorted(one.mm[0] for one in along_x)
    table = page(client, analysis, "power-peaks-csv").content.decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert len(rows) == analysis.result["peaks"]
    top = max(rows, key=lambda row: float(row["height"]))
    volume = maps.volume(maps.WITH_EFFECT)
    place = tuple(int(top[axis]) for axis in "xyz")
    assert float(top["height"]) == pytest.approx(volume.data[place], rel=1e-5)
    mm = volume.affine @ [*place, 1]
    assert [float(top[f"mm_{axis}"]) for axis in "xyz"] == pytest.approx(mm[:3])


@pytest.mark.parametrize("asked", [{"sort": "nope"}, {"page": "0"}, {"page": "99"}, {"page": "x"}])
def test_a_strange_page_of_peaks_is_the_nearest_one(as_, alice, project, asked):
    analysis = maps.answered(maps.pilot(project, alice), alice)
    assert page(as_(alice), analysis, "power-peaks", **asked).context["peaks"]


def test_curves_are_sent_as_a_table(as_, alice, project):
    analysis = maps.answered(maps.pilot(project, alice), alice)
    rows = list(
        csv.DictReader(io.StringIO(page(as_(alice), analysis, "power-csv").content.decode()))
    )
    assert (rows[0]["participants"], rows[-1]["participants"]) == ("2", "600")
    power_of = [float(row["uncorrected"]) for row in rows]
    assert power_of == sorted(power_of)
    assert all(row["uncorrected low"] <= row["uncorrected high"] for row in rows)


@pytest.mark.parametrize("step", STEPS)
def test_a_page_costs_the_same_queries_however_much_was_asked(as_, alice, project, step):
    client, pilot = as_(alice), maps.pilot(project, alice)
    analysis = maps.answered(pilot, alice)
    address = reverse(f"planning:{step}", args=[analysis.pk])
    client.get(address)
    with CaptureQueriesContext(connections["default"]) as first:
        client.get(address)
    for alpha in (0.01, 0.02, 0.03):
        maps.asked(pilot, alice, alpha=alpha)
    with CaptureQueriesContext(connections["default"]) as second:
        client.get(address)
    assert len(first) == len(second) <= 10, [one["sql"] for one in second.captured_queries]


def test_nobody_of_another_lab_learns_of_a_map(as_, alice, bob, project):
    analysis = maps.answered(maps.pilot(project, alice), alice)
    for step in (*STEPS, "power-peaks-csv", "power-csv", "power-volume"):
        assert page(as_(bob), analysis, step).status_code == 404


def test_nobody_brings_a_map_into_another_lab(bob, project):
    with pytest.raises(NotThere):
        maps.pilot(project, bob)
    assert not map_files.place("00" * 32).parent.parent.exists(), "not even its file is kept"


def test_whoever_only_looks_asks_nothing(as_, alice, alder, project):
    analysis = maps.answered(maps.pilot(project, alice), alice)
    viewer = as_(accounts.person("vera", lab=alder, role="viewer"))
    assert page(viewer, analysis).status_code == 200
    assert page(viewer, analysis, "power-again").status_code == 404
    assert "project" in upload(viewer, project).context["form"].errors


def test_what_is_brought_and_asked_is_in_the_history(alice, project):
    maps.asked(maps.pilot(project, alice), alice)
    written = AuditEntry.objects.filter(object_type="planning.pilotmap")
    assert sorted(written.values_list("action", flat=True)) == [
        "planning.map_brought", "planning.power_asked",
    ]  # fmt: skip


def test_a_map_whose_file_is_gone_refuses_what_is_new_and_keeps_what_is_known(alice, project):
    pilot = maps.pilot(project, alice)
    known = maps.answered(pilot, alice)
    PilotMap.objects.update(removed_at=known.created_at)
    pilot.refresh_from_db()
    assert maps.asked(pilot, alice).pk == known.pk
    with pytest.raises(MapGone):
        maps.asked(pilot, alice, alpha=0.01)


def test_an_empty_file_is_kept_nowhere(alice, project):
    with pytest.raises(NotAMap):
        maps.pilot(project, alice, b"")
    assert not PilotMap.objects.exists()


def test_ask_needs_the_project(alice, bob, project):
    pilot = maps.pilot(project, alice)
    with pytest.raises(NotThere):
        power.ask(pilot=pilot, settings=None, by=bob)
