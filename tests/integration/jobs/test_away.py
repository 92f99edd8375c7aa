"""Jobs at AWS Batch: containers that know nothing of the site do them, and each is done once."""

import json
import time
from datetime import timedelta

import pytest
from django.conf import settings as site_settings
from django.utils import timezone
from moto.server import ThreadedMotoServer
from tests.factories import accounts as make
from tests.factories import searches
from tests.factories.fake_batch import ROOT, FakeBatch
from tests.integration.jobs.people import operator

from jobs import services
from jobs.engines import _engine, engine
from jobs.models import Job, Status
from jobs.processes import me
from jobs.services import away

BUCKET, REGION = "studium-jobs", "eu-central-1"
DEFINITION = json.loads((ROOT / "deploy/batch/job-definition.json").read_text())
COMMAND = DEFINITION["containerProperties"]["command"]
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def s3():
    """S3 on this machine, at an address of its own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def aws(s3, settings, monkeypatch):
    """The site's jobs go to AWS Batch: a fake one, with a real process for each container."""
    settings.JOB_ENGINE = "batch"
    keys = {"aws_access_key_id": "of-the-site", "aws_secret_access_key": "of-the-site"}
    told = {"bucket": BUCKET, "region": REGION, "keys": keys, "most": 20, "prefix": "jobs/test"}
    settings.BATCH = site_settings.BATCH | told
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    monkeypatch.setattr(away, "ASKED_EVERY", timedelta(0))
    _engine.cache_clear()
    place = {"LocationConstraint": REGION}
    client = engine().s3
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    fake = engine().batch = FakeBatch(COMMAND, s3)
    yield fake
    fake.end()
    for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=found["Key"])
    client.delete_bucket(Bucket=BUCKET)
    _engine.cache_clear()


def _until(job, condition, seconds=30):
    end = time.monotonic() + seconds
    while True:
        services.tend()
        row = Job.objects.get(pk=job.pk)
        if condition(row):
            return row
        assert time.monotonic() < end, (row.status, row.phase, row.error, row.traceback)
        time.sleep(0.1)


def _done(job):
    return _until(job, lambda row: row.finished)


def _running(job):
    return _until(job, lambda row: row.phase == "Sleeping")


def _sleep(seconds):
    return services.enqueue("test.sleep", arguments={"seconds": seconds})


def _left():
    return engine().s3.list_objects_v2(Bucket=BUCKET)["KeyCount"]


def test_a_portable_job_is_done_in_a_container_that_knows_nothing_of_the_site(aws):
    job = services.enqueue("test.portable", arguments={"a": 1, "b": 2})
    done = _done(job)
    assert (done.status, done.attempts) == (Status.SUCCEEDED, 1)
    assert done.result["sum"] == 3
    assert done.result["database"] == "django.db.backends.dummy"
    assert done.reference in aws.jobs
    assert (done.folder / "order.csv").read_text() == "1,2\n"
    assert "adding 1 and 2" in done.log_file.read_text()
    assert "adding 1 and 2" in done.log_tail
    assert _left() == 0, "what was brought home does not lie there any more"


def test_what_is_asked_of_batch_has_limits_and_no_secret(aws, settings):
    services.enqueue("test.portable", arguments={"a": 1, "b": 2})
    services.tend()
    (asked,) = aws.asked
    assert asked["timeout"] == {"attemptDurationSeconds": 3600 + 10 + 60}
    assert asked["retryStrategy"]["attempts"] == 3
    assert asked["containerOverrides"] == {
        "resourceRequirements": [{"type": "MEMORY", "value": "2048"}]
    }
    assert set(asked["parameters"]) == {"job", "region"}
    assert asked["parameters"]["job"].startswith(f"s3://{BUCKET}/jobs/test/")
    said = json.dumps(asked)
    for secret in ("of-the-site", settings.SECRET_KEY, "DATABASE", "environment"):
        assert secret not in said


def test_a_job_that_needs_the_site_stays_with_its_workers(aws):
    portable, other = _sleep(0), services.enqueue("test.add", arguments={"a": 1, "b": 2})
    assert services.claim(worker="w", process=me()).pk == other.pk
    assert services.claim(worker="w", process=me()) is None
    services.tend()
    assert [asked["parameters"]["job"].split("/")[5] for asked in aws.asked] == [portable.pk.hex]


def _with_database(**more):
    about = services.enqueue("test.add", arguments={"a": 1, "b": 2}, priority=5)
    arguments = {"job": str(about.pk), **more}
    return about, services.enqueue("test.with_database", arguments=arguments)


def test_a_task_that_needs_the_site_may_be_packed_done_elsewhere_and_unpacked(aws):
    about, job = _with_database()
    done = _done(job)
    assert (done.status, done.result, len(aws.asked)) == (Status.SUCCEEDED, {"taken": 7}, 1)
    about.refresh_from_db()
    assert about.message == "taken in: 7"


def test_a_search_for_designs_is_done_in_containers(aws, alder, alice):
    search = searches.search(searches.plan(make.project(alder)), alice, islands=2)
    for island in search.islands.select_related("job"):
        assert _done(island.job).status == Status.SUCCEEDED
    search.refresh_from_db()
    assert (search.outcome, len(aws.asked)) == ("succeeded", 2)
    assert search.designs.count() > 0


@pytest.mark.parametrize(
    ("fault", "said", "attempts"),
    [("pack", "The map is gone.", 1), ("unpack", "Something in the program went wrong", 2)],
)
def test_a_fault_before_or_after_the_work_is_told_as_within(aws, fault, said, attempts):
    _, job = _with_database(fault=fault)
    failed = _done(job)
    assert (failed.status, failed.attempts) == (Status.FAILED, attempts)
    assert said in failed.error


def test_the_states_of_batch_are_shown_in_our_words(aws):
    aws.machines = False
    job = _sleep(1)
    waiting = _until(job, lambda row: row.reference)
    for _ in range(4):
        services.tend()
    waiting = Job.objects.get(pk=job.pk)
    assert aws.jobs[waiting.reference]["status"] == "RUNNABLE"
    assert (waiting.status, waiting.phase) == (
        Status.RUNNING,
        "Waiting for a machine at AWS Batch",
    )
    aws.machines = True
    assert _until(job, lambda row: row.phase != waiting.phase).phase == "Starting at AWS Batch"
    running = _running(job)
    assert running.total == 1
    assert running.started_at > waiting.started_at, "the wait for a machine is no work"
    assert _done(job).status == Status.SUCCEEDED


def test_a_cancel_ends_the_container_and_keeps_what_it_had_saved(aws):
    job = services.enqueue("test.portable_saver")
    running = _until(job, lambda row: row.phase == "Saving")
    services.cancel(job=running, user=operator())
    done = _done(job)
    assert done.status == Status.CANCELLED
    assert aws.ended[0] == done.reference
    assert (done.folder / "best.json").read_text() == '{"worth": 0.9}'
    assert aws.processes[done.reference].wait(5) == 0


def test_a_cancel_before_there_is_a_machine_costs_nothing(aws):
    aws.machines = False
    job = _sleep(60)
    waiting = _until(job, lambda row: row.reference)
    services.cancel(job=waiting, user=operator())
    assert _done(job).status == Status.CANCELLED
    assert aws.processes == {}


def test_a_failure_is_tried_again_as_often_as_the_task_says(aws):
    job = services.enqueue("test.portable_fault")
    done = _done(job)
    assert (done.status, done.attempts, len(aws.asked)) == (Status.FAILED, 2, 2)
    assert "Something in the program went wrong" in done.error
    assert "ValueError: always" in done.traceback
    assert len({asked["jobName"] for asked in aws.asked}) == 2


def test_a_machine_that_is_taken_away_is_no_attempt_of_ours(aws):
    job = _sleep(1.5)
    running = _running(job)
    aws.lose_the_machine(running.reference)
    done = _done(job)
    assert (done.status, done.attempts, len(aws.asked)) == (Status.SUCCEEDED, 1, 1)


def test_an_attempt_that_was_handed_over_but_not_noted_is_found_again(aws):
    job = _sleep(0.2)
    services.tend()
    Job.objects.filter(pk=job.pk).update(reference="")
    done = _done(job)
    assert (done.status, len(aws.asked)) == (Status.SUCCEEDED, 1)


def test_an_attempt_that_batch_does_not_know_is_given_up(aws):
    job = _sleep(0.2)
    services.tend()
    aws.jobs.clear()
    services.tend()
    lost = Job.objects.get(pk=job.pk)
    assert (lost.status, lost.attempts) == (Status.QUEUED, 1)
    assert "not known at AWS Batch" in lost.error


def test_what_a_given_up_attempt_says_is_not_heard(aws):
    job = services.enqueue("test.portable", arguments={"a": 1, "b": 2})
    services.tend()
    old = Job.objects.get(pk=job.pk)
    services.lose(job=old, token=old.token, how="was given up")
    Job.objects.update(run_after=timezone.now())
    engine().store(old, old.token).put("outcome.json", {"succeeded": {"sum": "stale"}})
    done = _done(job)
    assert (done.result["sum"], done.attempts) == (3, 2)


def test_a_container_that_ends_without_a_word_is_explained_to_operators(aws, monkeypatch):
    aws.command = ["run_away", "Ref::job", "--region", "Ref::region", "--no-such-option"]
    monkeypatch.setattr(engine(), "last_lines", lambda _stream: "exec format error")
    job = services.enqueue("test.portable", arguments={"a": 1, "b": 2})
    lost = _until(job, lambda row: row.error)
    assert "AWS Batch ended this work without a result" in lost.error
    assert "Essential container in task exited" in lost.traceback
    assert "exec format error" in lost.traceback


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("Job attempt duration exceeded timeout", "This work may take 60 minutes"),
        ("OutOfMemoryError: Container killed due to memory usage", "more than the 1024 MB"),
    ],
)
def test_what_batch_had_to_end_is_not_tried_again(aws, reason, said):
    aws.machines = False
    job = services.enqueue("test.portable", arguments={"a": 1, "b": 2})
    row = _until(job, lambda row: row.reference)
    aws.jobs[row.reference] |= {"status": "FAILED", "statusReason": reason}
    done = _done(job)
    assert (done.status, done.attempts) == (Status.FAILED, 1)
    assert said in done.error


def test_a_refusal_by_aws_counts_as_an_attempt_and_is_told(aws):
    aws.refusal = "AccessDeniedException"
    job = _sleep(0)
    services.tend()
    row = Job.objects.get(pk=job.pk)
    assert (row.status, row.attempts) == (Status.QUEUED, 1)
    assert "could not be handed to AWS Batch (AccessDeniedException)" in row.error


def test_no_more_than_so_many_run_at_once(aws, settings):
    settings.BATCH = settings.BATCH | {"most": 2}
    for _ in range(4):
        _sleep(0)
    services.tend()
    assert Job.objects.filter(status=Status.RUNNING).count() == len(aws.asked) == 2


def test_workers_that_look_at_the_same_moment_hand_over_and_ask_once(aws, monkeypatch):
    monkeypatch.setattr(away, "ASKED_EVERY", timedelta(seconds=5))
    job = _sleep(0)
    services.tend()
    Job.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=9))
    assert [row.pk for row in away._mine(timezone.now())] == [job.pk]
    assert away._mine(timezone.now()) == []
    assert len(aws.asked) == 1


def test_what_runs_at_batch_is_not_taken_for_lost(aws):
    job = _sleep(60)
    services.tend()
    long_ago = timezone.now() - timedelta(hours=3)
    Job.objects.filter(pk=job.pk).update(heartbeat_at=long_ago, started_at=long_ago)
    assert services.rescue() == 0


def test_a_site_that_goes_back_to_its_own_workers_does_its_jobs_again(aws, settings):
    job = _sleep(60)
    services.tend()
    settings.JOB_ENGINE = "local"
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert services.rescue() == 1
    assert Job.objects.get(pk=job.pk).status == Status.QUEUED


@pytest.mark.parametrize("name", ["../../secrets.env", "/etc/passwd", "a/../../b", ""])
def test_a_file_that_would_lie_outside_of_the_jobs_folder_is_left(tmp_path, name):
    assert away._inside(tmp_path, name) is None


def test_aws_that_cannot_be_reached_delays_jobs_and_fails_nobody(aws, settings, monkeypatch):
    job = _sleep(0)
    waiting = services.enqueue("test.add", arguments={"a": 1, "b": 2})
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    _engine.cache_clear()
    services.tend()
    row = Job.objects.get(pk=job.pk)
    assert (row.status, row.attempts, row.error) == (Status.QUEUED, 0, "")
    assert Job.objects.get(pk=waiting.pk).status == Status.QUEUED
