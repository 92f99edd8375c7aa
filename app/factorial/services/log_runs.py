"""Runs of the client protocol of 2025: begun, changed, resumed."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.timezone import now

from factorial.log_errors import (
    ExperimentClosed,
    NoExperimentForRun,
    NoSuchRun,
    NoSuchTransition,
    OngoingRuns,
    PendingLogs,
    RunExists,
    WrongLastLogNumber,
)
from factorial.models import Design, LogRun, PlannedRun, Session
from factorial.queries import log_experiments, log_runs
from runs.models import Event, Run, Trial, Visit
from runs.services import runs

Status = LogRun.Status
ONGOING = (Status.RUNNING, Status.INTERRUPTED)
TRANSITIONS = {
    (Status.IDLE, Status.RUNNING),
    (Status.IDLE, Status.CANCELED),
    (Status.RUNNING, Status.INTERRUPTED),
    (Status.RUNNING, Status.CANCELED),
    (Status.RUNNING, Status.COMPLETED),
    (Status.INTERRUPTED, Status.RUNNING),
    (Status.INTERRUPTED, Status.CANCELED),
    (Status.COMPLETED, Status.CANCELED),
}
CANCELED = "The client has canceled this run."


@dataclass(frozen=True)
class Change:
    """What a client asks of a run; None leaves as it is."""

    status: str | None = None
    last_number: int | None = None


def create(*, session: Session, experiment: str, name: str | None, status: str) -> LogRun:
    """Begin a run. The database settles who of two gets a name.

    Raises
    ------
    OngoingRuns
        The session has a run that is running or interrupted.
    NoExperimentForRun, ExperimentClosed
        There is none of this id, or it takes no runs of participants.
    RunExists
        A run that is not canceled has the name, or another attempt the planned run of that name.
    """
    design = log_experiments.by_key(experiment)
    if design is None or (session.host and design.project_id != session.host.project_id):
        raise NoExperimentForRun(f"Experiment {experiment} not found")
    if not design.is_open and not session.host:
        raise ExperimentClosed
    try:
        return _created(session, design, name or "", status)
    except IntegrityError:
        raise _exists(name, experiment) from None


def _exists(name: str | None, experiment: str) -> RunExists:
    return RunExists(f"A run named {name} already exists for experiment {experiment}")


@transaction.atomic
def _created(session: Session, design: Design, name: str, status: str) -> LogRun:
    _need_no_ongoing(session)
    planned = PlannedRun.objects.filter(design=design, code=name).first() if name else None
    what = runs.Design(Run.Source.FACTORIAL, design.digest, design.name or design.code)
    record = runs.begin(project=design.project, design=what, is_pilot=design.is_pilot).run
    Run.objects.filter(pk=record.pk).update(cell=name[:100], holder=f"lightmill {session.pk}")
    Visit.objects.create(run=record, position=0, step="logs 1", content={"after": 0})
    run: LogRun = LogRun.objects.create(
        design=design, planned_run=planned, run=record, session=session, name=name, status=status
    )
    if planned:
        _take(planned, run)
    _tell(run, "", now())
    return run


def _need_no_ongoing(session: Session, besides: LogRun | None = None) -> None:
    """Keep other requests of the session waiting until this one is through, then look."""
    list(Session.objects.select_for_update().filter(pk=session.pk).values("pk"))
    ongoing = LogRun.objects.filter(session=session, status__in=ONGOING)
    if ongoing.exclude(pk=besides.pk if besides else None).exists():
        raise OngoingRuns


def _take(planned: PlannedRun, run: LogRun) -> None:
    """Let the planned run of this name know its attempt, so that it is handed to nobody else."""
    if run.status == Status.CANCELED:
        return
    free = PlannedRun.objects.filter(pk=planned.pk, run=None, put_aside_at=None)
    if not free.update(run=run.run_id):
        raise _exists(run.name, str(run.design_id))


def change(*, session: Session, key: str, change: Change) -> LogRun:
    """Move a run to another status, or resume it after a log; nothing asked changes nothing.

    Raises
    ------
    NoSuchRun
        The session may not see such a run.
    NoSuchTransition, OngoingRuns, PendingLogs, WrongLastLogNumber
        The run cannot be moved so.
    RunExists
        A run comes back whose name another one has by now.
    """
    with transaction.atomic():
        rows = log_runs.of_session(session).filter(public_id__in=log_runs.uuids_in([key]))
        run: LogRun | None = rows.select_for_update(of=("self",)).first()
        if run is None:
            raise NoSuchRun(f"Run {key} not found")
        _move(session, run, change, change.status or run.status)
        return run


def _move(session: Session, run: LogRun, asked: Change, status: str) -> None:
    if status != run.status and (run.status, status) not in TRANSITIONS:
        raise NoSuchTransition(f"Cannot transition run status from {run.status} to {status}")
    if asked.status != Status.CANCELED:
        _need_no_ongoing(session, besides=run)
    if status == Status.COMPLETED and _has_pending(run):
        raise PendingLogs
    if asked.last_number is not None:
        _need_last_number(run, status, asked.last_number)
    at, before = now(), run.status
    if status == Status.RUNNING and asked.last_number is not None:
        _resume(run, asked.last_number, at)
    if status != before:
        run.status = status
        LogRun.objects.filter(pk=run.pk).update(status=status)
        _tell(run, before, at)


def _has_pending(run: LogRun) -> bool:
    """Say whether a log is there beyond a gap."""
    visit = Visit.objects.filter(run=run.run_id).order_by("-position").values("pk")[:1]
    return bool(Trial.objects.filter(visit__in=visit, index__gt=run.last_number).exists())


def _need_last_number(run: LogRun, status: str, number: int) -> None:
    if status != Status.RUNNING and number != run.last_number:
        raise WrongLastLogNumber("Updating last log number is only allowed when resuming a run")
    if number > run.last_number:
        raise WrongLastLogNumber(
            f"Cannot set last log number to {number}, run has only {run.last_number} logs"
        )


def _resume(run: LogRun, number: int, at: datetime) -> None:
    """Open another sequence behind a log; what came after it is kept, and not seen any more."""
    position = Visit.objects.filter(run=run.run_id).count()
    content = {"after": number}
    Visit.objects.create(
        run_id=run.run_id, position=position, step=f"logs {position + 1}", content=content
    )
    data = {"after": number, "before": run.last_number}
    Event.objects.create(run_id=run.run_id, kind="resumed", received_at=at, data=data)
    run.last_number = number
    LogRun.objects.filter(pk=run.pk).update(last_number=number)


def _tell(run: LogRun, before: str, at: datetime) -> None:
    """Let the record of the run, which all kinds of runs share, follow the client's status."""
    record = Run.objects.get(pk=run.run_id)
    if run.status in (*ONGOING, Status.COMPLETED):
        runs.start(run=record, at=at)
    if run.status == Status.COMPLETED:
        runs.end(run=record, status=Run.Status.COMPLETED, at=at)
    if run.status == Status.CANCELED:
        _cancel(record, at)
    if before:
        data = {"from": before, "to": run.status}
        Event.objects.create(run=record, kind="status", received_at=at, data=data)


def _cancel(record: Run, at: datetime) -> None:
    """Leave the run out of analyses, and give its planned run back."""
    if record.is_open:
        runs.end(run=record, status=Run.Status.TIMED_OUT, at=at)
    left = Q(pk=record.pk, excluded_at=None)
    Run.objects.filter(left).update(excluded_at=at, excluded_because=CANCELED)
    PlannedRun.objects.filter(run=record).update(run=None, offered_until=None)
