"""Maps of pilots and questions to them, as people bring and ask them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings as site
from django.db import transaction
from django.utils.timezone import now

import jobs
from accounts import audit
from accounts.models import Project, User
from fmriplan.power.analysis import Settings
from planning import map_files
from planning.errors import MapGone, QuotaUsed
from planning.models import PilotMap, PowerAnalysis
from planning.numbers import power as numbers
from planning.services import quotas, tending
from planning.services.access import need_editable


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A map as somebody brings it: their words about it, and where its file comes from.

    ``address`` is where the file is to be fetched, or the name of what is to be simulated; then
    there are no ``pieces``, and the job gets the file.
    """

    name: str
    participants: int
    kind: str = PilotMap.Kind.Z
    groups: int = 1
    source: str = PilotMap.Source.UPLOAD
    address: str = ""
    pieces: Iterable[bytes] = ()
    mask: Iterable[bytes] | None = None


def bring(*, project: Project, brought: Brought, by: User | None) -> PilotMap:
    """Keep a map; the same one twice in a project stays one.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    NotAMap, QuotaUsed
        A file is empty or too large, or there is no room for it; nothing is kept.
    """
    need_editable(project.pk, by)
    is_here = brought.source == PilotMap.Source.UPLOAD
    digest, size = map_files.keep(brought.pieces) if is_here else ("", 0)
    mask, mask_size = map_files.keep(brought.mask) if brought.mask else ("", 0)
    identity = {"digest": digest} if is_here else {}
    with _files_of(digest, mask), transaction.atomic():
        pilot, is_new = PilotMap.objects.get_or_create(
            **identity,
            project=project,
            mask_digest=mask,
            kind=brought.kind,
            participants=brought.participants,
            groups=brought.groups,
            source_address=brought.address,
            removed_at=None,
            defaults={
                "name": brought.name,
                "source": brought.source,
                "size_bytes": size + mask_size,
                "created_by": by,
                "expires_at": _end(),
            },
        )
        if is_new:
            if by:
                quotas.need_room_for_map(pilot=pilot, by=by)
            audit.record(action="planning.map_brought", user=by, on=pilot)
    return pilot


@contextmanager
def _files_of(*digests: str) -> Iterator[None]:
    """Delete the files of a map that was refused."""
    try:
        yield
    except QuotaUsed:
        tending.forget_files(*digests)
        raise


def _end() -> Any:
    days = site.PLANNING_KEPT_DAYS
    return now() + timedelta(days=days) if days else None


def ask(*, pilot: PilotMap, settings: Settings, by: User | None) -> PowerAnalysis:
    """Return the answer to a question, there already or being computed from now on.

    Raises
    ------
    MapGone
        It was not asked before, and the map's file is deleted.
    """
    need_editable(pilot.project_id, by)
    with transaction.atomic():
        analysis = _asked(pilot, settings, by)
        _open_again(analysis, pilot)
        if _needs_work(analysis):
            analysis.job = jobs.enqueue(
                "planning.analyse",
                arguments={"analysis": str(analysis.pk)},
                project=pilot.project,
                user=by,
                key=f"{analysis.pk}:{analysis.job_id or ''}",  # another try, another job
                label=f"Power analysis of {pilot}",
            )
            analysis.save(update_fields=["job"])
    return analysis


def _asked(pilot: PilotMap, settings: Settings, by: User | None) -> PowerAnalysis:
    files = [pilot.source_address or pilot.digest, pilot.mask_digest]
    question = numbers.question(files, settings, pilot.kind)
    known = pilot.analyses.select_related("job").filter(question=question).first()
    if known is None and pilot.removed_at:
        raise MapGone
    if known:
        first: PowerAnalysis = known
        return first
    chosen = {"chosen": numbers.as_chosen(settings), "created_by": by}
    made: PowerAnalysis
    made, is_new = pilot.analyses.get_or_create(question=question, defaults=chosen)
    if is_new:
        changes = {"settings": [None, made.chosen]}
        audit.record(action="planning.power_asked", user=by, on=pilot, changes=changes)
    return made


def _open_again(analysis: PowerAnalysis, pilot: PilotMap) -> None:
    """Take a refusal back where the map itself never came: it may come now."""
    if analysis.finished_at and not pilot.digest and not pilot.removed_at:
        analysis.finished_at, analysis.refusal = None, ""
        analysis.save(update_fields=["finished_at", "refusal"])


def _needs_work(analysis: PowerAnalysis) -> bool:
    """Say whether nothing has answered, and nothing is about to."""
    if analysis.finished_at:
        return False
    return analysis.job is None or analysis.job.finished
