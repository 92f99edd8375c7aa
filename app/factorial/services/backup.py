"""One design in one file: what it plans, and all that was recorded of it, as it came.

A ZIP of JSON: `design.json` with the design and its file, `runs.jsonl` with one attempt to a line
(its trials with their raw texts and events), and `SHA256SUMS` of both.
"""

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, cast

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
AT_ONCE = 100  # attempts looked up at once
# What opens a run, or says only something to this site.
SECRET = {"key_digest", "withdrawal_digest", "holder", "held_until"}
OF_RUN = [
    field.attname
    for field in Run._meta.concrete_fields  # noqa: SLF001  Django's public way to list columns
    if field.attname not in SECRET
]


class _Outlet:
    """A file that is emptied by whoever sends it on; it cannot be wound back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        return len(part)

    def flush(self) -> None:
        """Do nothing: all that was written is there."""

    def taken(self) -> bytes:
        found, self._parts = b"".join(self._parts), []
        return found


@dataclass(frozen=True)
class Pack:
    """A backup that is written while it is read; ``count`` is how many attempts it has."""

    count: int
    chunks: Iterator[bytes]


def pack(*, design: Design, by: User | None, typed: str) -> Pack:
    """Back all of a design up, piece by piece: a few hundred trials are in memory.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    MustBeTyped
        The id of the design was not typed.
    """
    need_editable(design.project_id, by)
    need_typed(design, typed)
    keys = list(runs_of(design).order_by("created_at", "pk").values_list("pk", flat=True))
    told = {"runs": [None, len(keys)]}
    audit.record(action="design.backed-up", user=by, on=design, changes=told)
    return Pack(len(keys), _chunks(design, keys))


def write(*, design: Design, to: Path, by: User | None, typed: str) -> int:
    """Write a backup into a new file, which is there whole or not at all.

    Returns how many attempts it has. Refuses what `pack` refuses.
    """
    packed = pack(design=design, by=by, typed=typed)
    half = to.with_name(f"{to.name}.half")
    try:
        with half.open("wb") as file:
            file.writelines(packed.chunks)
        half.rename(to)
    finally:
        half.unlink(missing_ok=True)
    return packed.count


def _chunks(design: Design, keys: Sequence[Any]) -> Iterator[bytes]:
    out = _Outlet()
    with zipfile.ZipFile(cast("IO[bytes]", out), "w", zipfile.ZIP_DEFLATED) as archive:
        plan, hashed = _text(_design(design)).encode(), sha256()
        archive.writestr("design.json", plan)
        yield out.taken()
        with archive.open("runs.jsonl", "w", force_zip64=True) as file:
            for line in _lines(keys):
                file.write(line)
                hashed.update(line)
                yield out.taken()
        archive.writestr("SHA256SUMS", _sums(plan, hashed.hexdigest()))
    yield out.taken()


def _sums(plan: bytes, runs: str) -> str:
    return f"{sha256(plan).hexdigest()}  design.json\n{runs}  runs.jsonl\n"


def _lines(keys: Sequence[Any]) -> Iterator[bytes]:
    """Return each attempt as a line; one that was deleted meanwhile has none."""
    for start in range(0, len(keys), AT_ONCE):
        rows = Run.objects.filter(pk__in=keys[start : start + AT_ONCE])
        for run in rows.order_by("created_at", "pk"):
            yield f"{_text(_run(run))}\n".encode()


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
        "index", "digest", "raw", "plugin", "onset_ms", "end_ms", "sent_at", "received_at",
        "is_disputed",
        "within__count", "within__raw",
    )  # fmt: skip
    for row in rows.iterator(chunk_size=100):
        events = {"event_count": row.pop("within__count"), "events": row.pop("within__raw")}
        yield row | {name: value for name, value in events.items() if value is not None}
