"""Requests that no browser sends by itself, at every address: refused or answered, never a 500."""

import csv
import io

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from tests.factories import accounts as make

from accounts import audit
from accounts.services import tokens
from jobs.models import Job
from pipeline import ledger

NUL = "%00"
HUGE = "9" * 4400  # more digits than Python reads at once
BIG = "9" * 20  # more than a bigint holds
EDGE = "0001-01-01T00:00:00%2B14:00"  # before the first instant there is, in UTC


@pytest.fixture(autouse=True)
def site(settings, tmp_path):
    settings.STATE = settings.JOB_FILES = tmp_path
    settings.LEDGER = tmp_path / "ledger.jsonl"
    settings.BACKUPS = tmp_path / "backups"


@pytest.mark.parametrize(
    "address",
    [
        f"/search/?q=ab{NUL}",
        f"/search/?q={NUL}{NUL}",
        f"/accounts/projects/?lab={NUL}",
        f"/accounts/labs/alder/?role={NUL}",
        f"/accounts/labs/alder/people/{NUL}/",
        f"/accounts/history/?person={NUL}",
        f"/accounts/history/?action={NUL}&kind={NUL}&lab={NUL}",
        f"/accounts/history.csv?q={NUL}",
        f"/accounts/history/?days={HUGE}",
        f"/accounts/history/?before={HUGE}",
        f"/accounts/welcome/{NUL}/",
        f"/accounts/labs/alder/?sort=joined&after={EDGE}~1",
        f"/accounts/labs/alder/?after=a~{HUGE}",
        f"/accounts/projects/?sort=started&after={EDGE}~{BIG}",
        f"/jobs/?name={NUL}&status={NUL}",
        f"/jobs/?after={EDGE}~{'0' * 32}",
        f"/api/v1/jobs/?after={EDGE}~{'0' * 32}",
        f"/jobs/jobs.csv?name={NUL}",
        f"/ops/errors/?request={NUL}",
        f"/ops/errors/?state={NUL}",
        f"/ops/errors/?before={EDGE}",
        f"/ops/errors/{BIG}/",
        f"/ops/schedule/?job={NUL}",
        f"/ops/releases/?before={HUGE}",
        f"/ops/releases/?outcome={NUL}",
        f"/ops/releases/{BIG}/",
        f"/admin/accounts/user/?q={NUL}",
        f"/admin/accounts/auditentry/?q={NUL}",
    ],
)
def test_odd_addresses_are_no_mistake_of_ours(as_, olga, alder, address):
    assert as_(olga).get(address).status_code < 500


@pytest.mark.parametrize(
    "address",
    [
        "/accounts/labs/alder/people/alice/remove/",
        "/accounts/labs/alder/people/alice/second-factor-off/",
        "/accounts/labs/alder/people/alice/activate/",
        "/accounts/projects/alder/memory/archive/",
        f"/accounts/me/tokens/{BIG}/revoke/",
        f"/accounts/me/sessions/{BIG}/end/",
        "/accounts/password/forgotten/",
        "/accounts/sign-in/",
        "/theme/",
    ],
)
def test_odd_words_in_a_form_are_no_mistake_of_ours(as_, olga, alice, alder, address):
    make.project(alder, "Memory")
    odd = {"reason": "a\0b", "username": "a\0", "password": "a\0", "next": "/\0", "theme": "\0"}
    assert as_(olga).post(address, odd).status_code < 500


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1"])
def test_no_table_makes_a_spreadsheet_calculate(as_, olga, alder, text):
    Job.objects.create(name="x", label=text, created_by=olga)
    make.project(alder, text, slug="x")
    audit.record(action="x", user=olga, reason=text)
    ledger.append(settings.LEDGER, {"outcome": "live", "subject": text})
    tables = [
        "/jobs/jobs.csv",
        "/accounts/projects.csv",
        "/accounts/history.csv",
        "/ops/releases.csv",
    ]
    for table in tables:
        content = as_(olga).get(table).getvalue().decode()
        cells = [cell for row in csv.reader(io.StringIO(content, newline="")) for cell in row]
        assert f"'{text}" in cells, table
        assert text not in cells
        assert "'" not in cells, "an empty cell stays empty"


# --- what is kept by others ----------------------------------------------------------------------

PRIVATE = [
    "/",
    "/search/?q=alice",
    "/accounts/",
    "/accounts/me/",
    "/accounts/me/security/",
    "/accounts/labs/alder/people/alice/",
    "/accounts/history/",
    "/accounts/history.csv",
    "/jobs/",
    "/jobs/jobs.csv",
    "/api/v1/me",
    "/api/v1/jobs/",
    "/ops/",
    "/no/such/page/",
    "/admin/",
]


@pytest.mark.parametrize("page", PRIVATE)
def test_a_page_of_somebody_signed_in_is_kept_by_no_cache(as_, olga, alice, page):
    kept = as_(olga).get(page)["Cache-Control"]
    assert "no-store" in kept
    assert "private" in kept


def test_what_a_token_reads_is_kept_by_no_cache(alice):
    _, secret = tokens.create_token(user=alice, name="x", scope="read")
    answer = Client().get("/api/v1/me", HTTP_AUTHORIZATION=f"Token {secret}")
    assert "no-store" in answer["Cache-Control"]


def test_a_page_for_everybody_may_be_kept(db):
    assert "no-store" not in Client().get("/").get("Cache-Control", "")


def test_the_log_of_a_job_is_kept_by_no_cache(as_, alice):
    job = Job.objects.create(name="x", label="x", created_by=alice)
    job.folder.mkdir(parents=True)
    job.log_file.write_text("mine")
    answer = as_(alice).get(reverse("jobs:log", args=[job.pk]))
    assert "no-store" in answer["Cache-Control"]
    answer.close()


def test_the_session_is_out_of_reach_for_scripts_and_other_sites():
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"
