"""A design as it was imported, and the runs that it hands out."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.timezone import now

from accounts.models import Lab, Project
from runs.models import Run, Visit
from runs.models.participants import OfProjectQuerySet

HANDED_BACK_AFTER = 90  # s without a word from whoever holds a run
LEFT_AFTER = timedelta(minutes=15)  # since then, with nothing done: instructions may be long


class Design(models.Model):
    """A factorial design. ``digest`` is the hash of its factors and measures, without its runs.

    So runs can be added later, and rows that point to the digest still say what they were rows of;
    what a run plans is pinned by the run's own digest. ``document`` is the file as it came.
    """

    class Format(models.TextChoices):
        XML = "xml", "TouchStone"
        TSL = "tsl", "TSL"
        CSV = "csv", "Table of trials"
        GENERATED = "generated", "Made here"
        NAMED = "named", "Named by a client, without a plan"

    lab = models.ForeignKey(Lab, models.PROTECT, related_name="designs")
    project = models.ForeignKey(Project, models.PROTECT, related_name="designs")
    code = models.CharField(max_length=255)
    name = models.CharField(max_length=255, blank=True, default="")
    author = models.CharField(max_length=255, blank=True, default="")
    description = models.TextField(blank=True, default="")
    format = models.CharField(max_length=10, choices=Format.choices, default=Format.XML)
    digest = models.CharField(max_length=64)
    document = models.TextField(blank=True, default="")
    recipe = models.JSONField(
        default=dict, blank=True, help_text="What a design that was made here was made from."
    )
    warnings = models.JSONField(default=list, blank=True)

    has_fixed_measures = models.BooleanField(
        default=False, help_text="Values that the design does not declare are flagged."
    )
    is_pilot = models.BooleanField(
        default=False,
        help_text="Runs begun now are pilots: anybody may take them, and they can be purged.",
    )
    is_open = models.BooleanField(default=True, help_text="Participants may begin runs.")
    lease_seconds = models.PositiveIntegerField(default=HANDED_BACK_AFTER)

    created_at = models.DateTimeField(default=now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["lab", "code"], name="design_code_unique_in_lab"),
            models.CheckConstraint(condition=~Q(code=""), name="design_has_a_code"),
            models.CheckConstraint(
                condition=Q(lease_seconds__gte=5), name="design_lease_lasts_a_while"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.code


class OfDesignQuerySet(OfProjectQuerySet):
    project_path = "design__project"


class Factor(models.Model):
    """What a design varies. ``values`` are its levels in the file's order: id and name of each."""

    design = models.ForeignKey(Design, models.CASCADE, related_name="factors")
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=255)
    name = models.CharField(max_length=255, blank=True, default="")
    kind = models.CharField(max_length=60, blank=True, default="")
    type = models.CharField(max_length=60, blank=True, default="")
    tag = models.CharField(max_length=60, blank=True, default="")
    default = models.CharField(max_length=255, blank=True, default="")
    values = models.JSONField(default=list)

    objects = OfDesignQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["design", "code"], name="factor_code_unique_in_design")
        ]

    def __str__(self) -> str:
        return self.name or self.code


class Measure(models.Model):
    """What a design logs; one that a client reported unasked is marked as not declared."""

    design = models.ForeignKey(Design, models.CASCADE, related_name="measures")
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=255)
    name = models.CharField(max_length=255, blank=True, default="")
    type = models.CharField(max_length=60, blank=True, default="")
    at_trial = models.BooleanField(default=True)
    at_event = models.BooleanField(default=False)
    is_declared = models.BooleanField(default=True)

    objects = OfDesignQuerySet.as_manager()

    class Meta:
        ordering = ["position", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["design", "code"], name="measure_code_unique_in_design"
            ),
            models.CheckConstraint(
                condition=Q(at_trial=True) | Q(at_event=True), name="measure_is_logged_somewhere"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.code


def left_runs(at: datetime) -> "models.QuerySet[Run]":
    """Return the attempts that somebody has let go, or has not come back to for long."""
    left = Q(held_until__lte=at - LEFT_AFTER) | Q(holder="")
    return Run.objects.filter(left, status__in=Run.OPEN, log_run=None)


class PlannedRunQuerySet(OfDesignQuerySet):
    def free(self, at: datetime) -> Self:
        """Return the runs that nobody is offered or does, or that were put aside.

        One in which nothing was done is free again when it was let go, or has long been left.
        """
        fresh = Q(offered_until=None) | Q(offered_until__lte=at)
        nobodys = Q(run=None) | Q(Exists(left_runs(at).filter(pk=OuterRef("run"))), done=0)
        return self.filter(fresh, nobodys, put_aside_at=None, trial_count__gt=0)

    def at_hand(self) -> Self:
        """Read the design and the attempt along, without the design's file."""
        whole = self.select_related("design__project", "run")
        return whole.defer("design__document", "design__recipe", "design__warnings")


class PlannedRun(models.Model):
    """One run of a design, and the attempt at it that counts.

    ``done`` is how many of its trials are stored one after another from the first; it moves in the
    transaction that stores them. Somebody who asks for a run is offered it until `offered_until`.
    """

    design = models.ForeignKey(Design, models.PROTECT, related_name="planned_runs")
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    instructions = models.JSONField(default=list, blank=True)
    block_count = models.PositiveIntegerField(default=0)
    trial_count = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    offered_until = models.DateTimeField(null=True, blank=True)
    offered_at = models.DateTimeField(null=True, blank=True)
    run = models.OneToOneField(
        Run, models.PROTECT, related_name="planned_run", null=True, blank=True
    )
    put_aside_at = models.DateTimeField(null=True, blank=True)
    put_aside_because = models.TextField(blank=True, default="")

    objects = PlannedRunQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["design", "code"], name="planned_run_code_unique_in_design"
            ),
            models.UniqueConstraint(
                fields=["design", "position"], name="planned_run_position_unique_in_design"
            ),
            models.CheckConstraint(
                condition=Q(done__lte=models.F("trial_count")), name="planned_run_done_fits"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class BlockQuerySet(OfProjectQuerySet):
    project_path = "planned_run__design__project"

    def with_visit(self) -> Self:
        """Tell of each block the showing of it in the attempt that counts, as ``visit``."""
        return self.annotate(visit=Subquery(_shown().values("pk")[:1]))

    def with_shown(self) -> Self:
        """Tell what that showing says of itself, as ``shown``."""
        return self.annotate(shown=Subquery(_shown().values("content")[:1]))


def _shown() -> models.QuerySet[Visit]:
    shown: models.QuerySet[Visit] = Visit.objects.filter(run__planned_run=OuterRef("planned_run"))
    return shown.filter(position=OuterRef("number"))


class Block(models.Model):
    """One block of a planned run: what all its trials share, and what each has of its own.

    Numbers count from 0 in the file's order, practice included; ``measured_number`` counts those
    without practice. ``trials`` has one object of factor → value for each. ``facts`` are the file's
    own number and total, its class, its end condition and the instructions before it.
    """

    planned_run = models.ForeignKey(PlannedRun, models.CASCADE, related_name="blocks")
    number = models.PositiveIntegerField()
    measured_number = models.PositiveIntegerField(null=True, blank=True)
    is_practice = models.BooleanField(default=False)
    first_trial = models.PositiveIntegerField(help_text="How many trials of the run come before.")
    trial_count = models.PositiveIntegerField()
    values = models.JSONField(default=dict)
    trials = models.JSONField(default=list)
    facts = models.JSONField(default=dict, blank=True)

    objects = BlockQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["planned_run", "number"], name="block_number_unique_in_run"
            )
        ]

    def __str__(self) -> str:
        return f"block {self.number}"


class RunMark(models.Model):
    """What somebody of the lab decided about a run, a block or a trial; nothing is deleted by it.

    A mark without a block is about the whole run, one without a trial about the whole block.
    """

    class Kind(models.TextChoices):
        NOTE = "note", "Note"
        EXCLUDED = "excluded", "Excluded"
        SKIPPED = "skipped", "Skipped"
        REDONE = "redone", "To be done again"

    run = models.ForeignKey(Run, models.PROTECT, related_name="marks")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    block = models.PositiveIntegerField(null=True, blank=True)
    trial = models.PositiveIntegerField(null=True, blank=True)
    reason = models.TextField()
    made_at = models.DateTimeField(default=now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["made_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="mark_has_a_reason"),
            models.CheckConstraint(
                condition=Q(trial=None) | Q(block__isnull=False), name="mark_of_a_trial_has_a_block"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reason}"


class ClientImports(models.Model):
    """Where designs go that clients of 2020 bring in by themselves; other labs take none of them.

    Those clients have no account: whoever reaches the site can do it while this is switched on.
    """

    lab = models.OneToOneField(Lab, models.PROTECT, related_name="client_imports")
    project = models.ForeignKey(Project, models.PROTECT, related_name="+")
    since = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "client imports"

    def __str__(self) -> str:
        return f"{self.lab}: into {self.project}"
