"""The engine of machines that are there only while they work: AWS Batch, with S3 in between.

Only portable tasks go there; workers of the site do the rest. A container gets one word, the
address of its job in S3, and reaches that by the role of its job definition: it knows no secret, no
database and no site. What it says comes back as objects beside its input, `PREFIX/<job>/<token>/…`,
and only the site writes the row, by the attempt's token.
"""

import json
import logging
import math
import uuid
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from jobs import plain, registry
from jobs.engines.local import LocalEngine
from jobs.models import Job

INPUT, PROGRESS, OUTCOME, LOG, FILES = (
    "input.json",
    "progress.json",
    "outcome.json",
    "log.txt",
    "files/",
)
AT_ONCE = 100  # what one question to Batch may name
SHORTEST_TIMEOUT_S, SLACK_S = 60, 60
SMALLEST_MB, STEP_MB, OVERHEAD_MB = 2048, 1024, 512  # sizes that Fargate has, too
GONE = {"404", "NoSuchKey"}
UNREACHED = (BotoCoreError, ClientError)
logging.getLogger("botocore").setLevel(logging.WARNING)  # it tells where it finds its keys
LOG_GROUP, LOG_LINES = "/aws/batch/job", 40
# A machine that was taken away is no fault of the job's; whatever else ends it, the site decides.
AGAIN = {
    "attempts": 3,
    "evaluateOnExit": [
        {"onStatusReason": "Host EC2*", "action": "RETRY"},
        {"onReason": "*", "action": "EXIT"},
    ],
}


def client(service: str, *, region: str, **keys: str) -> Any:
    """Return boto3's client; without keys it finds the role of the machine by itself."""
    patience = Config(
        connect_timeout=5, read_timeout=20, retries={"max_attempts": 3, "mode": "standard"}
    )
    return boto3.client(service, region_name=region, config=patience, **keys)


class Store:
    """What lies in S3 of one attempt at one job."""

    def __init__(self, s3: Any, bucket: str, folder: str) -> None:
        self.s3, self.bucket, self.folder = s3, bucket, folder

    @property
    def address(self) -> str:
        return f"s3://{self.bucket}/{self.folder}"

    def put(self, name: str, value: Any) -> None:
        body = json.dumps(value, cls=DjangoJSONEncoder).encode()
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.folder}/{name}", Body=body)

    def get(self, name: str) -> Any:
        """Return what was put under a name; None when nothing was."""
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=f"{self.folder}/{name}")
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return None
            raise
        return json.loads(found["Body"].read())

    def send(self, name: str, path: Path) -> None:
        self.s3.upload_file(str(path), self.bucket, f"{self.folder}/{name}")

    def fetch(self, name: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.s3.download_file(self.bucket, f"{self.folder}/{name}", str(path))

    def names(self) -> Iterator[tuple[str, int]]:
        """Return what lies there, and how many bytes each has."""
        pages = self.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=f"{self.folder}/"):
            for found in page.get("Contents", ()):
                yield found["Key"].removeprefix(f"{self.folder}/"), found["Size"]

    def clear(self) -> None:
        for name, _ in list(self.names()):
            self.s3.delete_object(Bucket=self.bucket, Key=f"{self.folder}/{name}")


class BatchEngine(LocalEngine):
    """Portable tasks run in containers of AWS Batch; the others where the site's workers are."""

    def names_here(self) -> Collection[str]:
        return registry.names() - registry.portable_names()

    @cached_property
    def batch(self) -> Any:
        return self._client("batch")

    @cached_property
    def s3(self) -> Any:
        return self._client("s3")

    @cached_property
    def logs(self) -> Any:
        return self._client("logs")

    @staticmethod
    def _client(service: str) -> Any:
        return client(service, region=settings.BATCH["region"], **settings.BATCH["keys"])

    def store(self, job: Job, token: uuid.UUID) -> Store:
        folder = f"{settings.BATCH['prefix']}/{job.pk.hex}/{token.hex}"
        return Store(self.s3, settings.BATCH["bucket"], folder)

    def lay_ready(self, job: Job, token: uuid.UUID) -> None:
        """Put the input where a container will find it."""
        self.store(job, token).put(INPUT, _input(job))

    def start(self, job: Job, token: uuid.UUID) -> str:
        """Ask for a container, and return Batch's number."""
        asked = self.batch.submit_job(
            jobName=name_at_batch(token),
            jobQueue=settings.BATCH["queue"],
            jobDefinition=settings.BATCH["definition"],
            parameters={"job": self.store(job, token).address, "region": settings.BATCH["region"]},
            retryStrategy=AGAIN,
            **_limits(registry.get(job.name)),
        )
        return str(asked["jobId"])

    def ask(self, numbers: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what Batch says of jobs by their numbers; what it has forgotten is missing."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(numbers), AT_ONCE):
            some = list(numbers[start : start + AT_ONCE])
            for each in self.batch.describe_jobs(jobs=some)["jobs"]:
                found[each["jobId"]] = each
        return found

    def number_of(self, token: uuid.UUID) -> str:
        """Return Batch's number of an attempt that was asked for but not noted; empty for none."""
        named = [{"name": "JOB_NAME", "values": [name_at_batch(token)]}]
        found = self.batch.list_jobs(jobQueue=settings.BATCH["queue"], filters=named)
        return next((str(each["jobId"]) for each in found["jobSummaryList"]), "")

    def end(self, number: str, reason: str) -> None:
        self.batch.terminate_job(jobId=number, reason=reason)

    def last_lines(self, stream: str) -> str:
        """Return what a container printed last; for one that could not speak for itself."""
        if not stream:
            return ""
        found = self.logs.get_log_events(
            logGroupName=LOG_GROUP, logStreamName=stream, limit=LOG_LINES, startFromHead=False
        )
        return "\n".join(str(event["message"]) for event in found["events"])


def name_at_batch(token: uuid.UUID) -> str:
    return f"studium-{token.hex}"


def _input(job: Job) -> dict[str, Any]:
    elsewhere = registry.get(job.name).elsewhere
    packed = plain.data(elsewhere.pack(**job.arguments)) if elsewhere else job.arguments
    return {
        "id": job.pk.hex,
        "name": elsewhere.task if elsewhere else job.name,
        "arguments": packed,
        "attempts": job.attempts,
        "request_id": job.request_id,
        "release": settings.RELEASE,
    }


def _limits(task: registry.Task) -> dict[str, Any]:
    """Return what Batch holds a task to; its own guardian is there first, and says it better."""
    seconds = math.ceil(task.time_limit_s + task.patience_s + SLACK_S)
    wanted = math.ceil((task.memory_limit_mb + OVERHEAD_MB) / STEP_MB) * STEP_MB
    memory = {"type": "MEMORY", "value": str(max(wanted, SMALLEST_MB))}
    return {
        "timeout": {"attemptDurationSeconds": max(seconds, SHORTEST_TIMEOUT_S)},
        "containerOverrides": {"resourceRequirements": [memory]},
    }
