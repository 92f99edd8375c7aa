"""AWS Batch on this machine: a container is a process, and a test decides when a machine is there.

It answers as boto3's client does, in the words of the AWS Batch API Reference. A process gets what
a container would: its own command, no variables but those that a role needs, nothing of the site.
"""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parents[2]
WAITING = ("SUBMITTED", "PENDING", "RUNNABLE")
PLACES = {"Ref::job": "job", "Ref::region": "region"}
LOST_HOST = "Host EC2 (instance i-0) terminated."


class FakeBatch:
    """A queue, and as many machines as a test gives it."""

    def __init__(self, command: list[str], endpoint: str) -> None:
        self.command, self.endpoint = command, endpoint
        self.jobs: dict[str, dict[str, Any]] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.asked: list[dict[str, Any]] = []
        self.ended: list[str] = []
        self.machines = True
        self.refusal = ""

    # --- what the site calls ---------------------------------------------------------------------
    def submit_job(self, **asked: Any) -> dict[str, str]:
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "no"}}, "SubmitJob")
        number = str(uuid.uuid4())
        self.asked.append(asked)
        self.jobs[number] = {
            "jobId": number,
            "jobName": asked["jobName"],
            "status": "SUBMITTED",
            "attempts": [],
            "container": {},
        }
        return {"jobName": asked["jobName"], "jobId": number}

    def describe_jobs(self, *, jobs: list[str]) -> dict[str, Any]:
        for number in jobs:
            if number in self.jobs:
                self._go_on(number)
        return {"jobs": [self.jobs[number] for number in jobs if number in self.jobs]}

    def list_jobs(self, *, jobQueue: str, filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: ARG002, N803
        (wanted,) = filters[0]["values"]
        found = [job for job in self.jobs.values() if job["jobName"] == wanted]
        return {"jobSummaryList": [{"jobId": job["jobId"]} for job in found]}

    def terminate_job(self, *, jobId: str, reason: str) -> None:  # noqa: N803
        if jobId in self.ended:
            return
        self.ended.append(jobId)
        self.jobs[jobId]["statusReason"] = reason
        if jobId in self.processes:
            self.processes[jobId].send_signal(signal.SIGTERM)
        else:
            self.jobs[jobId]["status"] = "FAILED"

    # --- what happens there ----------------------------------------------------------------------
    def lose_the_machine(self, number: str) -> None:
        """Take the machine away in the middle; Batch finds another, as it was told to."""
        process = self.processes.pop(number)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.jobs[number]["attempts"].append({"statusReason": LOST_HOST})
        self.jobs[number]["status"] = "RUNNABLE"

    def end(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _go_on(self, number: str) -> None:
        job = self.jobs[number]
        if job["status"] in WAITING:
            self._wait_or_start(number, job)
        elif job["status"] == "STARTING":
            job["status"] = "RUNNING"
        elif job["status"] == "RUNNING" and self.processes[number].poll() is not None:
            code = self.processes[number].returncode
            job["container"]["exitCode"] = code
            job["status"] = "FAILED" if code else "SUCCEEDED"
            job.setdefault("statusReason", "Essential container in task exited")

    def _wait_or_start(self, number: str, job: dict[str, Any]) -> None:
        if job["status"] != "RUNNABLE":
            job["status"] = WAITING[WAITING.index(job["status"]) + 1]
        elif self.machines:
            job["status"], job["startedAt"] = "STARTING", int(time.time() * 1000)
            self.processes[number] = self._started(job)

    def _started(self, job: dict[str, Any]) -> "subprocess.Popen[bytes]":
        (asked,) = [each for each in self.asked if each["jobName"] == job["jobName"]]
        words = [
            asked["parameters"][PLACES[word]] if word in PLACES else word for word in self.command
        ]
        variables = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "tests.integration.jobs.container_settings",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'app'}:{ROOT / 'deploy'}",
            "AWS_ENDPOINT_URL": self.endpoint,
            # stands for the role: a real container asks the machine for it
            "AWS_ACCESS_KEY_ID": "of-the-role",
            "AWS_SECRET_ACCESS_KEY": "of-the-role",
        }
        return subprocess.Popen(
            [sys.executable, str(ROOT / "app/manage.py"), *words],
            env=variables,
            start_new_session=True,
        )
