"""Where a run is in its protocol: one row that moves by conditional updates alone."""

from django.db import models

from experiments.flow import Place
from experiments.models.links import Link
from experiments.models.protocols import Revision
from runs.models import Run
from runs.models.participants import OfRunQuerySet


class Sitting(models.Model):
    """A run of a protocol, and the place where it is. ``place`` None: it is through.

    Where a lab's functions have a say, what was answered is stored first and ``pending`` says that
    the run is to move; whoever shows the next page asks them, one at a time by ``claimed_until``.
    """

    class Pending(models.TextChoices):
        HERE = "here", "To this place, if it is shown"
        ON = "on", "To the next place"
        LEAVE = "leave", "Out of the block"

    run = models.OneToOneField(Run, models.PROTECT, primary_key=True, related_name="sitting")
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="sittings")
    link = models.ForeignKey(Link, models.PROTECT, null=True, blank=True, related_name="sittings")
    position = models.PositiveIntegerField(default=0)
    place = models.JSONField(null=True, blank=True)
    progress = models.FloatField(default=0)
    pending = models.CharField(
        max_length=5, choices=Pending.choices, blank=True, default="", db_default=""
    )
    claimed_until = models.DateTimeField(null=True, blank=True)

    objects = OfRunQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.run)

    @property
    def at(self) -> Place | None:
        return place_of(self.place)


def place_of(stored: dict[str, list[int]] | None) -> Place | None:
    return Place(tuple(stored["indices"]), tuple(stored["passes"])) if stored else None


def stored(place: Place | None) -> dict[str, list[int]] | None:
    """Return a place as JSON holds it."""
    return None if place is None else {"indices": [*place.indices], "passes": [*place.passes]}
