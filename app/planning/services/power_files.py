"""Getting the files of maps where the job reads them, and deleting them when they are unwanted."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from accounts import audit
from accounts.models import Project, User
from accounts.roles import Role
from common.errors import NotAllowed, NotThere
from planning import map_files
from planning.models import PilotMap
from planning.services import power_fetch, power_simulated, tending


def need_file(pilot: PilotMap) -> PilotMap:
    """Return a map whose file is here: fetched or simulated now, if it never was.

    Raises
    ------
    NotAMap
        It may not be fetched, or is none.
    AddressSilent
        It cannot be fetched now.
    """
    if pilot.digest or pilot.removed_at:
        return pilot
    digest, size = map_files.keep(_pieces(pilot))
    rows = PilotMap.objects.filter(pk=pilot.pk, digest="")
    rows.update(digest=digest, size_bytes=F("size_bytes") + size)
    pilot.refresh_from_db()
    return pilot


def _pieces(pilot: PilotMap) -> Iterable[bytes]:
    if pilot.source == PilotMap.Source.DEMO:
        return [power_simulated.content_of(pilot.source_address)]
    return power_fetch.fetcher().pieces(pilot.source_address)


def remove(*, pilot: PilotMap, by: User) -> None:
    """Delete a map's files for good; what was computed from them stays.

    Raises
    ------
    NotAllowed
        Somebody else brought it, and ``by`` does not lead its lab.
    """
    if not PilotMap.objects.editable_by(by).filter(pk=pilot.pk).exists():
        raise NotThere
    if not may_remove(by, pilot):
        raise NotAllowed(
            "Only whoever brought a map, or leads its lab, deletes its file.",
            remedy="Ask them to do so.",
        )
    with transaction.atomic():
        row = PilotMap.objects.filter(pk=pilot.pk, removed_at=None)
        if row.update(removed_at=now()):
            audit.record(action="planning.map_removed", user=by, on=pilot)
            transaction.on_commit(lambda: tending.forget_files(pilot.digest, pilot.mask_digest))


def may_remove(person: Any, pilot: PilotMap) -> bool:
    if pilot.created_by_id == person.pk:
        return True
    leading = Project.objects.with_role(person, Role.MANAGER)
    return bool(leading.filter(pk=pilot.project_id).exists())
