"""The islands of a search, each a job of its own, and the letters that tell of it."""

from typing import Any, Self

from django.conf import settings
from django.db import models

from jobs.models import Job
from planning.models.designs import OfPlanQuerySet, Search


class OfSearchQuerySet(OfPlanQuerySet):
    project_path = "search__plan__project"


class Island(models.Model):
    """One part of a search: the pieces of work whose number leaves ``number`` over.

    ``pieces_done`` of its pieces are done, and ``best`` has the designs that they led to, so what
    is stored here is all that another attempt needs.
    """

    search = models.ForeignKey(Search, models.CASCADE, related_name="islands")
    number = models.PositiveSmallIntegerField()
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    pieces_done = models.PositiveIntegerField(default=0)
    since_gain = models.PositiveIntegerField(default=0)
    scales = models.JSONField(null=True, blank=True)
    best = models.JSONField(default=list, blank=True)
    worth = models.FloatField(null=True, blank=True)
    history = models.JSONField(default=list, blank=True)
    writes = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=10, choices=Search.Outcome, blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = OfSearchQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["search", "number"], name="island_number_unique_in_search"
            )
        ]

    def __str__(self) -> str:
        return f"{self.search}, island {self.number + 1}"


class SearchLetter(models.Model):
    """A letter about a search: one of each kind, whatever is done twice."""

    class Kind(models.TextChoices):
        BEGAN = "began", "It has begun"
        ENDED = "ended", "It has ended"

    search = models.ForeignKey(Search, models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=5, choices=Kind)
    posted_at = models.DateTimeField(auto_now_add=True)
    held_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = OfSearchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["search", "kind"], name="search_letter_of_each_kind")
        ]

    def __str__(self) -> str:
        return f"{self.search}: {self.get_kind_display()}"


class OwnQuerySet(models.QuerySet[Any]):
    """Rows that nobody but the person whom they are about sees or changes."""

    def visible_to(self, user: Any) -> Self:
        return self.filter(person=user.pk)

    def editable_by(self, user: Any) -> Self:
        return self.visible_to(user)


class Habit(models.Model):
    """What somebody wants by default when they plan."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="planning_habit"
    )
    tells_by_mail = models.BooleanField(default=False)

    objects = OwnQuerySet.as_manager()

    def __str__(self) -> str:
        return f"What {self.person} wants"
