"""Brain regions as a tree, and what was recorded in them."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from lab.models import BrainRegion, Channel, FieldOfViewLocation, TrajectoryEstimate

ALIGNED = TrajectoryEstimate.Provenance.ALIGNED
HISTOLOGY = TrajectoryEstimate.Provenance.HISTOLOGY
LARGEST = 2**31 - 1  # id of a region
VOID = 0  # the root of Alyx's table, which is no part of the brain


def ids_of(path: str) -> list[int]:
    """Return the regions from the root to the one whose path it is."""
    return [int(word) for word in path.strip("/").split("/") if word]


def with_descendants(found: QuerySet[BrainRegion]) -> list[int]:
    """Return the ids of the regions and of all that lies in them."""
    wanted = set(found.order_by().values_list("pk", flat=True))
    if not wanted:
        return []
    everything = BrainRegion.objects.order_by().values_list("pk", "path")
    return [key for key, path in everything if not wanted.isdisjoint(ids_of(path))]


def named(text: str) -> BrainRegion | None:
    """Return the region of an id or an acronym."""
    by_id = Q(pk=int(text)) if text.isascii() and text.isdigit() and len(text) <= 9 else Q(pk=None)  # noqa: PLR2004
    return BrainRegion.objects.filter(by_id | Q(acronym=text)).first()


def channels_in(regions: Iterable[int]) -> QuerySet[Any]:
    """Return the channels in the regions, on the best known track of each probe.

    That is the one aligned with the electrophysiology, or else the one seen in histology.
    """
    aligned = TrajectoryEstimate.objects.filter(provenance=ALIGNED)
    better = Exists(
        aligned.filter(probe_insertion=OuterRef("trajectory__probe_insertion"))
    ) | Exists(aligned.filter(chronic_insertion=OuterRef("trajectory__chronic_insertion")))
    best = Q(trajectory__provenance=ALIGNED) | Q(trajectory__provenance=HISTOLOGY) & ~Q(better)
    rows: QuerySet[Any] = Channel.objects.filter(best, brain_region__in=list(regions))
    return rows.order_by()


def places_in(regions: Iterable[int]) -> QuerySet[Any]:
    """Return the default places of the imaging planes that lie in the regions."""
    through = FieldOfViewLocation.brain_regions.through.objects
    there = through.filter(brainregion__in=list(regions)).values("fieldofviewlocation")
    rows: QuerySet[Any] = FieldOfViewLocation.objects.filter(pk__in=there, is_default=True)
    return rows.order_by()


def related_descriptions(rows: Sequence[BrainRegion]) -> dict[int, list[dict[str, Any]]]:
    """Return for each region what is written of those above and below it, in one query."""
    if not rows:
        return {}
    told = [
        (ids_of(path), {"id": key, "name": name, "description": text, "level": path.count("/") - 2})
        for key, name, text, path in BrainRegion.objects.exclude(description="").values_list(
            "pk", "name", "description", "path"
        )
    ]
    return {
        row.pk: [
            entry for ids, entry in told
            if entry["id"] != row.pk and (row.pk in ids or entry["id"] in ids_of(row.path))
        ]
        for row in rows
    }  # fmt: skip
