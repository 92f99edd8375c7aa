"""The operators' pages: what they show, to whom, and what they cost."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import AuditEntry
from jobs.models import Job
from ops.models import BackupRecord, CronRun, ErrorOccurrence, ErrorReport
from pipeline import ledger

PAGES = ["/ops/", "/ops/releases/", "/ops/schedule/", "/ops/errors/", "/ops/backups/"]


@pytest.fixture(autouse=True)
def site(settings, tmp_path):
    settings.BACKUPS = tmp_path / "backups"
    settings.LEDGER = tmp_path / "ledger.jsonl"
    settings.STATE = tmp_path / "state"
    return tmp_path


@pytest.fixture
def attempt(settings, site):
    """Append a row to the ledger as the pipeline does."""

    def written(**facts):
        row = {
            "started": "2026-01-02T10:00:00+00:00",
            "finished": "2026-01-02T10:00:06+00:00",
            "kind": "push",
            "outcome": "live",
            "who": "Olga",
            "site": "staging",
            "release": "20260102T100000000000Z-0123456789ab",
            "from": "a" * 40,
            "to": "0123456789ab" + "c" * 28,
            "subject": "Show the weight of a mouse",
            "commits": 2,
            "diffstat": "3 files changed",
            "migrations": {"early": ["lab.0002_weight"], "late": [], "pending": []},
            "options": {"skip-static": "no styles changed"},
            "steps": [{"name": "export", "seconds": 1.0}, {"name": "probe", "seconds": 3.0}],
            "reason": "",
            "log": "",
        }
        return ledger.append(settings.LEDGER, row | facts)

    return written


@pytest.fixture
def error(db):
    report = ErrorReport.objects.create(
        fingerprint="f" * 64,
        kind="ZeroDivisionError",
        message="division by zero",
        place="GET /jobs/",
        trace="Traceback …",
        count=1,
        first_seen_at=now(),
        last_seen_at=now(),
        first_release="one",
        last_release="two",
    )
    ErrorOccurrence.objects.create(
        report=report, at=now(), request_id="abcdef0123456789", release="two"
    )
    return report


@pytest.mark.parametrize("page", [*PAGES, "/ops/releases/1/", "/ops/errors/1/"])
@pytest.mark.parametrize("who", ["alice", "bob", "carol"])
def test_nobody_but_operators_finds_these_pages(as_, request, page, who):
    assert as_(request.getfixturevalue(who)).get(page).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_is_led_through_the_sign_in_to_these_pages(client, db, page):
    assert client.get(page).url == f"/accounts/sign-in/?next={page}"


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_site_has_pages_that_say_so(as_, olga, page):
    answer = as_(olga).get(page)
    assert answer.status_code == 200
    assert b"None" not in answer.content.split(b"<main")[1]


QUERIES = {
    "/ops/": 30,
    "/ops/releases/": 6,
    "/ops/schedule/": 17,
    "/ops/errors/": 8,
    "/ops/backups/": 8,
}


def fill(attempt, turn):
    attempt(subject=f"Commit {turn}")
    CronRun.objects.create(job="ops.backup", release="x", host="h", pid=1)
    BackupRecord.objects.create(release="x", message="no room")
    ErrorReport.objects.create(
        fingerprint=str(turn),
        kind="KeyError",
        place="GET /",
        first_seen_at=now(),
        last_seen_at=now(),
        first_release="x",
        last_release="x",
    )


@pytest.mark.parametrize("page", PAGES)
def test_twenty_rows_cost_as_many_queries_as_one(as_, olga, page, attempt):
    visitor = as_(olga)
    visitor.get(page)
    fill(attempt, 0)
    with CaptureQueriesContext(connection) as one:
        assert visitor.get(page).status_code == 200
    for turn in range(1, 21):
        fill(attempt, turn)
    with CaptureQueriesContext(connection) as many:
        assert visitor.get(page).status_code == 200
    assert len(many) == len(one)
    assert len(many) <= QUERIES[page], [query["sql"] for query in many]


def test_the_overview_names_the_live_release(as_, olga, attempt, settings):
    attempt(release="20260102T100000000000Z-feedfeedfeed")
    settings.RELEASE = "20260102T100000000000Z-feedfeedfeed"
    page = as_(olga).get("/ops/").content.decode()
    assert "answers now" in page
    assert "Show the weight of a mouse" in page


def test_after_a_rollback_only_the_rollback_answers_now(as_, olga, attempt, settings):
    settings.RELEASE = "one"
    attempt(release="one", subject="First")
    attempt(release="two", subject="Second")
    attempt(release="one", subject="Back to the first", kind="rollback")
    attempt(release="one", subject="Late migrations", kind="finish", outcome="finished")
    page = as_(olga).get("/ops/releases/").content.decode()
    assert page.count("answers now") == 1
    assert "Back to the first" in page.split("answers now")[1]
    assert "Late migrations" in page.split("answers now")[0]


def test_a_failure_is_told_by_the_last_line_of_its_traceback(as_, olga, attempt):
    reason = "`check_release` failed:\n  | File x.py, line 3\n  | The page /jobs/ fails. KeyError\n"
    row = attempt(outcome="failed", reason=reason)
    ledger_page = as_(olga).get("/ops/releases/").content.decode()
    assert "The page /jobs/ fails. KeyError" in ledger_page
    assert "line 3" not in ledger_page
    assert "line 3" in as_(olga).get(f"/ops/releases/{row['n']}/").content.decode()


def test_a_release_of_several_hosts_says_what_became_of_each(as_, olga, attempt):
    hosts = {
        "app2": {"role": "application", "state": "live", "seconds": 6.5},
        "jobs1": {"role": "worker", "state": "missed", "reason": "it cannot be reached"},
    }
    row = attempt(hosts=hosts)
    page = as_(olga).get(f"/ops/releases/{row['n']}/").content.decode()
    assert "<dt>Host app2</dt><dd>live · 6.5 s</dd>" in page
    assert "<dt>Host jobs1</dt><dd>missed: it cannot be reached</dd>" in page


def test_the_first_release_came_from_nothing(as_, olga, attempt):
    row = attempt(**{"from": "0" * 40})
    page = as_(olga).get(f"/ops/releases/{row['n']}/").content.decode()
    assert "<code>nothing</code>" in page


def test_the_overview_shows_that_the_site_is_closed(as_, olga, settings, site):
    settings.MAINTENANCE = site / "maintenance.json"
    settings.MAINTENANCE.write_text(
        json.dumps({"mode": "on", "message": "New disk", "who": "Olga", "since": now().isoformat()})
    )
    shown = as_(olga).get("/ops/").content.decode()
    assert "New disk" in shown
    assert "just now" in shown.partition("Open it again")[0]


def test_an_unreadable_beginning_of_maintenance_is_left_out(as_, olga, settings, site):
    settings.MAINTENANCE = site / "maintenance.json"
    settings.MAINTENANCE.write_text('{"mode": "on", "message": "New disk", "since": "noon"}')
    shown = as_(olga).get("/ops/").content.decode()
    assert "New disk" in shown
    assert "since" not in shown.partition("Open it again")[0]


def test_an_attempt_shows_who_what_and_where_the_time_went(as_, olga, attempt):
    row = attempt()
    page = as_(olga).get(f"/ops/releases/{row['n']}/").content.decode()
    for phrase in ("Olga", "lab.0002_weight", "no styles changed", "3 files changed"):
        assert phrase in page
    assert 'x="25.0" y="0" width="75.0"' in page
    assert '<td class="number">3.0 s</td>' in page
    assert "style=" not in page


def test_a_filter_keeps_one_outcome_and_a_link_leads_to_older_attempts(as_, olga, attempt):
    for number in range(55):
        attempt(subject=f"Commit {number}")
    attempt(outcome="refused", subject="Wrong branch", reason="Only staging is accepted.")
    visitor = as_(olga)
    refused = visitor.get("/ops/releases/?outcome=refused").content.decode()
    assert "Wrong branch" in refused
    assert "Commit 54" not in refused
    first = visitor.get("/ops/releases/?outcome=live").content.decode()
    assert "Commit 54" in first
    assert "outcome=live&amp;before=6" in first
    assert "Commit 4" in visitor.get("/ops/releases/?outcome=live&before=6").content.decode()


def test_rollbacks_can_be_looked_at_alone(as_, olga, attempt):
    attempt(subject="A push")
    attempt(subject="A way back", kind="rollback")
    page = as_(olga).get("/ops/releases/?kind=rollback").content.decode()
    assert "A way back" in page
    assert "A push" not in page


def test_the_ledger_comes_as_csv_without_formulas(as_, olga, alice, attempt):
    attempt(subject="=HYPERLINK(1)")
    answer = as_(olga).get("/ops/releases.csv")
    head, row = answer.content.decode().splitlines()
    assert head.startswith("number,outcome,kind,who")
    assert "'=HYPERLINK(1)" in row
    assert row.endswith(",6.0,")
    assert as_(alice).get("/ops/releases.csv").status_code == 404


def test_older_errors_are_one_link_away(as_, olga):
    for number in range(55):
        at = now() - timedelta(minutes=number)
        ErrorReport.objects.create(
            fingerprint=f"{number}",
            kind=f"Error{number:02}",
            place="GET /",
            first_seen_at=at,
            last_seen_at=at,
            first_release="x",
            last_release="x",
        )
    visitor = as_(olga)
    first = visitor.get("/ops/errors/").content.decode()
    assert "Error49" in first
    assert "Error50" not in first
    link = first.split('href="?state=open&amp;before=')[1].split('"')[0]
    second = visitor.get(f"/ops/errors/?state=open&before={link}").content.decode()
    assert "Error50" in second
    assert "Error54" in second
    for unreadable in ("nonsense", "2026-01-01"):
        assert visitor.get(f"/ops/errors/?before={unreadable}").status_code == 422


def test_a_changed_ledger_is_said_loudly(as_, olga, attempt, settings):
    attempt()
    attempt()
    assert "the chain is whole" in as_(olga).get("/ops/releases/").content.decode()
    settings.LEDGER.write_text(settings.LEDGER.read_text().replace("Olga", "Oleg", 1))
    page = as_(olga).get("/ops/releases/").content.decode()
    assert "was changed after it was written" in page


def test_the_tail_of_an_attempts_log_is_shown_without_secrets(as_, olga, attempt, site, settings):
    settings.SECRET_VALUES = ["correct-horse-battery"]
    log = site / "attempt.log"
    log.write_text("first line\nkey is correct-horse-battery\n")
    row = attempt(log=str(log))
    page = as_(olga).get(f"/ops/releases/{row['n']}/").content.decode()
    assert "first line" in page
    assert "correct-horse-battery" not in page


def test_a_log_elsewhere_on_the_machine_is_not_read(as_, olga, attempt):
    row = attempt(log="/etc/passwd")
    assert "root:" not in as_(olga).get(f"/ops/releases/{row['n']}/").content.decode()


@pytest.mark.parametrize("name", ["secrets.env", "data/studium.sqlite3", "logs/../secrets.env"])
def test_no_other_file_of_the_site_is_read_as_a_log(as_, olga, attempt, site, name):
    (site / "logs").mkdir()
    (site / "data").mkdir()
    (site / name).write_text("TIME_ZONE_OF_THE_VAULT=here")
    row = attempt(log=str(site / name))
    assert "VAULT" not in as_(olga).get(f"/ops/releases/{row['n']}/").content.decode()


def test_an_error_is_found_by_its_request_id(as_, olga, error):
    visitor = as_(olga)
    assert (
        "ZeroDivisionError" in visitor.get("/ops/errors/?request=abcdef0123456789").content.decode()
    )
    other = visitor.get("/ops/errors/?request=0000000000000000").content.decode()
    assert "No error of this request is known" in other


def test_a_resolved_error_leaves_the_open_ones(as_, olga, error):
    visitor = as_(olga)
    assert visitor.post(f"/ops/errors/{error.pk}/resolve/").status_code == 302
    assert "ZeroDivisionError" not in visitor.get("/ops/errors/").content.decode()
    assert "ZeroDivisionError" in visitor.get("/ops/errors/?state=resolved").content.decode()
    error.refresh_from_db()
    assert error.resolved_by == olga
    assert AuditEntry.objects.filter(action="error.resolved", user=olga).exists()


def test_a_resolved_error_can_be_opened_again(as_, olga, error):
    visitor = as_(olga)
    visitor.post(f"/ops/errors/{error.pk}/resolve/")
    visitor.post(f"/ops/errors/{error.pk}/reopen/")
    error.refresh_from_db()
    assert error.is_open


@pytest.mark.parametrize("action", ["/ops/errors/1/resolve/", "/ops/backups/now/"])
def test_nobody_but_operators_acts(as_, carol, action):
    assert as_(carol).post(action).status_code == 404


def test_the_schedule_shows_misses_failures_and_slow_runs(as_, olga):
    long_ago = now() - timedelta(days=3)
    CronRun.objects.create(
        job="ops.backup",
        started_at=long_ago,
        finished_at=long_ago + timedelta(hours=1),
        outcome="finished",
        release="x",
        host="h",
        pid=1,
    )
    CronRun.objects.create(
        job="ops.prune",
        finished_at=now(),
        outcome="failed",
        message="OSError: no",
        release="x",
        host="h",
        pid=1,
    )
    page = as_(olga).get("/ops/schedule/").content.decode()
    assert "has not succeeded for 72.0 h" in page
    assert "slow" in page
    assert "OSError: no" in page
    assert "cron has never called" in page.lower()


def test_a_backup_can_be_asked_for_by_hand(as_, olga, django_capture_on_commit_callbacks):
    visitor = as_(olga)
    answer = visitor.post("/ops/backups/now/")
    job = Job.objects.get(name="ops.backup")
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    visitor.post("/ops/backups/now/")
    assert Job.objects.filter(name="ops.backup").count() in {1, 2}  # 2 when the minute turned
