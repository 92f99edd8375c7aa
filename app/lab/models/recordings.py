"""Where in the brain was recorded: probes, tracks, channels, imaging planes."""

from typing import Any, ClassVar

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Lab
from lab.models.actions import ActionQuerySet, ChronicRecording, Session
from lab.models.data import Dataset
from lab.models.lookups import CoordinateSystem, ImagingType, ProbeModel
from lab.models.recorded import Recorded
from lab.models.visibility import OfLabQuerySet

CORNERS = "A list of the corners' coordinates."


class BrainRegion(models.Model):
    """A node of an atlas; ``path`` holds the ids from the root, so that descendants share it."""

    id = models.IntegerField(primary_key=True)
    acronym = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    ontology = models.CharField(max_length=64, blank=True, default="")
    description = models.TextField(blank=True, default="")
    path = models.CharField(max_length=255, editable=False, default="", db_index=True)

    class Meta:
        ordering = ["path"]

    def __str__(self) -> str:
        return self.acronym

    def save(self, *args: Any, **kwargs: Any) -> None:
        above = self.parent.path if self.parent else "/"
        self.path = f"{above}{self.pk}/"
        super().save(*args, **kwargs)


class ChronicInsertionQuerySet(OfLabQuerySet["ChronicInsertion"]):
    lab_path = "recording__lab"
    projects_path = "recording__subject__projects"


class ChronicInsertion(Recorded):
    """A probe that stays in an animal over many sessions."""

    recording = models.OneToOneField(
        ChronicRecording, on_delete=models.CASCADE, related_name="insertion"
    )
    model = models.ForeignKey(ProbeModel, models.PROTECT, null=True, blank=True)
    serial = models.CharField(max_length=255, blank=True, default="")

    objects: ClassVar[Any] = ChronicInsertionQuerySet.as_manager()

    def __str__(self) -> str:
        return self.recording.name or self.serial

    @property
    def lab(self) -> Lab:
        return self.recording.lab


class ProbeInsertionQuerySet(ActionQuerySet["ProbeInsertion"]):
    lab_path = "session__lab"
    projects_path = "session__projects"


class ProbeInsertion(Recorded):
    session = models.ForeignKey(
        Session, models.CASCADE, related_name="probe_insertions", null=True, blank=True
    )
    name = models.CharField(max_length=255, blank=True, default="")
    model = models.ForeignKey(ProbeModel, models.PROTECT, null=True, blank=True)
    serial = models.CharField(max_length=255, blank=True, default="")
    datasets = models.ManyToManyField(Dataset, blank=True, related_name="probe_insertions")
    chronic_insertion = models.ForeignKey(
        ChronicInsertion, models.SET_NULL, null=True, blank=True, related_name="probe_insertions"
    )
    changed_at = models.DateTimeField(auto_now=True)

    notes = GenericRelation("lab.Note")

    objects: ClassVar[Any] = ProbeInsertionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["session", "name"], name="probe_unique_in_session")
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.session}"

    @property
    def lab(self) -> Lab | None:
        return self.session.lab if self.session else None


class TrajectoryQuerySet(OfLabQuerySet["TrajectoryEstimate"]):
    lab_path = "lab"
    projects_path = "probe_insertion__session__projects"
    other_projects_paths = ("chronic_insertion__recording__subject__projects",)


class TrajectoryEstimate(Recorded):
    """Where a probe went in, by one way of knowing it."""

    class Provenance(models.IntegerChoices):
        PLANNED = 10, "Planned"
        MICRO_MANIPULATOR = 30, "Micro-manipulator"
        HISTOLOGY = 50, "Histology track"
        ALIGNED = 70, "Ephys aligned histology track"

    probe_insertion = models.ForeignKey(
        ProbeInsertion, models.CASCADE, null=True, blank=True, related_name="trajectories"
    )
    chronic_insertion = models.ForeignKey(
        ChronicInsertion, models.CASCADE, null=True, blank=True, related_name="trajectories"
    )
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="+", null=True)
    provenance = models.PositiveSmallIntegerField(choices=Provenance.choices)
    coordinate_system = models.ForeignKey(CoordinateSystem, models.PROTECT, null=True, blank=True)
    x_um = models.FloatField("x (µm), right of bregma", null=True, blank=True)
    y_um = models.FloatField("y (µm), before bregma", null=True, blank=True)
    z_um = models.FloatField("z (µm), above bregma", null=True, blank=True)
    depth_um = models.FloatField("depth (µm)", null=True, blank=True)
    theta_deg = models.FloatField("polar angle (°)", null=True, blank=True)
    phi_deg = models.FloatField("azimuth (°)", null=True, blank=True)
    roll_deg = models.FloatField("roll (°)", null=True, blank=True)
    at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = TrajectoryQuerySet.as_manager()

    class Meta:
        ordering = ["-provenance"]
        verbose_name = "trajectory"
        verbose_name_plural = "trajectories"
        constraints = [
            models.UniqueConstraint(
                fields=["probe_insertion", "provenance"], name="trajectory_unique_for_insertion"
            ),
            models.UniqueConstraint(
                fields=["chronic_insertion", "provenance"],
                name="trajectory_unique_for_chronic_insertion",
            ),
            models.CheckConstraint(
                condition=Q(theta_deg=None) | Q(theta_deg__gte=0, theta_deg__lte=180),
                name="trajectory_polar_angle_is_within_0_and_180",
            ),
            models.CheckConstraint(
                condition=Q(phi_deg=None) | Q(phi_deg__gte=-180, phi_deg__lte=360),
                name="trajectory_azimuth_is_within_minus_180_and_360",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_provenance_display()} of {self.probe_insertion or self.chronic_insertion}"
        )


class ChannelQuerySet(OfLabQuerySet["Channel"]):
    lab_path = "trajectory__lab"
    projects_path = "trajectory__probe_insertion__session__projects"
    other_projects_paths = ("trajectory__chronic_insertion__recording__subject__projects",)


class Channel(Recorded):
    """One contact of a probe, and where in the brain it lay."""

    name = models.CharField(max_length=255, blank=True, default="")
    trajectory = models.ForeignKey(TrajectoryEstimate, models.CASCADE, related_name="channels")
    axial_um = models.FloatField("along the probe (µm)", null=True, blank=True)
    lateral_um = models.FloatField("across the probe (µm)", null=True, blank=True)
    x_um = models.FloatField(null=True, blank=True)
    y_um = models.FloatField(null=True, blank=True)
    z_um = models.FloatField(null=True, blank=True)
    brain_region = models.ForeignKey(
        BrainRegion, models.PROTECT, null=True, blank=True, related_name="channels"
    )

    objects: ClassVar[Any] = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ["axial_um", "lateral_um"]
        constraints = [
            models.UniqueConstraint(
                fields=["axial_um", "lateral_um", "trajectory"], name="channel_unique_on_trajectory"
            )
        ]

    def __str__(self) -> str:
        place = "a channel" if self.axial_um is None else f"{self.axial_um:g} µm"
        return f"{place} on {self.trajectory}"

    @property
    def lab(self) -> Lab | None:
        return self.trajectory.lab


class ImagingStack(Recorded):
    """Planes that were imaged together, one above the other."""

    name = models.CharField(max_length=255, blank=True, default="")

    def __str__(self) -> str:
        return self.name or str(self.pk)


class FieldOfViewQuerySet(OfLabQuerySet["FieldOfView"]):
    lab_path = "session__lab"
    projects_path = "session__projects"


class FieldOfView(Recorded):
    session = models.ForeignKey(
        Session, models.CASCADE, related_name="fields_of_view", null=True, blank=True
    )
    name = models.CharField(max_length=255, blank=True, default="")
    imaging_type = models.ForeignKey(ImagingType, models.PROTECT, null=True, blank=True)
    stack = models.ForeignKey(
        ImagingStack, models.SET_NULL, null=True, blank=True, related_name="slices"
    )
    datasets = models.ManyToManyField(Dataset, blank=True, related_name="fields_of_view")

    notes = GenericRelation("lab.Note")

    objects: ClassVar[Any] = FieldOfViewQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = "field of view"
        verbose_name_plural = "fields of view"
        constraints = [
            models.UniqueConstraint(
                fields=["session", "name"], name="field_of_view_unique_in_session"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.session}"

    @property
    def lab(self) -> Lab | None:
        return self.session.lab if self.session else None


class FieldOfViewLocationQuerySet(OfLabQuerySet["FieldOfViewLocation"]):
    lab_path = "field_of_view__session__lab"
    projects_path = "field_of_view__session__projects"


class FieldOfViewLocation(Recorded):
    """Where an imaging plane lies, by one way of knowing it: 4 corners, or 8 of a volume."""

    class Provenance(models.TextChoices):
        ESTIMATE = "E", "Estimate"
        FUNCTIONAL = "F", "Functional"
        LANDMARK = "L", "Landmark"
        HISTOLOGY = "H", "Histology"

    NUMBERS_OF_CORNERS: ClassVar = (4, 8)

    field_of_view = models.ForeignKey(FieldOfView, models.CASCADE, related_name="locations")
    name = models.CharField(max_length=255, blank=True, default="")
    provenance = models.CharField(max_length=1, choices=Provenance.choices)
    is_default = models.BooleanField("default provenance", default=False)
    coordinate_system = models.ForeignKey(CoordinateSystem, models.PROTECT, null=True, blank=True)
    x = models.JSONField(null=True, blank=True, help_text=CORNERS)
    y = models.JSONField(null=True, blank=True, help_text=CORNERS)
    z = models.JSONField(null=True, blank=True, help_text=CORNERS)
    n_xyz = models.JSONField("pixels in x, y and z", null=True, blank=True)
    brain_regions = models.ManyToManyField(BrainRegion, blank=True, related_name="locations")
    changed_at = models.DateTimeField(default=now)

    objects: ClassVar[Any] = FieldOfViewLocationQuerySet.as_manager()

    class Meta:
        ordering = ["provenance"]
        verbose_name = "location of a field of view"
        verbose_name_plural = "locations of fields of view"
        constraints = [
            models.UniqueConstraint(
                fields=["field_of_view", "provenance"], name="location_unique_for_provenance"
            ),
            models.UniqueConstraint(
                fields=["field_of_view"],
                condition=Q(is_default=True),
                name="field_of_view_has_one_default_location",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_provenance_display()} of {self.field_of_view}"

    @property
    def lab(self) -> Lab | None:
        return self.field_of_view.lab
