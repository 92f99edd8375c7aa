"""A site that people have worked on for a while: something of everything that a page shows."""

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from tests.factories import accounts as make
from tests.factories import studies

from accounts.models import Project
from factorial.services import designs
from jobs.models import Job, Status, Worker
from ops.models import BackupRecord, CronRun, CronTick, ErrorOccurrence, ErrorReport
from pipeline import ledger
from touchstone import generator, recipe_json
from touchstone.design import Factor, Measure, Value
from touchstone.recipe import BETWEEN, WITHIN, Level, Practice, Recipe, Timing

LOG = "\n".join(f"fitting session {number} of 40" for number in range(1, 14))
DIFFSTAT = "4 files changed, 61 insertions(+), 9 deletions(-)"
STEPS = [("build", 2.1), ("migrate early", 0.3), ("probe", 1.4), ("switch", 0.1)]
ATTEMPTS = [
    (30, "live", "Show the water given per week"),
    (6, "refused", "Sort sessions by animal"),
    (1, "live", "Export as Psych-DS"),
]
RUNS = [("clear-sessions", "finished"), ("backup", "finished"), ("prune", "failed")]
MENUS = Recipe(
    "menus",
    (
        Factor(
            "TECHNIQUE", tuple(map(Value, ("Toolbar", "Marking menu", "Flow menu"))), tag=WITHIN
        ),
        Factor("SIZE", (Value("8"), Value("32")), type="Integer", tag=WITHIN),
        Factor("HAND", (Value("left"), Value("right")), tag=BETWEEN),
    ),
    (Level(("TECHNIQUE",), "balanced"), Level(("SIZE",), "latin", 3)),
    10,
    name="Menus on a table top",
    description="How quickly techniques are learnt.",
    measures=(
        Measure("time.movement", type="Integer"),
        Measure("pointer.x", "", "Float", False, True),
    ),
    practice=(Practice(2, 1, coming=("TECHNIQUE",)),),
    timing=Timing(60, 4, 1, 30, 10),
)
TRACE = """Traceback (most recent call last):
  File "app/lab/tasks.py", line 41, in export_sessions
    rows = trials[session]
KeyError: 'session-12'"""


@dataclass
class World:
    alice: Any
    bob: Any
    carol: Any
    olga: Any
    project: Any = None
    running: Any = None
    failed: Any = None
    error: Any = None
    design: Any = None
    facts: dict[str, Any] = field(default_factory=dict)


def inhabit(world: World) -> World:
    lab = world.alice.memberships.get().lab
    world.project = make.project(lab, "Memory and sleep", slug="memory")
    make.project(lab, "Contrast detection", slug="contrast")
    make.project(lab, "Pilot 2019", slug="pilot", archived_at=timezone.now())
    assert Project.objects.visible_to(world.alice).exists()
    work(world)
    world.design = planned(world)
    plan = studies.plan(world.project, world.alice)
    world.facts["plan"] = plan.pk
    kept = studies.design(plan, is_kept=True, origin="lab", label="Faces, best of June")
    world.facts["task_design"] = kept.pk
    trouble(world)
    upkeep()
    released()
    return world


def planned(world: World) -> Any:
    """Bring in a design that was made from a recipe."""
    plan = generator.generate(MENUS)
    made = {"format": "generated", "recipe": recipe_json.to_json(MENUS)}
    return designs.add_design(project=world.project, plan=plan, by=world.alice, **made)


def job(world: World, label: str, status: str, **fields: Any) -> Job:
    began = timezone.now() - timedelta(minutes=4)
    ended = None if status in {Status.QUEUED, Status.RUNNING} else began + timedelta(seconds=73)
    given = {
        "name": "ops.self_test",
        "label": label,
        "status": status,
        "project": world.project,
        "created_by": world.alice,
        "created_at": began - timedelta(seconds=4),
        "started_at": None if status == Status.QUEUED else began,
        "finished_at": ended,
        "attempts": 0 if status == Status.QUEUED else 1,
        "max_attempts": 3,
        "log_tail": LOG,
        "token": uuid.uuid4(),
        "heartbeat_at": timezone.now(),
        "release": settings.RELEASE,
    }
    return Job.objects.create(**given | fields)


def work(world: World) -> None:
    world.running = job(
        world,
        "Fit the learning curves of all sessions",
        Status.RUNNING,
        phase="Fitting sessions",
        message="session 13",
        done=13,
        total=40,
        pid=4711,
        host="deepthought",
    )
    world.failed = job(
        world,
        "Export of session 12",
        Status.FAILED,
        phase="Writing the table",
        traceback=TRACE,
        error="Session 12 has no trials. Upload its file again, then start this job again.",
    )
    job(world, "Power analysis for 48 participants", Status.SUCCEEDED, result={"power": 0.83})
    job(world, "Export of session 11", Status.CANCELLED)
    job(world, "Export of session 13", Status.QUEUED)
    Worker.objects.create(
        id="deepthought-4700",
        host="deepthought",
        boot="b",
        pid=4700,
        pid_started=1,
        release=settings.RELEASE,
        slots=2,
    )


def trouble(world: World) -> None:
    now = timezone.now()
    world.error = ErrorReport.objects.create(
        fingerprint="f1",
        kind="KeyError",
        message="'session-12'",
        place="lab.tasks.export_sessions",
        trace=TRACE,
        count=3,
        first_seen_at=now - timedelta(hours=5),
        last_seen_at=now,
        first_release="20260101T080000Z-3f2a91c0aa12",
        last_release=settings.RELEASE,
    )
    for minutes in (0, 20, 300):
        ErrorOccurrence.objects.create(
            report=world.error,
            at=now - timedelta(minutes=minutes),
            request_id=uuid.uuid4().hex,
            release=settings.RELEASE,
        )


def upkeep() -> None:
    now = timezone.now()
    for minutes in range(5):
        CronTick.objects.create(at=now - timedelta(minutes=minutes))
    for name, outcome in RUNS:
        CronRun.objects.create(
            job=name,
            started_at=now - timedelta(minutes=50),
            finished_at=now - timedelta(minutes=49),
            outcome=outcome,
            release=settings.RELEASE,
            host="deepthought",
            pid=12,
            message="The disk is full." if outcome == "failed" else "",
        )
    BackupRecord.objects.create(
        started_at=now - timedelta(hours=3),
        finished_at=now - timedelta(hours=3),
        outcome="kept",
        file="studium-1.dump",
        size=48_200_000,
        sha256="a" * 64,
        media_files=812,
        media_size=3_100_000_000,
        release=settings.RELEASE,
        checked_at=now,
        check_ok=True,
    )


def released() -> None:
    path = Path(settings.LEDGER)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    now = timezone.now()
    live = commit_of("The first release")
    for hours, outcome, subject in ATTEMPTS:
        ledger.append(path, attempt(now - timedelta(hours=hours), outcome, subject, live))
        live = commit_of(subject) if outcome == "live" else live


def commit_of(subject: str) -> str:
    return hashlib.sha1(subject.encode(), usedforsecurity=False).hexdigest()


def attempt(moment: Any, outcome: str, subject: str, live: str) -> dict[str, Any]:
    refused = outcome == "refused"
    return {
        "started": moment.isoformat(),
        "finished": (moment + timedelta(seconds=8)).isoformat(),
        "kind": "push",
        "outcome": outcome,
        "who": "carol@example.org",
        "site": "staging",
        "release": f"{moment:%Y%m%dT%H%M%SZ}-{commit_of(subject)[:12]}",
        "from": live,
        "to": commit_of(subject),
        "subject": subject,
        "commits": 3,
        "diffstat": DIFFSTAT,
        "migrations": {"early": ["lab.0012_water_per_week"], "late": [], "pending": []},
        "options": {},
        "steps": [{"name": name, "seconds": took} for name, took in STEPS],
        "reason": "The page /jobs/ answered 500: KeyError: 'status'" if refused else "",
        "log": "",
    }
