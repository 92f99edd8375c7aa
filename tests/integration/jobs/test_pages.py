"""The pages of jobs: what they show, to whom, and at what cost."""

import csv
import io
from contextlib import closing
from datetime import timedelta

import pytest
from django.template import RequestContext, Template
from django.urls import reverse
from django.utils import timezone
from tests.factories import accounts as make

from jobs import processes, services
from jobs.models import Job, Status

pytestmark = pytest.mark.django_db


def _job(user, **changes):
    job = services.enqueue("jobs.self_test", user=user, project=changes.pop("project", None))
    if changes.get("status") in {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED}:
        changes = {"finished_at": timezone.now(), "started_at": timezone.now()} | changes
    Job.objects.filter(pk=job.pk).update(**changes)
    return Job.objects.get(pk=job.pk)


def _running(user, **changes):
    job = services.enqueue("jobs.self_test", user=user, project=changes.pop("project", None))
    services.claim(worker="w", process=processes.me())
    started = timezone.now() - timedelta(seconds=30)
    Job.objects.filter(pk=job.pk).update(**{"started_at": started} | changes)
    return Job.objects.get(pk=job.pk)


def _url(name, job=None):
    return reverse(f"jobs:{name}", args=[job.pk] if job else [])


# --- who sees what -------------------------------------------------------------------------------
@pytest.mark.parametrize("page", ["job", "card", "log"])
def test_strangers_find_nothing(as_, alice, bob, page):
    job = _job(alice)
    job.folder.mkdir(parents=True, exist_ok=True)
    job.log_file.write_text("said")
    assert as_(bob).get(_url(page, job)).status_code == 404
    with closing(as_(alice).get(_url(page, job))) as response:
        assert response.status_code == 200


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_strangers_change_nothing(as_, alice, bob, action):
    job = _job(alice)
    assert as_(bob).post(_url(action, job)).status_code == 404
    job.refresh_from_db()
    assert job.status == Status.QUEUED


@pytest.mark.parametrize("page", ["list", "csv"])
def test_lists_leave_out_what_belongs_to_others(as_, alice, bob, page):
    job = _job(alice, label="Secret analysis")
    content = b"".join(as_(bob).get(_url(page)))
    assert b"Secret analysis" not in content
    assert str(job.pk).encode() not in content


def test_visitors_are_asked_to_sign_in(client, alice):
    response = client.get(_url("job", _job(alice)))
    assert response.status_code == 302
    assert reverse("accounts:sign-in") in response["Location"]


def test_members_see_the_jobs_of_their_projects_and_managers_change_them(
    as_, alice, bob, carol, alder
):
    job = _running(alice, project=make.project(alder))
    assert as_(carol).get(_url("job", job)).status_code == 200
    assert as_(bob).get(_url("job", job)).status_code == 404
    assert as_(carol).post(_url("cancel", job)).status_code == 302
    job.refresh_from_db()
    assert job.cancelling


def test_who_may_see_but_not_change_is_told_who_may(as_, alice, alder):
    viewer = make.person("vera", lab=alder, role="viewer")
    job = _job(alice, project=make.project(alder))
    page = as_(viewer).get(_url("job", job))
    assert page.status_code == 200
    assert _url("cancel", job) not in page.content.decode()
    refused = as_(viewer).post(_url("cancel", job))
    assert refused.status_code == 403
    assert "the person who started it" in refused.content.decode().lower()


def test_only_operators_see_tracebacks(as_, alice, olga):
    job = _job(alice, status=Status.FAILED, error="It broke.", traceback="ValueError: inside")
    seen = {
        name: as_(who).get(_url("job", job)).content.decode()
        for name, who in {"alice": alice, "olga": olga}.items()
    }
    assert "It broke." in seen["alice"]
    assert "ValueError: inside" not in seen["alice"]
    assert "ValueError: inside" in seen["olga"]


# --- the card ------------------------------------------------------------------------------------
def test_a_running_job_shows_its_progress_and_asks_again(as_, alice):
    job = _running(alice, phase="Fitting", message="Voxel 3 of 4", done=3, total=4, log_tail="tick")
    page = as_(alice).get(_url("card", job)).content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert "Fitting" in page
    assert "Voxel 3 of 4" in page
    assert 'value="75"' in page
    assert "about 10 s left" in page or "about 9." in page
    assert f'hx-swap-oob="innerHTML:#job-{job.pk}-log"' in page
    assert "tick" in page


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.CANCELLED])
def test_the_card_of_a_finished_job_asks_no_more(as_, alice, status):
    job = _job(alice, status=status)
    response = as_(alice).get(_url("card", job) + "?on_page")
    assert "hx-trigger" not in response.content.decode()
    assert response["HX-Refresh"] == "true"
    assert "HX-Refresh" not in as_(alice).get(_url("card", job))


def test_the_page_works_without_scripts(as_, alice):
    page = as_(alice).get(_url("job", _running(alice))).content.decode()
    assert "<noscript>" in page
    assert 'method="post"' in page


def test_what_a_task_says_is_shown_as_text(as_, alice):
    job = _running(alice, phase="<script>x</script>", log_tail="</pre><script>y</script>")
    page = as_(alice).get(_url("job", job)).content.decode()
    assert "<script>x" not in page
    assert "<script>y" not in page


def test_cancelling_by_htmx_answers_with_the_card(as_, alice):
    job = _job(alice)
    response = as_(alice).post(_url("cancel", job), headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert "cancelled" in response.content.decode()
    assert _url("retry", job) in response.content.decode()


def test_cancelling_what_has_finished_is_refused_with_the_reason(as_, alice):
    job = _job(alice, status=Status.SUCCEEDED)
    response = as_(alice).post(_url("cancel", job))
    assert response.status_code == 409
    assert "finished already" in response.content.decode()


def test_a_failed_job_is_started_again_from_its_page(as_, alice):
    job = _job(alice, status=Status.FAILED, attempts=3, error="It broke.")
    assert as_(alice).post(_url("retry", job)).status_code == 302
    job.refresh_from_db()
    assert (job.status, job.attempts, job.error, job.finished_at) == (Status.QUEUED, 0, "", None)


def test_the_whole_log_can_be_downloaded(as_, alice):
    job = _job(alice)
    job.folder.mkdir(parents=True, exist_ok=True)
    job.log_file.write_text("all of it")
    with closing(as_(alice).get(_url("log", job))) as response:
        assert b"".join(response) == b"all of it"
        assert "attachment" in response["Content-Disposition"]


def test_operators_test_the_worker_and_others_may_not(as_, alice, olga):
    assert as_(alice).post(_url("self-test")).status_code == 403
    response = as_(olga).post(_url("self-test"))
    job = Job.objects.get()
    assert response["Location"] == _url("job", job)
    assert (job.name, job.created_by) == ("jobs.self_test", olga)


# --- the list ------------------------------------------------------------------------------------
def test_filters_live_in_the_address_and_are_counted(as_, alice):
    for status in [Status.FAILED, Status.FAILED, Status.SUCCEEDED]:
        _job(alice, status=status)
    page = as_(alice).get(_url("list"), {"status": "failed", "whose": "me"})
    shown = page.context["page"].jobs
    assert [job.status for job in shown] == ["failed", "failed"]
    states = {chip.label: chip for chip in page.context["groups"][0].chips}
    assert {label: chip.count for label, chip in states.items()} == {
        "All": 3, "Queued": 0, "Running": 0, "Succeeded": 1, "Failed": 2, "Cancelled": 0,
    }  # fmt: skip
    assert states["Failed"].is_current
    assert states["Succeeded"].query == "whose=me&status=succeeded"


def test_kinds_are_those_that_the_person_has(as_, alice):
    _job(alice, status=Status.FAILED)
    _job(alice)
    _job(alice, name="export")
    page = as_(alice).get(_url("list"), {"status": "failed"})
    kinds = [(chip.label, chip.count) for chip in page.context["groups"][2].chips]
    assert kinds == [("All kinds", 1), ("Test of the background work", 1), ("export", 0)]


def test_jobs_are_found_by_number_and_by_words(as_, alice, bob):
    job = _job(alice, label="Power of the memory study")
    for text in (str(job.pk), "memory study"):
        assert _url("job", job) in as_(alice).get(reverse("search"), {"q": text}).content.decode()
        assert _url("job", job) not in as_(bob).get(reverse("search"), {"q": text}).content.decode()


@pytest.mark.parametrize("query", [{"status": "nonsense"}, {"whose": "x"}])
def test_filters_that_mean_nothing_are_left_out(as_, alice, query):
    _job(alice)
    assert len(as_(alice).get(_url("list"), query).context["page"].jobs) == 1


def test_pages_follow_each_other_without_gaps_or_repeats(as_, alice):
    same_moment = timezone.now()
    jobs = [_job(alice, created_at=same_moment) for _ in range(60)]
    client, seen, after = as_(alice), [], ""
    while True:
        page = client.get(_url("list"), {"after": after} if after else {}).context["page"]
        seen += [job.pk for job in page.jobs]
        after = page.older
        if not after:
            break
    assert len(seen) == len(jobs)
    assert set(seen) == {job.pk for job in jobs}


@pytest.mark.parametrize("after", ["x", "2026-01-01~nonsense", "2026-01-01T00:00:00~" + "0" * 32])
def test_a_link_into_nowhere_is_refused_in_words(as_, alice, after):
    response = as_(alice).get(_url("list"), {"after": after})
    assert response.status_code == 422
    assert "newest jobs" in response.content.decode()


def test_the_csv_has_the_rows_of_the_list_and_no_formulas(as_, alice):
    _job(alice, status=Status.FAILED, label="=1+1", error="-2+3")
    _job(alice)
    response = as_(alice).get(_url("csv"), {"status": "failed"})
    (row,) = csv.DictReader(io.StringIO(b"".join(response).decode()))
    assert (row["label"], row["error"], row["status"]) == ("'=1+1", "'-2+3", "failed")


def test_an_empty_list_says_what_jobs_are(as_, alice):
    assert "No jobs yet" in as_(alice).get(_url("list")).content.decode()
    assert "No jobs like this" in as_(alice).get(_url("list"), {"whose": "me"}).content.decode()


# --- what pages cost -----------------------------------------------------------------------------
def _queries_about_jobs(captured):
    return [query["sql"] for query in captured if "jobs_job" in query["sql"]]


@pytest.mark.parametrize("rows", [1, 25])
def test_the_list_asks_three_questions_however_long_it_is(
    as_, alice, alder, rows, django_assert_max_num_queries
):
    project = make.project(alder)
    for _ in range(rows):
        _job(alice, project=project)
    client = as_(alice)
    with django_assert_max_num_queries(12) as captured:
        client.get(_url("list"))
    assert len(_queries_about_jobs(captured)) == 3  # the rows, their counts, the rail's count


def test_a_card_asks_two_questions(as_, alice, django_assert_max_num_queries):
    job, client = _running(alice), as_(alice)
    with django_assert_max_num_queries(6) as captured:
        client.get(_url("card", job))
    assert len(_queries_about_jobs(captured)) == 2


def test_other_areas_show_the_card_on_their_pages(rf, alice, bob):
    job = _running(alice, phase="Fitting", log_tail="tick")
    template = Template("{% load jobs %}{% job_card job %}")
    seen = {}
    for person in (alice, bob):
        request = rf.get("/")
        request.user = person
        seen[person] = template.render(RequestContext(request, {"job": job}))
    assert f'href="{_url("job", job)}"' in seen[alice]
    assert 'hx-trigger="every 2s"' in seen[alice]
    assert "csrfmiddlewaretoken" in seen[alice]
    assert _url("cancel", job) not in seen[bob]


def test_a_job_that_waits_for_another_try_says_when_and_why(as_, alice):
    job = _job(alice, attempts=1, error="The process was killed.", started_at=timezone.now())
    page = as_(alice).get(_url("job", job)).content.decode()
    assert "waits for another try" in page
    assert "Attempt 2 of 2 begins at" in page
    assert "The process was killed." in page


def test_filters_that_divide_nothing_are_not_shown(as_, alice):
    client = as_(alice)
    assert 'class="chips"' not in client.get(_url("list")).content.decode()
    _job(alice)
    shown = client.get(_url("list")).content.decode()
    assert 'aria-label="State"' in shown
    assert 'aria-label="Kind"' not in shown
    assert 'aria-label="State"' in client.get(_url("list"), {"status": "failed"}).content.decode()


def test_the_list_says_how_many_fit_the_filters(as_, alice):
    for _ in range(3):
        _job(alice)
    client = as_(alice)
    assert "3 jobs" in client.get(_url("list")).content.decode()
    only = client.get(_url("list"), {"status": Job.objects.first().status, "whose": "me"})
    assert "3 jobs" in only.content.decode()
