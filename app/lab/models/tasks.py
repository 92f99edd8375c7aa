"""Steps of a pipeline of analysis, as programs on other machines report them."""

from typing import Any, ClassVar, Self

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Lab
from lab.models.actions import Session
from lab.models.data import Repository
from lab.models.recorded import Recorded
from lab.models.visibility import OfLabQuerySet


class TaskQuerySet(OfLabQuerySet["Task"]):
    """A task is seen with its session; one without is seen by the labs of its repository."""

    lab_path = "session__lab"
    projects_path = "session__projects"

    def within(self, labs: list[int], closed: list[int]) -> Self:
        of_session = super().within(labs, closed).filter(pk=models.OuterRef("pk"))
        shared = Repository.objects.filter(labs__lab__in=labs).values("pk")
        alone = Q(session=None, repository__in=shared)
        return self.filter(models.Exists(of_session.order_by()) | alone)


class Task(Recorded):
    class Status(models.IntegerChoices):
        WAITING = 20, "Waiting"
        HELD = 25, "Held"
        STARTED = 30, "Started"
        ERRORED = 40, "Errored"
        ABANDONED = 45, "Abandoned"
        EMPTY = 50, "Empty"
        INCOMPLETE = 55, "Incomplete"
        COMPLETE = 60, "Complete"

    name = models.CharField(max_length=64, blank=True, default="")
    session = models.ForeignKey(
        Session, models.CASCADE, related_name="tasks", null=True, blank=True
    )
    executable = models.CharField(max_length=255, blank=True, default="")
    graph = models.CharField(max_length=64, blank=True, default="")
    arguments = models.JSONField(null=True, blank=True)
    parents = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="children")
    repository = models.ForeignKey(
        Repository, models.SET_NULL, null=True, blank=True, related_name="tasks"
    )
    level = models.PositiveSmallIntegerField(default=0)
    priority = models.PositiveSmallIntegerField(default=0)
    cpu = models.PositiveSmallIntegerField("processor cores", default=1)
    gpu = models.PositiveSmallIntegerField("graphics processors", default=0)
    ram_gb = models.PositiveSmallIntegerField("memory (GB)", default=4)
    io_charge = models.PositiveSmallIntegerField(
        "share of disk and network (%)", null=True, blank=True
    )
    time_limit_s = models.PositiveIntegerField("time limit (s)", null=True, blank=True)
    elapsed_s = models.FloatField("took (s)", null=True, blank=True)
    status = models.PositiveSmallIntegerField(choices=Status.choices, default=Status.WAITING)
    log = models.TextField(blank=True, default="")
    version = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField(default=now)

    notes = GenericRelation("lab.Note")

    objects: ClassVar[Any] = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["-priority", "level", "-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "session", "arguments"], name="task_unique_in_session"
            ),
            models.UniqueConstraint(
                fields=["name", "session"],
                condition=Q(arguments=None),
                name="task_without_arguments_unique_in_session",
            ),
            models.UniqueConstraint(  # to a database, tasks of no session are all of another one
                fields=["name", "repository", "arguments"],
                condition=Q(session=None),
                name="task_unique_in_repository",
                violation_error_code="unique",
                violation_error_message="This repository has such a task already.",
            ),
        ]
        indexes = [models.Index(fields=["status", "-priority"], name="task_by_status")]

    def __str__(self) -> str:
        return f"{self.name} of {self.session}"

    @property
    def lab(self) -> Lab | None:
        return self.session.lab if self.session else None
