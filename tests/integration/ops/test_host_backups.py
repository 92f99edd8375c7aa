"""What the host says of its own backups: on pages, in health, and to the site's own daily job."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from ops import health, host_backups
from ops.scheduled import Backup, CheckBackup

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(settings, tmp_path):
    """Write the report that a host would write."""
    settings.BACKUP_REPORT = str(tmp_path / "report.json")

    def write(*, age_h=1.0, held=None, **facts):
        at = (timezone.now() - timedelta(hours=age_h)).isoformat()
        one = {"id": "20261121T021700Z", "made": at, "commit": "c0ffee" * 6, "size": 9, "rows": 210}
        one |= {"tables": 35, "uploads": {"files": 4, "size": 5}, "proof": {"at": at}}
        content = {"began": at, "ended": at, "outcome": "proven", "message": "35 tables"}
        content |= {"recipient": "age1x", "copies": [], "damaged": {}, "sets": [one]} | facts
        (tmp_path / "report.json").write_text(json.dumps(content))
        if held is not None:
            (tmp_path / "copies.json").write_text(json.dumps(held))

    return write


def test_without_a_host_of_its_own_the_site_looks_at_its_own_dumps(settings):
    settings.BACKUP_REPORT = ""
    assert host_backups.read() is None
    assert health.backup().detail == "there is no backup yet"


def test_a_proven_night_is_well(report):
    report()
    assert health.backup().ok
    assert "proven" in health.backup().detail


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"damaged": {"20261120T021700Z": "not what was written"}}, "20261120T021700Z is damaged"),
        ({"outcome": "failed", "message": "no room"}, "the last one failed: no room"),
        ({"age_h": 40.0}, "too old"),
        ({"sets": [], "outcome": "failed", "message": "no room"}, "no room"),
        ({"copies": ["attic"]}, "attic has no recent copy"),
    ],
)
def test_whatever_is_wrong_degrades_and_is_said(report, facts, words):
    report(**facts)
    found = health.backup()
    assert not found.ok
    assert not found.fatal
    assert words in found.detail


def test_a_copy_on_another_host_is_well_as_long_as_it_is_recent(report):
    report(copies=["attic"], held={"attic": {"set": "x", "at": timezone.now().isoformat()}})
    assert health.backup().ok
    report(copies=["attic"], held={"attic": {"set": "x", "at": "2020-01-01T00:00:00+00:00"}})
    assert not health.backup().ok


def test_a_damaged_set_shows_to_operators_and_to_nobody_else(report, as_, olga, alice):
    report(damaged={"20261120T021700Z": "not what was written: database.dump"})
    page = as_(olga).get(reverse("ops:backups"))
    assert page.status_code == 200
    assert "20261120T021700Z is damaged" in page.content.decode()
    assert "Backup sets of this host" in page.content.decode()
    assert "20261120T021700Z" in as_(olga).get(reverse("ops:overview")).content.decode()
    assert as_(alice).get(reverse("ops:backups")).status_code == 404


def test_a_report_that_was_cut_off_degrades_and_breaks_no_page(report, settings, as_, olga):
    report()
    Path(settings.BACKUP_REPORT).write_text('{"outcome": "pro')
    found = health.examine().checks["backup"]
    assert not found.ok
    assert not found.fatal
    assert as_(olga).get(reverse("ops:overview")).status_code == 200
    assert as_(olga).get(reverse("ops:backups")).status_code == 200


def test_the_daily_job_leaves_it_to_the_host_until_the_host_stops(report, settings, tmp_path):
    settings.BACKUPS = tmp_path / "dumps"
    report()
    assert "left to the host" in Backup().work()
    assert "each night" in CheckBackup().work()
    assert not (tmp_path / "dumps").exists() or not list((tmp_path / "dumps").glob("studium-*"))
