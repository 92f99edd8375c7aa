"""The process in which a task's function runs, under limits that the kernel keeps.

It reports to its guardian by a pipe and writes nothing about the job itself: so it may be killed
at any moment, may hold a long transaction, and cannot write after its attempt was given up.
"""

import ctypes
import json
import logging
import mmap
import os
import resource
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.db import connections

from common.errors import StudiumError
from jobs import plain
from jobs.models import Job
from jobs.progress import Progress, stop_for
from jobs.registry import Task
from jobs.services.explain import PROGRAM_FAULT

PR_SET_PDEATHSIG = 1
OUT_OF_MEMORY, STOPPED = 77, 78
MEBIBYTE = 1024 * 1024
ADDRESS_SLACK = 8 * 1024 * MEBIBYTE  # maps of files and reservations that use no memory
LARGEST_RESULT = MEBIBYTE
STDOUT, STDERR = 1, 2
REPORT_S = 2.0
logger = logging.getLogger(__name__)
FIRST_TO_GO = "600"  # when the machine itself runs short of memory, before the web server


def run(  # noqa: PLR0913  what a fork gives its child
    task: Task, job: Job, *, guardian: int, messages: int, output: int, wish: mmap.mmap
) -> NoReturn:
    """Run the task and end the process; its guardian reads the pipe and the exit code."""
    code = 0
    site_log = os.dup(STDERR)
    try:
        _die_with(guardian)
        _settle(task, output, wish)
        progress = Progress(job_id=job.pk, folder=job.folder, messages=messages, wish=wish)
        progress.send(_outcome(task, job, progress, site_log))
    except MemoryError:
        code = OUT_OF_MEMORY
    except BaseException:  # noqa: BLE001  told to stop, or the guardian is gone
        code = STOPPED
    finally:
        with suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # the cleanup of the guardian, whose copy this is, is not ours to run


def _settle(task: Task, output: int, wish: mmap.mmap) -> None:
    os.setpgid(0, 0)  # so that the guardian can end it with all that it started
    signal.signal(signal.SIGTERM, _raising(wish))
    os.dup2(output, STDOUT)
    os.dup2(output, STDERR)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
    limit = task.memory_limit_mb * MEBIBYTE
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_AS, (limit + ADDRESS_SLACK, limit + ADDRESS_SLACK))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _die_with(guardian: int) -> None:
    """Ask the kernel to end this process when its guardian ends, however that happens."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != guardian:  # it was quicker than we
        os._exit(STOPPED)


def _raising(wish: mmap.mmap) -> Any:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise stop_for(wish[0])

    return stop


def _outcome(task: Task, job: Job, progress: Progress, site_log: int) -> dict[str, Any]:
    try:
        task.check(job.arguments)
    except TypeError as error:  # they were meant for the task as another release has it
        return _failure(error, again=False)
    try:
        return _success(task.function(progress, **job.arguments))
    except MemoryError:
        raise
    except StudiumError as refusal:
        return {"failed": {"message": refusal.message}}
    except (Exception, SystemExit) as error:  # noqa: BLE001  a task may raise whatever it likes
        _report(job, error, site_log)
        return _failure(error, again=True)
    finally:
        connections.close_all()


def _report(job: Job, error: BaseException, site_log: int) -> None:
    """Tell the site's log, its page of recent errors and whatever else listens to errors."""
    os.dup2(site_log, STDERR)  # a traceback is for operators; the job's log is for everybody
    about = {"place": f"job {job.name}", "request_id": job.request_id}
    logger.error("Job %s (%s) failed", job.pk, job.name, exc_info=error, extra=about)
    if sentry := sys.modules.get("sentry_sdk"):  # it sends from a thread, and we end abruptly
        sentry.flush(timeout=REPORT_S)


def _success(result: Any) -> dict[str, Any]:
    try:
        clean = plain.data(result)
    except (TypeError, ValueError, RecursionError) as error:
        return _failure(error, again=False)
    size = len(json.dumps(clean))
    if size <= LARGEST_RESULT:
        return {"succeeded": clean}
    message = (
        f"The work was done, but its result ({size / MEBIBYTE:.1f} MB) is too large to be kept "
        "with the job. Give an operator the number of this job; large results belong in files."
    )
    return {"failed": {"message": message}}


def _failure(error: BaseException, *, again: bool) -> dict[str, Any]:
    trace = plain.text("".join(traceback.format_exception(error)))
    return {"failed": {"message": PROGRAM_FAULT, "traceback": trace, "again": again}}
