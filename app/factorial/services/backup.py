"""One design in one file: what it plans, and all that was recorded of it, as it came.

A ZIP of JSON: `design.json` with the design and its file, `runs.jsonl` with one attempt to a line
(its trials with their raw texts and events), and `SHA256SUMS` of both.
"""

import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.forms import model_to_dict
from django.utils.timezone import now

from accounts import audit
from accounts.models import User
from factorial.models import Design, LogRun, PlannedRun, RunMark
from factorial.services.access import need_editable
from factorial.services.clearing import need_typed, runs_of
from runs.models import Event, Run, Trial, Variant, Visit

FORMAT = "studium-design/1"
# What opens a run, or says only something to this site.
SECRET = {"key_digest", "withdrawal_digest", "holder", "held_until"}
OF_RUN = [
    field.attname
    for field in Run._meta.concrete_fields  # noqa: SLF001  Django's public way to list columns
    if field.attname not in SECRET
]


def write(*, design: Design, to: Path, by: User | None, typed: str) -> int:
    """Write all of a design into a new file, which is there whole or not at all.

    Returns how many attempts it has.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    MustBeTyped
        The id of the design was not typed.
    """
    need_editable(design.project_id, by)
    need_typed(design, typed)
    half = to.with_name(f"{to.name}.half")
    try:
        with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
            count = _fill(archive, design)
        half.rename(to)
    finally:
        half.unlink(missing_ok=True)
    audit.record(action="design.backed-up", user=by, on=design, changes={"runs": [None, count]})
    return count


def _fill(archive: zipfile.ZipFile, design: Design) -> int:
    sums, count = [], 0
    plan = _text(_design(design)).encode()
    archive.writestr("design.json", plan)
    sums.append(f"{sha256(plan).hexdigest()}  design.json")
    hashed = sha256()
    with archive.open("runs.jsonl", "w", force_zip64=True) as file:
        for run in runs_of(design).order_by("created_at", "pk").iterator(chunk_size=100):
            line = f"{_text(_run(run))}\n".encode()
            file.write(line)
            hashed.update(line)
            count += 1
    sums.append(f"{hashed.hexdigest()}  runs.jsonl")
    archive.writestr("SHA256SUMS", "\n".join([*sums, ""]))
    return count


def _text(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def _design(design: Design) -> dict[str, Any]:
    facts = model_to_dict(design, exclude=["id", "lab", "project", "created_by"])
    planned = PlannedRun.objects.filter(design=design)
    return facts | {
        "format_of_this_file": FORMAT,
        "written_at": now(),
        "lab": design.lab.slug,
        "project": design.project.slug,
        "factors": [model_to_dict(each, exclude=["id", "design"]) for each in design.factors.all()],
        "measures": [
            model_to_dict(each, exclude=["id", "design"]) for each in design.measures.all()
        ],
        "runs": [_planned(each) for each in planned.prefetch_related("blocks")],
    }


def _planned(run: PlannedRun) -> dict[str, Any]:
    facts = model_to_dict(run, exclude=["id", "design"])
    blocks = [model_to_dict(each, exclude=["id", "planned_run"]) for each in run.blocks.all()]
    return facts | {"blocks": blocks}


def _run(run: Run) -> dict[str, Any]:
    log_run = LogRun.objects.filter(run=run).values("public_id", "name", "status", "last_number")
    marks = RunMark.objects.filter(run=run).values()
    return {name: getattr(run, name) for name in OF_RUN} | {
        "visits": [_visit(each) for each in Visit.objects.filter(run=run).order_by("position")],
        "events": list(Event.objects.filter(run=run).values()),
        "marks": list(marks),
        "log_run": log_run.first(),
    }


def _visit(visit: Visit) -> dict[str, Any]:
    facts = {"id": visit.pk, "position": visit.position, "step": visit.step,
             "content": visit.content, "served_at": visit.served_at}  # fmt: skip
    variants = Variant.objects.filter(visit=visit).values("index", "digest", "raw", "received_at")
    return facts | {"trials": list(_trials(visit)), "variants": list(variants)}


def _trials(visit: Visit) -> Iterator[dict[str, Any]]:
    rows = Trial.objects.filter(visit=visit).order_by("index").values(
        "index", "digest", "raw", "plugin", "sent_at", "received_at", "is_disputed",
        "within__count", "within__raw",
    )  # fmt: skip
    for row in rows.iterator(chunk_size=100):
        events = {"event_count": row.pop("within__count"), "events": row.pop("within__raw")}
        yield row | {name: value for name, value in events.items() if value is not None}
