"""The home page: what needs the person, what runs, what is live, at a known price."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.factories import accounts as make

from accounts.models import OneTimeLink
from accounts.services import links, second_factor
from jobs.models import Job, Status
from ops.models import ErrorReport
from pipeline import ledger


@pytest.fixture(autouse=True)
def site(settings, tmp_path):
    settings.BACKUPS, settings.STATE = tmp_path / "backups", tmp_path / "state"
    settings.LEDGER = tmp_path / "ledger.jsonl"
    settings.MAINTENANCE = tmp_path / "maintenance.json"


@pytest.fixture
def shown(as_):
    """Return the home page of a person as text."""
    return lambda person: as_(person).get("/").content.decode()


@pytest.fixture
def waiting(as_):
    """Return the titles of what waits for a person."""
    return lambda person: [need.title for need in as_(person).get("/").context["home"].needs]


def job(person, label="Export", *, ago=timedelta(hours=1), status=Status.FAILED, **fields):
    ended = timezone.now() - ago
    return Job.objects.create(
        name="jobs.self_test",
        label=label,
        status=status,
        created_by=person,
        finished_at=ended,
        **fields,
    )


def attempt(**facts):
    now = timezone.now().isoformat()
    row = {"started": now, "finished": now, "kind": "push", "outcome": "live", "to": "a" * 40}
    return row | {"subject": "Weigh mice", "who": "Olga", "reason": ""} | facts


def test_a_person_without_trouble_is_left_alone(alice, shown):
    assert "Nothing waits for you" in shown(alice)


def test_a_failed_job_waits_for_who_asked_for_it(alice, carol, waiting):
    job(alice, "Export of session 12", error="It has no trials.")
    assert waiting(alice) == ["“Export of session 12” failed"]
    assert waiting(carol) == []


def test_failures_of_the_site_itself_wait_for_operators(alice, olga, waiting):
    job(None, "Back the database up")
    assert "“Back the database up” failed" in waiting(olga)
    assert waiting(alice) == []


def test_nobody_waits_for_an_old_failure_or_one_that_was_started_again(alice, waiting):
    job(alice, ago=timedelta(days=8))
    Job.objects.filter(pk=job(alice).pk).update(status=Status.QUEUED, finished_at=None)
    assert waiting(alice) == []


def test_many_failures_are_named_in_part(alice, waiting):
    for number in range(5):
        job(alice, f"Export {number}")
    assert len(waiting(alice)) == 4
    assert waiting(alice)[-1].startswith("More jobs failed")


def test_the_rail_counts_failed_jobs(alice, shown):
    job(alice)
    job(alice)
    assert "2 need you" in shown(alice)


def test_an_invitation_that_ran_out_waits_for_those_who_lead(alder, alice, carol, waiting):
    invited = make.person("nora", lab=alder, role="viewer")
    invited.set_unusable_password()
    invited.save()
    links.make_link(user=invited, purpose=OneTimeLink.Purpose.WELCOME)
    assert waiting(carol) == []
    OneTimeLink.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert waiting(carol) == ["The invitation of Nora ran out"]
    assert waiting(alice) == []


def test_an_operator_is_asked_for_a_second_factor_until_it_is_there(olga, waiting):
    asked = "Your password alone opens this whole site"
    assert asked in waiting(olga)
    device = second_factor.device_for(user=olga, key="ab" * 20)
    device.confirmed = True
    device.save()
    assert asked not in waiting(olga)


def test_the_first_step_of_a_new_site_is_a_lab(olga, waiting):
    assert "There is no lab yet" in waiting(olga)
    make.lab("Alder")
    assert "There is no lab yet" not in waiting(olga)


def test_open_errors_wait_for_operators_only(alice, olga, waiting):
    now = timezone.now()
    ErrorReport.objects.create(
        fingerprint="f",
        kind="KeyError",
        message="'session'",
        place="lab",
        first_seen_at=now,
        last_seen_at=now,
    )
    assert "1 error that nobody resolved" in waiting(olga)
    assert waiting(alice) == []


def test_a_refused_push_waits_until_the_next_one_is_live(olga, waiting, settings):
    ledger.append(settings.LEDGER, attempt(outcome="refused", reason="The page / answered 500"))
    assert "The last push was refused: “Weigh mice”" in waiting(olga)
    ledger.append(settings.LEDGER, attempt())
    assert not any("push" in title for title in waiting(olga))


def test_a_rollback_is_no_trouble(olga, waiting, settings):
    ledger.append(settings.LEDGER, attempt(kind="rollback", outcome="rolled back"))
    assert not any("rollback" in title for title in waiting(olga))


def test_a_changed_ledger_comes_before_everything_else(olga, waiting, settings):
    ledger.append(settings.LEDGER, attempt())
    text = settings.LEDGER.read_text()
    settings.LEDGER.write_text(text.replace("Weigh mice", "Weigh rats"))
    assert waiting(olga)[0].startswith("The ledger of releases was changed")


def test_maintenance_is_said(olga, waiting, settings):
    settings.MAINTENANCE.write_text('{"mode": "no-upload"}')
    assert "Uploads are closed" in waiting(olga)


def test_operators_see_what_is_live(alice, olga, shown, settings):
    ledger.append(settings.LEDGER, attempt(release=settings.RELEASE, subject="Weigh rats"))
    assert "Weigh rats" in shown(olga)
    assert "Weigh rats" not in shown(alice)


def test_people_see_the_jobs_that_they_may_see(alice, bob, shown):
    job(alice, "Export of Alder", status=Status.SUCCEEDED)
    assert "Export of Alder" in shown(alice)
    assert "Export of Alder" not in shown(bob)


@pytest.mark.parametrize(("who", "most"), [("alice", 10), ("olga", 25)])
def test_the_page_costs_the_same_for_few_and_many(alder, who, most, as_, request):
    person = request.getfixturevalue(who)
    client, counts = as_(person), []
    client.get("/")
    for more in (1, 8):
        for number in range(more):
            job(person, f"{more} {number}")
            make.project(alder, f"P{more}{number}")
        with CaptureQueriesContext(connection) as captured:
            client.get("/")
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert counts[0] <= most, "\n".join(each["sql"] for each in captured)
