"""Hands jobs to AWS Batch, asks how they are, and writes into their rows what came of them.

Whichever worker comes first does it. What is said of an attempt counts only while its row names the
attempt's token, so a container that was given up may go on, and nobody hears it.
"""

import logging
import traceback
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.utils import timezone

from common.errors import StudiumError
from jobs import plain, registry
from jobs.engines import BATCH, engine
from jobs.engines.batch import FILES, LOG, OUTCOME, PROGRESS, UNREACHED, BatchEngine
from jobs.errors import Superseded
from jobs.models import Job, JobQuerySet, Status
from jobs.services.attempts import beat, claim_away, fail, give_back, lose, succeed, withdraw
from jobs.services.explain import PROGRAM_FAULT, Outcome, out_of_memory, time_is_up

WORKER = "AWS Batch"
HANDED_AT_ONCE, ASKED_AT_ONCE = 10, 100
ASKED_EVERY = timedelta(seconds=5)
START_GRACE = timedelta(seconds=60)
MOST_FILES, MOST_BYTES = 1000, 1024 * 1024 * 1024
BEFORE = {"SUBMITTED", "PENDING", "RUNNABLE"}
ENDED = {"SUCCEEDED", "FAILED"}
logger = logging.getLogger(__name__)


def tend() -> None:
    """Ask after what was handed over, and hand over what is due."""
    batch = cast("BatchEngine", engine())
    try:
        ask_after(batch)
        for _ in range(HANDED_AT_ONCE):
            if not hand_over(batch):
                break
    except BotoCoreError as error:
        logger.warning("AWS does not answer (%s); jobs wait.", type(error).__name__)
    except ClientError as error:
        logger.error("AWS refuses: %s", _code(error))  # noqa: TRY400  its words may name accounts


def hand_over(batch: BatchEngine) -> bool:
    """Bring the next portable job to AWS Batch; say whether there was one."""
    job = claim_away(worker=WORKER, limit=settings.BATCH["most"])
    if job is None or job.token is None:
        return False
    try:
        batch.lay_ready(job, job.token)
    except BotoCoreError:  # nothing was asked for yet: it is as if nobody had looked
        give_back(job=job, token=job.token)
        raise
    except ClientError as error:
        lose(job=job, token=job.token, how=f"could not be laid ready at S3 ({_code(error)})")
        raise
    except Exception as error:  # noqa: BLE001  packing is the task's own code
        fail(job=job, token=job.token, outcome=_fault(job, error))
        return True
    _start(batch, job, job.token)
    return True


def _start(batch: BatchEngine, job: Job, token: uuid.UUID) -> None:
    try:
        number = batch.start(job, token)
    except ClientError as error:  # it was refused, so nothing runs
        lose(job=job, token=token, how=f"could not be handed to AWS Batch ({_code(error)})")
        raise
    Job.objects.held_by(token).filter(pk=job.pk).update(reference=number)
    logger.info("Job %s (%s): attempt %s is %s", job.pk, job.name, job.attempts, number)


def ask_after(batch: BatchEngine) -> None:
    """Ask how jobs are that nobody has asked after for some seconds."""
    now = timezone.now()
    jobs = _mine(now)
    told = batch.ask([job.reference for job in jobs if job.reference])
    for job in jobs:
        try:
            _take_in(batch, job, told.get(job.reference), now)
        except Superseded:
            logger.info("Job %s is in other hands meanwhile.", job.pk)


def _away() -> JobQuerySet:
    return Job.objects.filter(status=Status.RUNNING, engine=BATCH)


def _mine(now: datetime) -> list[Job]:
    """Note that somebody asks; of workers that would ask at the same moment one may."""
    due = _away().filter(heartbeat_at__lt=now - ASKED_EVERY).order_by("heartbeat_at")
    return [
        job
        for job in due[:ASKED_AT_ONCE]
        if _away().filter(pk=job.pk, heartbeat_at=job.heartbeat_at).update(heartbeat_at=now)
    ]


def _take_in(batch: BatchEngine, job: Job, told: dict[str, Any] | None, now: datetime) -> None:
    token = cast("uuid.UUID", job.token)
    if told is None:
        _look_for(batch, job, token, now)
    elif told["status"] in ENDED:
        _end(batch, job, token, told)
    else:
        _follow(batch, job, token, told)


def _look_for(batch: BatchEngine, job: Job, token: uuid.UUID, now: datetime) -> None:
    """Find an attempt whose number was not noted: whoever handed it over ended in between."""
    number = "" if job.reference else batch.number_of(token)
    if number:
        Job.objects.held_by(token).filter(pk=job.pk).update(reference=number)
    elif job.reference or now - (job.started_at or now) > START_GRACE:
        lose(job=job, token=token, how="is not known at AWS Batch")


def _follow(batch: BatchEngine, job: Job, token: uuid.UUID, told: dict[str, Any]) -> None:
    if job.cancel_requested_at is not None:
        batch.end(job.reference, "Cancelled at the site")
    news = _news(batch, job, token, told)
    if "startedAt" in told:  # the wait for a machine is no part of the work
        news["started_at"] = datetime.fromtimestamp(told["startedAt"] / 1000, UTC)
    beat(job_id=job.pk, token=token, **news)


def _news(batch: BatchEngine, job: Job, token: uuid.UUID, told: dict[str, Any]) -> dict[str, Any]:
    if told["status"] in BEFORE:
        return {"phase": "Waiting for a machine at AWS Batch"}
    said = batch.store(job, token).get(PROGRESS) if told["status"] == "RUNNING" else None
    return dict(said) if said else {"phase": "Starting at AWS Batch"}


def _end(batch: BatchEngine, job: Job, token: uuid.UUID, told: dict[str, Any]) -> None:
    store = batch.store(job, token)
    said = store.get(OUTCOME)
    _bring_files(batch, job, token)
    last = (store.get(PROGRESS) or {}) if said is not None else {}
    if said is not None and "succeeded" in said:
        _take_result(job, token, said["succeeded"], last)
    elif (said is not None and "withdrawn" in said) or job.cancel_requested_at is not None:
        withdraw(job_id=job.pk, token=token, **last)
    else:
        outcome = Outcome(**said["failed"]) if said else None
        fail(job=job, token=token, outcome=outcome or _explained(batch, job, told), **last)
    try:
        store.clear()
    except UNREACHED:
        logger.warning("What job %s left at S3 stays there until it expires.", job.pk)


def _take_result(job: Job, token: uuid.UUID, result: Any, last: dict[str, Any]) -> None:
    elsewhere = registry.get(job.name).elsewhere
    try:
        if elsewhere:
            result = plain.data(elsewhere.unpack(result, **job.arguments))
    except UNREACHED:
        raise
    except Exception as error:  # noqa: BLE001  unpacking is the task's own code
        fail(job=job, token=token, outcome=_fault(job, error), **last)
    else:
        succeed(job_id=job.pk, token=token, result=result, **last)


def _fault(job: Job, error: Exception) -> Outcome:
    """Say what became of a job whose task stumbled at the site, before or after its work."""
    if isinstance(error, StudiumError):
        return Outcome(message=error.message)
    logger.error("Job %s (%s) failed", job.pk, job.name, exc_info=error)
    trace = "".join(traceback.format_exception(error))
    return Outcome(message=PROGRAM_FAULT, traceback=trace, again=True)


def _explained(batch: BatchEngine, job: Job, told: dict[str, Any]) -> Outcome:
    """Say what became of a container that has not said it itself."""
    container = told.get("container", {})
    why = " ".join(filter(None, [told.get("statusReason"), container.get("reason")]))
    task = registry.get(job.name)
    if "OutOfMemory" in why:
        return out_of_memory(task)
    if "timeout" in why:
        return time_is_up(task)
    try:
        printed = batch.last_lines(container.get("logStreamName", ""))
    except UNREACHED:
        printed = ""
    code = container.get("exitCode")
    trace = "\n".join(filter(None, [why, f"exit code {code}" if code is not None else "", printed]))
    return Outcome(
        message="AWS Batch ended this work without a result. Start it again; if it ends so once "
        "more, give an operator the number of this job.",
        traceback=trace,
        again=True,
    )


def _bring_files(batch: BatchEngine, job: Job, token: uuid.UUID) -> None:
    """Bring the log, and what the task has written, into the job's own folder."""
    store = batch.store(job, token)
    found = [(name, size) for name, size in store.names() if name == LOG or name.startswith(FILES)]
    if len(found) > MOST_FILES or sum(size for _, size in found) > MOST_BYTES:
        logger.error("Job %s left more files at S3 than are brought here.", job.pk)
        return
    for name, _ in found:
        target = job.log_file if name == LOG else _inside(job.folder, name.removeprefix(FILES))
        if target is not None:
            store.fetch(name, target)


def _inside(folder: Path, name: str) -> Path | None:
    """Return where a file belongs; None for a name that leads elsewhere."""
    parts = PurePosixPath(name).parts
    is_safe = parts and not PurePosixPath(name).is_absolute() and ".." not in parts
    return folder.joinpath(*parts) if is_safe else None


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "refused"))
