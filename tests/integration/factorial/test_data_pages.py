"""The page on which a design's data are backed up and deleted: typed first, and told before."""

import json
import zipfile
from io import BytesIO

import pytest
from django.urls import reverse
from tests.factories import accounts
from tests.factories import designs as make

from accounts.models import AuditEntry
from factorial.services import designs, posting
from runs.models import Run, Trial

EVENTS = [{"pointer": {"x": 1}}, {"pointer": {"x": 2}}]


def played(design, code):
    held, planned = make.held(design, code)
    trial = make.trial(0, 0, events=EVENTS, duration=1)
    posting.receive(planned=planned, token=held.token, trials=[trial])
    return held.run


@pytest.fixture
def both(design, alice):
    """A design with a real run and a pilot."""
    played(design, "S0")
    designs.change(design=design, by=alice, is_pilot=True)
    played(design, "S1")
    return design


def at(design, what=""):
    return reverse(f"factorial:data{what}", args=[design.pk])


def test_the_page_says_what_there_is_and_what_would_go(both, as_, alice, carol):
    said = " ".join(as_(carol).get(at(both)).content.decode().split())
    assert "2 runs (2 under way) with 2 trials and 4 events" in said
    assert "1 pilot run (1 under way) with 1 trial and 2 events would go for good" in said
    assert "1 real run stays." in said
    assert "It was never backed up" in said
    assert "Delete 2 runs" in said
    assert "Delete 2 runs" not in as_(alice).get(at(both)).content.decode()


def test_the_page_asks_as_often_for_many_runs_as_for_one(
    project, as_, alice, django_assert_max_num_queries
):
    design = make.design(project, runs=12)
    for number in range(12):
        played(design, f"S{number}")
    page = as_(alice)
    page.get(at(design))
    with django_assert_max_num_queries(14):
        page.get(at(design))


def test_a_backup_is_downloaded_once_the_id_is_typed(both, as_, alice):
    page = as_(alice)
    assert page.post(at(both, "-back-up"), {"typed": "point"}).status_code == 422
    assert not AuditEntry.objects.filter(action="design.backed-up").exists()
    answer = page.post(at(both, "-back-up"), {"typed": "pointing"})
    assert answer["Content-Disposition"].startswith('attachment; filename="pointing-')
    with zipfile.ZipFile(BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        runs = [json.loads(line) for line in archive.read("runs.jsonl").splitlines()]
        assert sorted(archive.namelist()) == ["SHA256SUMS", "design.json", "runs.jsonl"]
    assert [run["cell"] for run in runs] == ["S0", "S1"]
    said = AuditEntry.objects.get(action="design.backed-up")
    assert (said.user, said.changes) == (alice, {"runs": [None, 2]})
    assert "nothing came since" in page.get(at(both)).content.decode()
    make_more = make.planned(both, "S0")
    posting.receive(
        planned=make_more, token=make_more.run.holder, trials=[make.trial(0, 1, duration=2)]
    )
    assert "1 trial came since" in page.get(at(both)).content.decode()


def test_pilots_go_and_real_runs_stay(both, as_, alice):
    page = as_(alice)
    refused = page.post(at(both, "-purge"), {"typed": "pointing", "seen": "2"})
    assert (refused.status_code, Run.objects.count()) == (409, 2)
    answer = page.post(at(both, "-purge"), {"typed": "pointing", "seen": "1"}, follow=True)
    assert "1 pilot run of Pointing deleted" in answer.content.decode()
    assert [run.is_pilot for run in Run.objects.all()] == [False]
    assert AuditEntry.objects.get(action="design.pilots-purged").user == alice
    assert "Delete the pilots" not in answer.content.decode()


def test_those_who_manage_the_lab_clear_it_for_a_reason(both, as_, alice, carol):
    sent = {"typed": "pointing", "seen": "2", "reason": "The camera was off."}
    assert as_(alice).post(at(both, "-clear"), sent).status_code == 403
    page = as_(carol)
    assert page.post(at(both, "-clear"), sent | {"reason": " "}).status_code == 422
    assert page.post(at(both, "-clear"), sent | {"seen": "1"}).status_code == 409
    assert page.post(at(both, "-clear"), sent | {"typed": ""}).status_code == 422
    assert Trial.objects.count() == 2
    answer = page.post(at(both, "-clear"), sent, follow=True)
    assert "2 runs of Pointing deleted" in answer.content.decode()
    assert not Run.objects.exists()
    assert AuditEntry.objects.get(action="design.cleared").reason == "The camera was off."


def test_nothing_is_deleted_by_looking_or_by_a_page_of_another_site(both, as_, carol):
    page = as_(carol)
    for what in ("-back-up", "-purge", "-clear"):
        assert page.get(at(both, what)).status_code == 405
    page.handler.enforce_csrf_checks = True
    sent = {"typed": "pointing", "seen": "2", "reason": "Why not."}
    assert page.post(at(both, "-clear"), sent).status_code == 403
    assert Run.objects.count() == 2


def test_a_viewer_is_told_who_may(both, as_, alder):
    viewer = accounts.person("vera", lab=alder, role="viewer")
    said = as_(viewer).get(at(both)).content.decode()
    assert "those who manage the lab delete all of it" in said
    assert "Download the backup" not in said
    assert as_(viewer).post(at(both, "-back-up"), {"typed": "pointing"}).status_code in {403, 404}
