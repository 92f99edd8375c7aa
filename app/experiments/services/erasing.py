"""What stays of an erased run in this area, emptied of what tells of the person."""

from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now

from experiments.models import Arrival, Link, Member, Sitting
from experiments.services import handing_back
from experiments.services.groups.erasing import empty
from runs.services import erasure


def _empty_sittings(rows: QuerySet[Any]) -> None:
    """Keep which revision it was of; a link for one person says who it was."""
    rows.update(place=None, progress=0)
    rows.exclude(link__kind__in=[Link.Kind.OPEN, Link.Kind.PREVIEW]).update(link=None)


def _close_links(rows: QuerySet[Any]) -> None:
    """Let nobody begin by a link that was made for an erased participant."""
    rows.filter(revoked_at=None).update(revoked_at=now())
    rows.update(label="")


def register() -> None:
    erasure.keep(Sitting, _empty_sittings)
    erasure.keep(Link, _close_links)
    erasure.keep(Member, empty)
    erasure.keep(Arrival, handing_back.forget)
