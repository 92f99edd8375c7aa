"""AWS as moto knows it: our calls are its own, our files are taken, our policies allow no more."""

import fnmatch
import json
import re
import time
from datetime import timedelta

import boto3
import pytest
from django.conf import settings as site_settings
from moto import mock_aws
from tests.factories.fake_batch import ROOT

from jobs import container, services
from jobs.engines import _engine, engine
from jobs.engines.batch import LOG_GROUP, Store
from jobs.models import Job, Status
from jobs.services import Outcome, away

FOLDER = ROOT / "deploy" / "batch"
BUCKET, REGION, ACCOUNT = "studium-jobs", "eu-central-1", "123456789012"
PLACES = {"BUCKET": BUCKET, "REGION": REGION, "ACCOUNT": ACCOUNT}
WORDS = re.compile(r"\b(BUCKET|REGION|ACCOUNT)\b")
ACTIONS = {"HeadObject": "GetObject", "ListObjectsV2": "ListBucket"}
pytestmark = pytest.mark.django_db


def shipped(name):
    """Return a file of deploy/batch as somebody would use it, its places filled in."""
    return json.loads(WORDS.sub(lambda found: PLACES[found[0]], (FOLDER / name).read_text()))


@pytest.fixture
def calls():
    """What AWS is asked for, in the words of its policies."""
    return set()


@pytest.fixture
def aws(settings, monkeypatch, calls):
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    told = {"bucket": BUCKET, "region": REGION, "keys": keys, "prefix": "jobs/test"}
    settings.JOB_ENGINE, settings.BATCH = "batch", site_settings.BATCH | told
    monkeypatch.setattr(away, "ASKED_EVERY", timedelta(0))
    _engine.cache_clear()
    with mock_aws(config={"batch": {"use_docker": False}}):
        _set_up()
        for name in ("batch", "s3", "logs"):
            _listen(getattr(engine(), name), name, calls)
        yield engine()
    _engine.cache_clear()


def _listen(client, service, calls):
    def note(model, **_):
        calls.add(f"{service}:{ACTIONS.get(model.name, model.name)}")

    client.meta.events.register("before-call.*.*", note)


def _set_up():
    """Do what docs/operations/batch.md tells an operator to do."""
    named = {"region_name": REGION, "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    s3, batch, iam = (boto3.client(name, **named) for name in ("s3", "batch", "iam"))
    place = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration=shipped("bucket-rules.json")
    )
    trust = json.dumps(shipped("container-trust.json"))
    iam.create_role(RoleName="studium-batch-job", AssumeRolePolicyDocument=trust)
    for role, policy in (("studium-batch-job", "container-policy.json"),):
        document = json.dumps(shipped(policy))
        iam.put_role_policy(RoleName=role, PolicyName="studium", PolicyDocument=document)
    iam.create_user(UserName="studium")
    document = json.dumps(shipped("site-policy.json"))
    iam.put_user_policy(UserName="studium", PolicyName="studium", PolicyDocument=document)
    machines = batch.create_compute_environment(
        computeEnvironmentName="studium", type="UNMANAGED", state="ENABLED",
        serviceRole=iam.get_role(RoleName="studium-batch-job")["Role"]["Arn"],
    )["computeEnvironmentArn"]  # fmt: skip
    order = [{"order": 1, "computeEnvironment": machines}]
    batch.create_job_queue(
        jobQueueName="studium", state="ENABLED", priority=1, computeEnvironmentOrder=order
    )
    batch.register_job_definition(**shipped("job-definition.json"))


def _asked(aws):
    """Ask for a job and return it as it is then."""
    job = services.enqueue("test.portable", arguments={"a": 1, "b": 2})
    away.hand_over(aws)
    return Job.objects.get(pk=job.pk)


def _until_it_ended(aws, job):
    while aws.ask([job.reference])[job.reference]["status"] not in away.ENDED:
        time.sleep(0.05)


def test_a_job_goes_to_batch_by_the_shipped_definition_and_comes_back_by_s3(aws):
    job = _asked(aws)
    told = aws.ask([job.reference])[job.reference]
    assert told["jobName"] == f"studium-{job.token.hex}"
    assert aws.store(job, job.token).get("input.json")["arguments"] == {"a": 1, "b": 2}
    aws.store(job, job.token).put("outcome.json", {"succeeded": {"sum": 3}})
    _until_it_ended(aws, job)
    services.tend()
    done = Job.objects.get(pk=job.pk)
    assert (done.status, done.result) == (Status.SUCCEEDED, {"sum": 3})
    assert list(aws.store(job, job.token).names()) == []


def test_a_job_that_batch_ends_without_a_result_is_tried_again(aws, monkeypatch):
    monkeypatch.setenv("MOTO_SIMPLE_BATCH_FAIL_AFTER", "0")
    job = _asked(aws)
    _until_it_ended(aws, job)
    away.ask_after(aws)
    lost = Job.objects.get(pk=job.pk)
    assert (lost.status, lost.attempts) == (Status.QUEUED, 1)
    assert "AWS Batch ended this work without a result" in lost.error


def test_a_job_is_found_by_its_name_and_is_terminated_by_its_number(aws):
    job = _asked(aws)
    assert aws.number_of(job.token) == job.reference
    aws.end(job.reference, "Cancelled at the site")
    assert aws.ask([job.reference])[job.reference]["status"] in away.ENDED


def test_what_a_container_printed_last_is_read(aws):
    aws.logs.create_log_group(logGroupName=LOG_GROUP)
    aws.logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="s")
    events = [{"timestamp": int(time.time() * 1000), "message": "no space left"}]
    aws.logs.put_log_events(logGroupName=LOG_GROUP, logStreamName="s", logEvents=events)
    assert aws.last_lines("s") == "no space left"
    assert aws.last_lines("") == ""


# --- the policies ---------------------------------------------------------------------------------
def _actions(policy):
    for statement in policy["Statement"]:
        given = statement["Action"]
        yield from [given] if isinstance(given, str) else given


def test_the_sites_policy_is_what_the_site_does_and_no_more(aws, calls, tmp_path):
    job = _asked(aws)
    aws.number_of(job.token)
    aws.store(job, job.token).put("outcome.json", {"failed": {"message": "no"}})
    aws.store(job, job.token).put("files/a.txt", "x")
    aws.end(job.reference, "test")
    _until_it_ended(aws, job)
    away.ask_after(aws)
    calls.add("logs:GetLogEvents")  # the test above
    assert Job.objects.get(pk=job.pk).error == "no"
    assert calls == set(_actions(shipped("site-policy.json")))


def test_the_containers_policy_is_what_a_container_does_and_no_more(aws, tmp_path):
    calls = set()
    job = _asked(aws)
    s3 = boto3.client("s3", region_name=REGION)
    _listen(s3, "s3", calls)
    record = container.Stored(Store(s3, BUCKET, aws.store(job, job.token).folder))
    record.folder = tmp_path
    (tmp_path / "a.txt").write_text("x")
    assert record.given()["name"] == "test.portable"
    record.beat(phase="Here")
    record.fail(Outcome(message="no"), phase="There")
    assert record.given() is None, "work that is done is not done again"
    allowed = set(_actions(shipped("container-policy.json")))
    assert calls <= allowed
    assert allowed - calls == {"s3:ListBucket"}, "without it a missing object would be a refusal"


@pytest.mark.parametrize("name", ["site-policy.json", "container-policy.json"])
def test_no_policy_reaches_further_than_the_jobs(name):
    free = {"batch:DescribeJobs", "batch:ListJobs"}  # AWS knows no resources for these two
    for statement in shipped(name)["Statement"]:
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert "NotResource" not in statement
        actions = set(_actions({"Statement": [statement]}))
        assert not [action for action in actions if "*" in action]
        given = statement["Resource"]
        for resource in [given] if isinstance(given, str) else given:
            assert (resource == "*") == (actions <= free)
            assert not fnmatch.fnmatchcase(f"arn:aws:s3:::{BUCKET}/people/x", resource) or (
                actions <= free
            )


def test_the_definition_holds_no_secret_and_asks_for_no_rights():
    definition = shipped("job-definition.json")
    properties = definition["containerProperties"]
    assert properties["environment"] == []
    assert "secrets" not in properties
    assert properties["privileged"] is False
    assert properties["user"] == "studium"
    assert properties["jobRoleArn"].endswith(":role/studium-batch-job")
    assert definition["timeout"]["attemptDurationSeconds"] >= 60
    again = definition["retryStrategy"]["evaluateOnExit"]
    assert [rule["action"] for rule in again] == ["RETRY", "EXIT"]


def test_only_containers_may_take_the_containers_role():
    (statement,) = shipped("container-trust.json")["Statement"]
    assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
