"""After a release the worker and cron are on it too, and what had begun ends where it began."""

import json
import os
import signal
from pathlib import Path

import pytest
from tests.pipeline.ground import wait_until

from laptop import keeper

ENQUEUE = (
    "from jobs import enqueue\n"
    "job = enqueue('bench.last', arguments={{'seconds': {seconds}, 'mark': {mark!r}}})\n"
    "print(job.pk)"
)
ASK = (
    "import json\nfrom jobs.models import Job\n"
    "job = Job.objects.get(pk={pk!r})\n"
    "print(json.dumps([job.status, job.result]))"
)


def shell(ground, code):
    return ground.manage("shell", "-v", "0", "-c", code).text.strip().splitlines()[-1]


def release_of(pid):
    """Return on which release a process is, as its own environment says."""
    try:
        pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return None
    found = dict(pair.partition(b"=")[::2] for pair in pairs)
    return found.get(b"STUDIUM_RELEASE", b"").decode()


def worker_on(ground, release):
    pid = keeper.worker(ground.site).pid()
    return pid and release_of(pid) == release


@pytest.fixture
def with_worker(ground):
    wait_until(lambda: worker_on(ground, ground.site.live_release()), what="the worker")


def test_the_worker_is_on_the_new_release_soon(ground, work, with_worker):
    work.commit("Renew the worker")
    assert work.push().code == 0
    new = ground.site.live_release()
    wait_until(lambda: worker_on(ground, new), limit_s=10, what="the new worker")


def test_a_job_that_began_on_the_old_release_ends_on_it(ground, work, with_worker):
    old = ground.site.live_release()
    mark = ground.site.folder("media") / "job-began"
    pk = shell(ground, ENQUEUE.format(seconds=9, mark=str(mark)))
    wait_until(mark.exists, what="the job")
    work.commit("While a job runs")
    assert work.push().code == 0
    new = ground.site.live_release()
    wait_until(lambda: worker_on(ground, new), limit_s=20, what="the new worker")
    told = wait_until(lambda: finished(ground, pk), what="the end of the job")
    assert told == ["succeeded", {"release": old}]
    mark.unlink()
    pk = shell(ground, ENQUEUE.format(seconds=0, mark=str(mark)))
    told = wait_until(lambda: finished(ground, pk), what="the end of the next job")
    assert told == ["succeeded", {"release": new}]
    mark.unlink()


def finished(ground, pk):
    status, result = json.loads(shell(ground, ASK.format(pk=pk)))
    return [status, result] if status not in {"queued", "running"} else None


def test_a_worker_that_was_killed_comes_back(ground, with_worker):
    worker = keeper.worker(ground.site)
    pid = worker.pid()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: (found := worker.pid()) and found != pid, what="another worker")


def test_cron_runs_on_the_live_release(ground, work):
    work.commit("Renew cron")
    assert work.push().code == 0
    told = ground.manage("runcrons", check=False)
    assert told.code == 0, told.text
    code = "from django.conf import settings; print(settings.RELEASE)"
    assert shell(ground, code) == ground.site.live_release()
