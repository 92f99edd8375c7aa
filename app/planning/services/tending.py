"""What is done from time to time: searches that ended without a word, and what served its time.

Nothing here computes, so that who calls it need not wait for NumPy.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

import jobs
from jobs.models import UNFINISHED
from planning import map_files
from planning.models import PilotMap, Search, TaskDesign

AT_ONCE = 500


@dataclass(frozen=True)
class Tended:
    """What was done, in numbers."""

    settled: int
    designs: int
    maps: int


def tend(*, at: datetime) -> Tended:
    return Tended(ask_to_settle(), expire_designs(at=at), expire_maps(at=at))


def left() -> Any:
    """Return searches none of whose islands is at work, and that nobody has ended."""
    at_work = Q(islands__finished_at=None, islands__job__status__in=UNFINISHED)
    busy = Search.objects.filter(at_work).values("pk")
    return Search.objects.filter(finished_at=None).exclude(pk__in=busy)


def ask_to_settle() -> int:
    """Have searches ended whose last process was killed before it could do so."""
    found = list(left().select_related("plan__project")[:AT_ONCE])
    for search in found:
        jobs.enqueue(
            "planning.settle",
            arguments={"search": str(search.pk)},
            project=search.plan.project,
            key=str(search.pk),
            label=f"End a search for designs of {search.plan}",
        )
    return len(found)


def expire_designs(*, at: datetime) -> int:
    """Delete the designs of old searches that nobody keeps; the searches stay, with their seeds."""
    old = Search.objects.filter(expires_at__lte=at).values("pk")
    rows = TaskDesign.objects.filter(search__in=old, is_kept=False)
    some = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    return TaskDesign.objects.filter(pk__in=some).delete()[0]


def expire_maps(*, at: datetime) -> int:
    """Delete the files of old pilot maps; what was computed from them stays."""
    rows = PilotMap.objects.filter(removed_at=None, expires_at__lte=at)
    found = list(rows.order_by("expires_at")[:AT_ONCE])
    return sum(remove_map(each, at=at) for each in found)


def remove_map(pilot: PilotMap, *, at: datetime) -> bool:
    """Delete the files of a map unless another map still has the same."""
    with transaction.atomic():
        if not PilotMap.objects.filter(pk=pilot.pk, removed_at=None).update(removed_at=at):
            return False
    forget_files(pilot.digest, pilot.mask_digest)
    return True


def forget_files(*digests: str) -> None:
    """Delete files that no map has any more."""
    for digest in filter(None, digests):
        same = Q(digest=digest) | Q(mask_digest=digest)
        if not PilotMap.objects.filter(same, removed_at=None).exists():
            map_files.remove(digest)
